import type { StreamEvents, StreamLink } from '#platform';

const head = '<stream:stream xmlns="jabber:client" xmlns:stream="http://etherx.jabber.org/streams" version="1.0">';
export const features = (content: string): string => `${head}<stream:features>${content}</stream:features>`;
export const starttls = '<starttls xmlns="urn:ietf:params:xml:ns:xmpp-tls"/>';
export const proceed = '<proceed xmlns="urn:ietf:params:xml:ns:xmpp-tls"/>';
export const mechanisms = (...names: readonly string[]): string =>
  `<mechanisms xmlns="urn:ietf:params:xml:ns:xmpp-sasl">${names.map((name) => `<mechanism>${name}</mechanism>`).join('')}</mechanisms>`;
export const success = '<success xmlns="urn:ietf:params:xml:ns:xmpp-sasl"/>';
export const bind = '<bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/>';
export const bound = (jid: string): string =>
  `<iq type="result" id="bind"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"><jid>${jid}</jid></bind></iq>`;

/** Up to a session, without TLS. */
export const welcome: readonly string[] = [features(mechanisms('PLAIN')), success, features(bind), bound('cpe@d/r')];
/** The same behind STARTTLS. */
export const secureWelcome: readonly string[] = [features(starttls), proceed, ...welcome];

/** An XMPP server made of its lines: each thing that a client says is answered with the next of them. */
export class ScriptedServer {
  readonly said: string[] = [];
  /** Where it was asked to connect to. */
  readonly dialled: string[] = [];
  lines: string[];
  /** What the server knows when TLS is wanted. */
  readonly names: string[] = [];
  open = 0;
  secure = false;
  refusing = false;
  #events: StreamEvents | undefined;
  readonly #script: readonly string[];

  constructor(script: readonly string[]) {
    this.#script = script;
    this.lines = [...script];
  }

  readonly openStream = async (to: { host: string; port: number }, events: StreamEvents): Promise<StreamLink> => {
    this.dialled.push(`${to.host}:${to.port}`);
    if (this.refusing) throw Object.assign(new Error('refused'), { code: 'STREAM_CONNECT' });
    this.#events = events;
    this.open++;
    this.secure = false;
    this.lines = [...this.#script];
    let over = false;
    const server = this;
    return {
      get secure() {
        return server.secure;
      },
      write: (data) => {
        const text = Buffer.from(data as string).toString();
        this.said.push(text);
        const line = this.lines.shift();
        if (line !== undefined) queueMicrotask(() => !over && this.say(line));
      },
      startTls: async (name) => {
        this.names.push(name);
        this.secure = true;
      },
      [Symbol.dispose]: () => {
        if (!over) this.open--;
        over = true;
      },
    };
  };

  say(text: string): void {
    this.#events?.data(Buffer.from(text));
  }

  hangUp(): void {
    this.#events?.closed(undefined);
  }
}
