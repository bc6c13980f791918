import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import { type XmppElement, XmppStream } from '#cwmp';

const ns = {
  stream: 'http://etherx.jabber.org/streams',
  tls: 'urn:ietf:params:xml:ns:xmpp-tls',
  sasl: 'urn:ietf:params:xml:ns:xmpp-sasl',
  bind: 'urn:ietf:params:xml:ns:xmpp-bind',
};

export interface XmppServerOptions {
  readonly domain: string;
  readonly cert: string;
  readonly key: string;
  /** Passwords by user name. */
  readonly users: Readonly<Record<string, string>>;
}

/**
 * An XMPP server with what one device and one ACS need of it: STARTTLS, PLAIN, a resource, and questions of the ACS itself. What a real one
 * thinks of the agent is the business of the peer tests.
 */
export class LabXmppServer implements AsyncDisposable {
  readonly #options: XmppServerOptions;
  readonly #clients = new Set<Client>();
  readonly #server: Server;

  constructor(options: XmppServerOptions) {
    this.#options = options;
    this.#server = createServer((socket) => {
      const client = new Client(socket, options);
      this.#clients.add(client);
      client.gone = () => this.#clients.delete(client);
    });
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /**
   * An `iq` of type get from the ACS to a client.
   * @returns `result`, or the condition of its error. @throws Error when it is not connected
   */
  async ask(jid: string, content: string): Promise<string> {
    const client = [...this.#clients].find((one) => one.jid === jid);
    if (!client) throw new Error(`${jid} is not connected`);
    return client.ask(`acs@${this.#options.domain}/lab`, content);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.end();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

class Client {
  jid = '';
  gone: () => void = () => {};
  readonly #options: XmppServerOptions;
  readonly #asked = new Map<string, (answer: string) => void>();
  #socket: Socket;
  #reader: XmppStream;
  #user = '';
  #asks = 0;

  constructor(socket: Socket, options: XmppServerOptions) {
    this.#options = options;
    this.#socket = socket;
    this.#reader = this.#newReader();
    this.#listen();
  }

  ask(from: string, content: string): Promise<string> {
    const id = `lab${++this.#asks}`;
    return new Promise((resolve) => {
      this.#asked.set(id, resolve);
      this.#send(`<iq type="get" id="${id}" from="${from}" to="${this.jid}">${content}</iq>`);
    });
  }

  end(): void {
    this.#socket.destroy();
  }

  #listen(): void {
    const socket = this.#socket;
    socket.on('data', (piece) => {
      try {
        this.#reader.write(piece);
      } catch {
        socket.destroy();
      }
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      if (socket !== this.#socket) return;
      for (const answered of this.#asked.values()) answered('gone');
      this.gone();
    });
  }

  #newReader(): XmppStream {
    return new XmppStream({
      opened: () => {
        this.#send(
          `<?xml version="1.0"?><stream:stream xmlns="jabber:client" xmlns:stream="${ns.stream}" id="lab" from="${this.#options.domain}" version="1.0"><stream:features>${this.#features()}</stream:features>`,
        );
      },
      stanza: (stanza) => this.#stanza(stanza),
      closed: () => void this.#socket.end('</stream:stream>'),
    });
  }

  #features(): string {
    if (!(this.#socket instanceof TLSSocket)) return `<starttls xmlns="${ns.tls}"><required/></starttls>`;
    if (this.#user === '') return `<mechanisms xmlns="${ns.sasl}"><mechanism>PLAIN</mechanism></mechanisms>`;
    return `<bind xmlns="${ns.bind}"/>`;
  }

  #stanza(stanza: XmppElement): void {
    const attribute = (name: string): string => stanza.attributes.find(({ local }) => local === name)?.value ?? '';
    if (stanza.uri === ns.tls && stanza.local === 'starttls') this.#secure();
    else if (stanza.uri === ns.sasl && stanza.local === 'auth') this.#authenticate(stanza);
    else if (stanza.local === 'iq' && this.#user !== '') {
      const id = attribute('id');
      const [first] = stanza.children;
      const type = attribute('type');
      if (type === 'set' && first?.uri === ns.bind) this.#bind(id, first);
      else if (type === 'get') this.#send(`<iq type="result" id="${id.replace(/[^\w-]/g, '')}"/>`);
      else {
        const condition = stanza.children.find(({ local }) => local === 'error')?.children[0]?.local;
        this.#asked.get(id)?.(condition ?? type);
        this.#asked.delete(id);
      }
    }
  }

  #secure(): void {
    const plain = this.#socket;
    plain.removeAllListeners('data');
    plain.write(`<proceed xmlns="${ns.tls}"/>`);
    const { cert, key } = this.#options;
    this.#socket = new TLSSocket(plain, { isServer: true, secureContext: createSecureContext({ cert, key }) });
    this.#again();
    this.#listen();
  }

  #authenticate(stanza: XmppElement): void {
    const [, user = '', password = ''] = Buffer.from(stanza.text, 'base64').toString().split('\0');
    if (!(this.#socket instanceof TLSSocket) || this.#options.users[user] !== password) {
      this.#send(`<failure xmlns="${ns.sasl}"><not-authorized/></failure>`);
      return;
    }
    this.#user = user;
    this.#again();
    this.#send(`<success xmlns="${ns.sasl}"/>`);
  }

  #bind(id: string, bind: XmppElement): void {
    const resource = bind.children[0]?.text.replace(/[^\w-]/g, '') || 'lab';
    this.jid = `${this.#user}@${this.#options.domain}/${resource}`;
    this.#send(
      `<iq type="result" id="${id.replace(/[^\w-]/g, '')}"><bind xmlns="${ns.bind}"><jid>${this.jid}</jid></bind></iq>`,
    );
  }

  /** RFC 6120 4.3.3: a new stream, and nothing of the old one counts. */
  #again(): void {
    this.#reader.stop();
    this.#reader = this.#newReader();
  }

  #send(text: string): void {
    if (this.#socket.writable) this.#socket.write(text);
  }
}
