export { layerSchemas } from './layer.ts';
export { openSchema } from './open.ts';
export type * from './types.ts';
