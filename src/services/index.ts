export { publishBusApi, type StatusPart } from './bus-api.ts';
