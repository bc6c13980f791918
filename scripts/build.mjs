// Builds dist/: tandemd.cjs and tandem.cjs, one file each, with the data model beside them.
import { cpSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const top = join(dirname(fileURLToPath(import.meta.url)), '..');
const { version } = JSON.parse(readFileSync(join(top, 'package.json'), 'utf8'));
const dist = process.argv[2] ? resolve(process.argv[2]) : join(top, 'dist');
// What mqtt and ws bring for browsers, proxies and native speed, and a router has no use for: half of their size.
const replacement = (name) => join(top, 'scripts/bundle', name);
const alias = {
  'readable-stream': 'node:stream',
  debug: replacement('no-debug.cjs'),
  bl: replacement('bl.cjs'),
  'lru-cache': replacement('lru-cache.cjs'),
  'worker-timers': replacement('timers.cjs'),
  bufferutil: replacement('absent.cjs'),
  'utf-8-validate': replacement('absent.cjs'),
};
// mqtt's own ways to connect (it gets streams of ours), compression of WebSocket messages (never agreed to), and a package.json of which mqtt wants the version.
const trimTransports = {
  name: 'trim-transports',
  setup(bundler) {
    bundler.onLoad({ filter: /node_modules\/mqtt\/build\/lib\/connect\/index\.js$/ }, () => ({ contents: '' }));
    bundler.onLoad({ filter: /node_modules\/ws\/lib\/permessage-deflate\.js$/ }, () => ({
      contents: "module.exports = { extensionName: 'permessage-deflate' };",
    }));
    bundler.onLoad({ filter: /node_modules\/mqtt\/package\.json$/ }, ({ path }) => {
      const { version } = JSON.parse(readFileSync(path, 'utf8'));
      return { contents: JSON.stringify({ version }), loader: 'json' };
    });
  },
};
rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);
for (const [entry, name] of [
  ['main.ts', 'tandemd.cjs'],
  ['cli.ts', 'tandem.cjs'],
  // For people and CI on a workstation; the package leaves it out.
  ['lab/main.ts', 'tandem-lab.cjs'],
]) {
  await build({
    absWorkingDir: top,
    entryPoints: [join('src', entry)],
    outfile: join(dist, name),
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    define: { TANDEM_VERSION: JSON.stringify(version) },
    alias,
    plugins: [trimTransports],
    banner: { js: '#!/usr/bin/env node' },
  });
  console.log(`${name} ${statSync(join(dist, name)).size} bytes`);
}
cpSync(join(top, 'datamodel'), join(dist, 'datamodel'), { recursive: true });
