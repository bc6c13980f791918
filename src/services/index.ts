export { publishBusApi, type StatusPart } from './bus-api.ts';
export { declareDeviceCommands } from './device-commands.ts';
