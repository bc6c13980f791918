export { bootCause } from './boot-cause.ts';
export { type BootstrapParts, bootstrap } from './bootstrap.ts';
export { publishBusApi, type StatusPart } from './bus-api.ts';
export { checkMappings } from './check-mappings.ts';
export { declareDeviceCommands } from './device-commands.ts';
export { readFacts } from './facts.ts';
export { type OnDemandParts, startOnDemand } from './on-demand.ts';
export { Probation, type ProbationParts } from './probation.ts';
export { readSettings, type Settings } from './settings.ts';
