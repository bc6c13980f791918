import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Figures } from './figures.ts';

export function bundleFigures(dist: string): Figures {
  const bundle = join(dist, 'tandemd.cjs');
  return { bundle_bytes: statSync(bundle).size, bundle_gzip_bytes: gzipSync(readFileSync(bundle)).length };
}
