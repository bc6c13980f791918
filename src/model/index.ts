export type * from './api.ts';
export { compileMappings, createDataModel, type MappingText } from './create.ts';
export { type AppliedWrite, DataModel, type DataModelPorts, type StateChange } from './engine/data-model.ts';
export type { ReplacedPackage, ReplacedPackages } from './engine/transaction.ts';
export type { DeviceFacts } from './mapping/condition.ts';
export type { MappingProblem } from './mapping/grammar.ts';
export { leafNameOf, objectPathOf, parentObjectPath, tablePathOf, toSchemaPath } from './path/index.ts';
export { openSchema } from './schema/index.ts';
export { checkValue } from './validate/index.ts';
