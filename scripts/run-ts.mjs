// node scripts/run-ts.mjs FILE [ARG…]: bundles a TypeScript file of the project in memory and runs it on plain Node.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const [file, ...args] = process.argv.slice(2);
if (!file) {
  console.error('usage: node scripts/run-ts.mjs FILE [ARG…]');
  process.exit(2);
}
const out = await build({
  entryPoints: [resolve(file)],
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  packages: 'external',
  write: false,
  sourcemap: 'inline',
});
// Inside the checkout, so that bare package names still resolve.
const directory = mkdtempSync(join(import.meta.dirname, '..', 'node_modules', '.run-ts-'));
process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
const bundle = join(directory, 'main.mjs');
writeFileSync(bundle, out.outputFiles[0].contents);
process.argv = [process.argv[0], resolve(file), ...args];
await import(pathToFileURL(bundle).href);
