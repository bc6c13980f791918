export {
  fillInstances,
  instancesOf,
  isConcrete,
  leafNameOf,
  objectPathOf,
  parentObjectPath,
  schemaPathOf,
  tablePathOf,
  toSchemaPath,
} from './concrete.ts';
export { formatPath, formatSegments } from './format.ts';
export { parsePath, pathLimits } from './parse.ts';
export type * from './types.ts';
