import { fixed32, map, table, text } from './table.ts';

/** What a command returned; responses and notifications have the same. */
export const outputArgs = table('OutputArgs', [map(1, 'outputArgs')]);
export const commandFailure = table('CommandFailure', [fixed32(1, 'errCode'), text(2, 'errMsg')]);
