import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const namespaces =
  'xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:c="urn:dslforum-org:cwmp-1-2" xmlns:e="http://schemas.xmlsoap.org/soap/encoding/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"';
const header = (id: string): string => `<s:Header><c:ID s:mustUnderstand="1">${id}</c:ID></s:Header>`;
export const envelope = (body: string, id = 'a1'): string =>
  `<s:Envelope ${namespaces}>${header(id)}<s:Body>${body}</s:Body></s:Envelope>`;
export const idOf = (body: string): string => /<cwmp:ID[^>]*>([^<]+)/.exec(body)?.[1] ?? '';
export const informResponse = (body: string): string =>
  envelope('<c:InformResponse><MaxEnvelopes>1</MaxEnvelopes></c:InformResponse>', idOf(body));

export type Mischief = (body: string, response: ServerResponse, request: IncomingMessage) => void;

/** An ACS that writes its messages by hand, says what came, and can be given other answers than good ones. */
export class ScriptedAcs implements Disposable {
  readonly #server: Server;
  mischief: Mischief | undefined;
  informs = 0;
  /** Whatever came, in order. */
  readonly seen: { readonly headers: IncomingMessage['headers']; readonly body: string; readonly url: string }[] = [];
  readonly answers: string[] = [];
  /** Asked one by one after the Inform. */
  requests: string[] = [];

  constructor() {
    this.#server = createServer((request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece) => pieces.push(piece));
      request.on('end', () => {
        const body = Buffer.concat(pieces).toString();
        this.seen.push({ headers: request.headers, body, url: request.url ?? '' });
        if (body.includes('<cwmp:Inform>')) this.informs++;
        if (this.mischief) this.mischief(body, response, request);
        else this.good(body, response);
      });
    });
    this.#server.requestTimeout = 0;
  }

  good(body: string, response: ServerResponse): void {
    if (body.includes('<cwmp:Inform>')) {
      response.end(informResponse(body));
      return;
    }
    if (body !== '') this.answers.push(body);
    const next = this.requests.shift();
    if (next === undefined) response.writeHead(204).end();
    else response.end(envelope(next));
  }

  /** @returns its URL */
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  [Symbol.dispose](): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
