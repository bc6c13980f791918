// The import rules of docs/ARCHITECTURE.md: down only, through the door, no cycles, Node's I/O in the platform and the lab.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = process.argv[2] ? resolve(process.argv[2]) : resolve(dirname(fileURLToPath(import.meta.url)), '../src');
const below = {
  base: [],
  platform: ['base'],
  model: ['base', 'platform'],
  cwmp: ['base', 'platform', 'model'],
  usp: ['base', 'platform', 'model'],
  services: ['base', 'platform', 'model'],
  lab: ['base', 'platform', 'model', 'cwmp', 'usp', 'services', 'compose'],
  compose: ['base', 'platform', 'model', 'cwmp', 'usp', 'services'],
  cli: ['base', 'platform'],
  'main.ts': ['base', 'platform', 'compose'],
  'cli.ts': ['base', 'platform', 'compose', 'lab', 'cli'],
};
const ioModules = new Set(
  ['fs', 'fs/promises', 'net', 'tls', 'http', 'https', 'http2', 'dgram', 'dns', 'child_process', 'worker_threads'].map(
    (m) => `node:${m}`,
  ),
);
const mayDoIo = new Set(['platform', 'lab']);

const files = readdirSync(source, { recursive: true })
  .map(String)
  .filter((f) => f.endsWith('.ts'))
  .map((f) => join(source, f));
const roomOf = (file) => relative(source, file).split('/')[0];
const problems = [];
/** Value imports between files, for the search for cycles; `import type` vanishes at build time. */
const edges = new Map();

for (const file of files) {
  const room = roomOf(file);
  const text = readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
  const say = (problem) => problems.push(`${relative(dirname(source), file)}: ${problem}`);
  if (!(room in below)) say(`'${room}' is not a room of the design`);
  const targets = [];
  const importPattern =
    /(?:^|\n)\s*(import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;
  for (const match of text.matchAll(importPattern)) {
    const name = match[3] ?? match[4];
    const isType = Boolean(match[2]);
    if (ioModules.has(name) && !mayDoIo.has(room) && !isType)
      say(`imports ${name}: Node's I/O belongs to platform and lab`);
    if (name.startsWith('node:') || !/^[#.]/.test(name)) continue;
    // One import() and esbuild wraps whatever is below it in functions, which V8 then reads twice at each start of the daemon.
    if (match[4] && !['lab', 'cli', 'cli.ts'].includes(room))
      say(`import('${name}'): our own modules are imported statically`);
    if (name.startsWith('#')) {
      const target = name.slice(1);
      if (target.includes('/')) say(`imports ${name}: a room is entered through its door only`);
      else if (target === room) say(`imports its own door ${name}: use a relative import`);
      else if (!(below[room] ?? []).includes(target)) say(`imports ${name}: not below '${room}'`);
      continue;
    }
    const target = resolve(dirname(file), name);
    if (roomOf(target) !== room) {
      const allowed = (below[room] ?? []).includes(roomOf(target).replace(/\.ts$/, ''));
      if (!allowed || !/\.ts$/.test(roomOf(target))) say(`imports ${name}: reaches into another room`);
    }
    if (!isType) targets.push(target);
  }
  edges.set(file, targets);
}

const state = new Map();
const visit = (file, trail) => {
  if (state.get(file) === 'done') return;
  if (state.get(file) === 'open') {
    const cycle = [...trail.slice(trail.indexOf(file)), file].map((f) => relative(source, f));
    problems.push(`cycle: ${cycle.join(' → ')}`);
    return;
  }
  state.set(file, 'open');
  for (const next of edges.get(file) ?? []) visit(next, [...trail, file]);
  state.set(file, 'done');
};
for (const file of files) visit(file, []);

for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exit(1);
console.log(`import rules: ${files.length} files, nothing to report`);
