import { GrowingBytes, TandemError } from '#base';

/** STOMP_FRAME: what came is no frame of STOMP 1.2, or passes a limit. */
export class StompFrameError extends TandemError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('STOMP_FRAME', message, options);
  }
}

export interface StompFrame {
  readonly command: string;
  /** Of a name that is there more than once the first (STOMP 1.2 "Repeated Header Entries"). */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

export interface StompFrameLimits {
  /** Command and headers together. */
  readonly headerBytes: number;
  readonly headers: number;
  readonly bodyBytes: number;
}

export const stompFrameLimits: StompFrameLimits = { headerBytes: 16_384, headers: 64, bodyBytes: 5 << 20 };

const newline = 0x0a;
const carriageReturn = 0x0d;
const nul = 0;

/** Reads STOMP 1.2 frames from a stream, however it is cut; nothing is kept beyond the limits. */
export class StompReader {
  readonly #limits: StompFrameLimits;
  #state: 'between' | 'head' | 'body' | 'end' = 'between';
  #head = new GrowingBytes();
  #body = new GrowingBytes();
  #frame: { readonly command: string; readonly headers: ReadonlyMap<string, string> } | undefined;
  /** Bytes of the body that are still to come; `undefined`: until the NUL. */
  #left: number | undefined;

  constructor(limits: Partial<StompFrameLimits> = {}) {
    this.#limits = { ...stompFrameLimits, ...limits };
  }

  /** @returns the frames that are whole now; heart-beats are none. @throws StompFrameError, after which it must not be used again */
  push(piece: Uint8Array): StompFrame[] {
    const frames: StompFrame[] = [];
    for (let at = 0; at < piece.length; ) {
      const rest = piece.subarray(at);
      if (this.#state === 'between') {
        const blank = rest.findIndex((byte) => byte !== newline && byte !== carriageReturn);
        if (blank < 0) return frames;
        at += blank;
        this.#state = 'head';
      } else if (this.#state === 'head') at += this.#takeHead(rest);
      else if (this.#state === 'body') at += this.#takeBody(rest);
      else {
        if (rest[0] !== nul) throw new StompFrameError('a body does not end where its length says');
        at++;
        this.#state = 'between';
      }
      if (this.#state === 'between' && this.#frame) {
        frames.push({ ...this.#frame, body: this.#body.take() });
        this.#frame = undefined;
      }
    }
    return frames;
  }

  /** @returns how much of it belongs to the head */
  #takeHead(piece: Uint8Array): number {
    // A head ends with an empty line; line by line, so that nothing is looked at twice.
    for (let at = 0; at < piece.length; ) {
      const end = piece.indexOf(newline, at);
      const line = piece.subarray(at, end < 0 ? piece.length : end + 1);
      if (this.#head.length + line.length > this.#limits.headerBytes)
        throw new StompFrameError('the head is too large');
      this.#head.append(line);
      at += line.length;
      if (end >= 0 && endsWithEmptyLine(this.#head.bytes)) {
        this.#begin(this.#head.take());
        return at;
      }
    }
    return piece.length;
  }

  #begin(head: Buffer): void {
    const { command, headers } = readHead(head, this.#limits.headers);
    const announced = headers.get('content-length');
    if (announced !== undefined && !/^[0-9]{1,9}$/.test(announced))
      throw new StompFrameError('content-length is no number');
    const length = announced === undefined ? undefined : Number(announced);
    if (length !== undefined && length > this.#limits.bodyBytes) throw new StompFrameError('the body is too large');
    this.#frame = { command, headers };
    this.#left = length;
    this.#state = length === 0 ? 'end' : 'body';
  }

  /** @returns how much of it belongs to the body */
  #takeBody(piece: Uint8Array): number {
    if (this.#left !== undefined) {
      const part = piece.subarray(0, this.#left);
      this.#body.append(part);
      this.#left -= part.length;
      if (this.#left === 0) this.#state = 'end';
      return part.length;
    }
    const end = piece.indexOf(nul);
    const part = end < 0 ? piece : piece.subarray(0, end);
    if (this.#body.length + part.length > this.#limits.bodyBytes) throw new StompFrameError('the body is too large');
    this.#body.append(part);
    if (end < 0) return part.length;
    this.#state = 'between';
    return part.length + 1;
  }
}

function endsWithEmptyLine(head: Buffer): boolean {
  const before = head.length - 2;
  if (head[before] === newline) return true;
  return head[before] === carriageReturn && head[before - 1] === newline;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function readHead(head: Buffer, limit: number): { command: string; headers: ReadonlyMap<string, string> } {
  let text: string;
  try {
    text = utf8.decode(head);
  } catch (cause) {
    throw new StompFrameError('the head is not UTF-8', { cause });
  }
  const [command = '', ...lines] = text.split(/\r?\n/).slice(0, -2);
  if (!/^[A-Z]+$/.test(command)) throw new StompFrameError('no command');
  if (lines.length > limit) throw new StompFrameError('too many headers');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon < 1) throw new StompFrameError('a header without a name');
    const [name, value] = [line.slice(0, colon), line.slice(colon + 1)].map((part) => decoded(part, command)) as [
      string,
      string,
    ];
    if (!headers.has(name)) headers.set(name, value);
  }
  return { command, headers };
}

const escapes: Readonly<Record<string, string>> = { '\\r': '\r', '\\n': '\n', '\\c': ':', '\\\\': '\\' };
const encodings: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(escapes).map(([escaped, plain]) => [plain, escaped]),
);

/** STOMP 1.2 "Value Encoding". CONNECTED is not escaped there, but is by some servers: what is no escape in it stays. */
function decoded(text: string, command: string): string {
  return text.replace(/\\[\s\S]?/g, (escaped) => {
    const plain = escapes[escaped];
    if (plain === undefined && command !== 'CONNECTED') throw new StompFrameError('an escape that there is not');
    return plain ?? escaped;
  });
}

/**
 * A frame as bytes. `content-length` is added where there is a body.
 * @param headers an entry that is `undefined` is left out
 */
export function writeStompFrame(
  command: string,
  headers: Readonly<Record<string, string | undefined>>,
  body?: Uint8Array,
): Buffer {
  const encoded = (text: string): string => text.replace(/[\r\n:\\]/g, (plain) => encodings[plain] ?? plain);
  const lines = Object.entries({ ...headers, ...(body && { 'content-length': String(body.length) }) }).flatMap(
    ([name, value]) => (value === undefined ? [] : [`${encoded(name)}:${encoded(value)}\n`]),
  );
  return Buffer.concat([Buffer.from(`${command}\n${lines.join('')}\n`), body ?? Buffer.alloc(0), Buffer.alloc(1)]);
}
