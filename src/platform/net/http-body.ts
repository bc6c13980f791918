/** What is sent: a text, or bytes in pieces where one text would be too much to hold twice. */
export type HttpBody = string | readonly Uint8Array[];

export const bodyLength = (body: HttpBody): number =>
  typeof body === 'string' ? Buffer.byteLength(body) : body.reduce((sum, piece) => sum + piece.length, 0);

export const bodyPieces = (body: HttpBody): readonly (string | Uint8Array)[] =>
  typeof body === 'string' ? (body === '' ? [] : [body]) : body;
