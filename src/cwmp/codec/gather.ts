import type { HttpBody } from '#platform';

/** Up to here an envelope is one text; larger ones are bytes in pieces, and never stand in memory twice. */
const textLimit = 64 * 1024;

/** What a writer of an envelope flushes, as the body of a request. */
export async function gather(write: (flush: (piece: string) => void) => Promise<void> | void): Promise<HttpBody> {
  let text = '';
  const pieces: Uint8Array[] = [];
  await write((piece) => {
    text += piece;
    if (text.length < textLimit) return;
    pieces.push(Buffer.from(text));
    text = '';
  });
  if (pieces.length === 0) return text;
  if (text !== '') pieces.push(Buffer.from(text));
  return pieces;
}
