export { Meter } from './meter.ts';
export { Service, type ServiceOptions, startService } from './service.ts';
