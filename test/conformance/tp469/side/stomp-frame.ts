/** STOMP 1.2 frames as a server reads and writes them. */
export interface Frame {
  readonly command: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const escapes: Readonly<Record<string, string>> = { '\\r': '\r', '\\n': '\n', '\\c': ':', '\\\\': '\\' };
const plainOf = (text: string): string =>
  text.replace(/\\(.|$)/g, (found) => {
    const meant = escapes[found];
    if (meant === undefined) throw new Error('an escape that does not exist');
    return meant;
  });
const escaped = (text: string): string =>
  text.replace(/[\\\r\n:]/g, (found) => ({ '\\': '\\\\', '\r': '\\r', '\n': '\\n', ':': '\\c' })[found]!);

/** Takes whole frames and heart-beats (`undefined`) off the front. @throws Error for what is no frame */
export function readFrames(input: Buffer): { frames: (Frame | undefined)[]; rest: Buffer } {
  const frames: (Frame | undefined)[] = [];
  let rest = input;
  for (;;) {
    while (rest[0] === 0x0a || rest[0] === 0x0d) {
      if (rest[0] === 0x0a) frames.push(undefined);
      rest = rest.subarray(1);
    }
    const head = /\r?\n\r?\n/.exec(rest.toString('latin1'));
    if (!head) return { frames, rest };
    const bodyAt = head.index + head[0].length;
    const [command = '', ...lines] = rest.subarray(0, head.index).toString('utf8').split(/\r?\n/);
    const headers: Record<string, string> = Object.create(null);
    for (const line of lines) {
      const colon = line.indexOf(':');
      if (colon < 1) throw new Error('a header without a name');
      // CONNECT has no escapes, for the sake of STOMP 1.0; STOMP has.
      const plain = command === 'CONNECT' ? (text: string) => text : plainOf;
      headers[plain(line.slice(0, colon))] ??= plain(line.slice(colon + 1));
    }
    const length = headers['content-length'];
    const end = length === undefined ? rest.indexOf(0, bodyAt) : bodyAt + Number(length);
    if (end < 0 || end >= rest.length) return { frames, rest };
    if (rest[end] !== 0) throw new Error('a body is longer than its content-length');
    frames.push({ command, headers, body: rest.subarray(bodyAt, end) });
    rest = rest.subarray(end + 1);
  }
}

export function writeFrame(command: string, headers: Readonly<Record<string, string>>, body?: Uint8Array): Buffer {
  // CONNECTED has no escapes either.
  const plain = command === 'CONNECTED' ? (text: string) => text : escaped;
  const all = { ...headers, ...(body && { 'content-length': String(body.length) }) };
  const lines = Object.entries(all).map(([name, value]) => `${plain(name)}:${plain(value)}\n`);
  return Buffer.concat([Buffer.from(`${command}\n${lines.join('')}\n`), Buffer.from(body ?? []), Buffer.from([0])]);
}
