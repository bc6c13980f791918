// npm run schema -- [DIRECTORY [OUT]]: compiles the Broadband Forum's Device:2 XML into datamodel/tr181.bin.
// DIRECTORY (or TANDEM_BBF) holds tr-181-2-usp.xml, tr-181-2-cwmp.xml and what they import, by unversioned names.
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { compileSchema } from './compile-schema.ts';

const directory = process.argv[2] ?? process.env.TANDEM_BBF;
if (!directory) {
  console.error('usage: npm run schema -- DIRECTORY [OUT]');
  process.exit(2);
}
const out = resolve(process.argv[3] ?? 'datamodel/tr181.bin');
const table = compileSchema(directory);
writeFileSync(out, table);
console.log(`${out}: ${table.length} bytes`);
