export * from './codec.ts';
export { Controller, type ControllerAnswer, type ControllerOptions, startController } from './controller.ts';
export { type ControllerEvent, formatControllerEvent } from './events.ts';
