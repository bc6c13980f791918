export type * from './api.ts';
export { createDataModel, type MappingText } from './create.ts';
export { DataModel, type DataModelPorts } from './engine/data-model.ts';
export type { MappingProblem } from './mapping/grammar.ts';
export { leafNameOf, objectPathOf, parentObjectPath, tablePathOf, toSchemaPath } from './path/index.ts';
export { checkValue } from './validate/index.ts';
