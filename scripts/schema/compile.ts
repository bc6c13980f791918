// npm run schema -- [DIRECTORY [OUT]]: compiles the Broadband Forum's XML into datamodel/tr181.bin and datamodel/tables/.
// DIRECTORY (or TANDEM_BBF) holds tr-181-2-usp.xml, tr-181-2-cwmp.xml and what they import, by unversioned names; and, for the table of
// TR-104, tr-104-2-0-2-usp.xml, tr-104-2-0-2-cwmp.xml and tr-104-2-0-3-common.xml as published.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { compileDeleted, compileSchema, compileVoice } from './compile-schema.ts';

const directory = process.argv[2] ?? process.env.TANDEM_BBF;
if (!directory) {
  console.error('usage: npm run schema -- DIRECTORY [OUT]');
  process.exit(2);
}
const out = resolve(process.argv[3] ?? 'datamodel');
mkdirSync(join(out, 'tables'), { recursive: true });
const write = (name: string, table: Buffer): void => {
  writeFileSync(join(out, name), table);
  console.log(`${join(out, name)}: ${table.length} bytes`);
};
write('tr181.bin', compileSchema(directory));
write('tables/deleted.bin', compileDeleted(directory));
if (readdirSync(directory).some((name) => name.startsWith('tr-104-')))
  write('tables/tr104.bin', compileVoice(directory));
