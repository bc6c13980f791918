import { createDeflate, createGzip } from 'node:zlib';
import type { HttpBody } from '#platform';

/** `Device.ManagementServer.HTTPCompression`; Disabled is none. */
export type Compression = 'GZIP' | 'Deflate';

/** Less than this is not worth it. */
const worthwhileBytes = 1024;

/** The body as it goes over the wire; `undefined`: as it is. A large one is compressed as it is read, piece by piece. */
export async function compress(body: HttpBody, how: Compression): Promise<readonly Uint8Array[] | undefined> {
  if (typeof body === 'string' && body.length < worthwhileBytes) return undefined;
  const compressor = how === 'GZIP' ? createGzip() : createDeflate();
  const pieces: Buffer[] = [];
  const done = (async () => {
    for await (const piece of compressor) pieces.push(piece as Buffer);
  })();
  for (const piece of typeof body === 'string' ? [body] : body) {
    if (!compressor.write(piece)) await new Promise((resolve) => compressor.once('drain', resolve));
  }
  compressor.end();
  await done;
  return pieces;
}

/** Names of the content codings (RFC 9110 8.4.1; `deflate` is zlib's format). */
export const codingOf = (how: Compression): string => (how === 'GZIP' ? 'gzip' : 'deflate');
