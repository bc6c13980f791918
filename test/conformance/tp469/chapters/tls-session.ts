import { createHmac } from 'node:crypto';
import { Duplex } from 'node:stream';
import { connect, type SecureVersion, type TLSSocket } from 'node:tls';
import { readMessage, type UspMessage, type UspRecord, writeMessage } from '#lab';
import type { Bench } from '../bench.ts';
import type { KeyPair } from '../side/link.ts';
import { JudgeSession } from './session-context.ts';

/** TLS in the payloads of a session (TR-369 "TLS Payload Encapsulation"), the judge's controller as client. */
export class TlsSession implements Disposable {
  readonly session: JudgeSession;
  /** Messages of the agent, decrypted, with the record that brought the last of each. */
  readonly messages: { readonly message: UspMessage; readonly record: UspRecord }[] = [];
  failure: string | undefined;
  keys: { readonly client: Buffer; readonly server: Buffer } | undefined;
  readonly #t: Bench;
  readonly #tls: TLSSocket;
  readonly #wire: Duplex;
  readonly #pump: NodeJS.Timeout;
  #next = 1n;
  #latest: UspRecord | undefined;

  constructor(
    t: Bench,
    options: {
      readonly ca: string;
      readonly identity?: KeyPair;
      readonly maxVersion?: SecureVersion;
      /** Default: none until TLS stands, then its MAC. */
      readonly seal?: JudgeSession['seal'];
    },
  ) {
    this.#t = t;
    this.session = new JudgeSession(t.peer, 1);
    this.session.seal = options.seal ?? ((record) => this.keys && macOf(record, this.keys.client));
    this.#wire = new Duplex({
      read: () => {},
      write: (chunk: Buffer, _, done) => {
        try {
          this.session.sendPayload([chunk]);
          done();
        } catch (error) {
          done(error as Error);
        }
      },
    });
    this.#tls = connect({
      socket: this.#wire,
      ca: options.ca,
      ...options.identity,
      maxVersion: options.maxVersion ?? 'TLSv1.2',
      minVersion: 'TLSv1.2',
      // Whose certificate it is is a metric of its own (3.7); that it is of the authority is checked.
      checkServerIdentity: () => undefined,
    });
    this.#tls.on('secureConnect', () => {
      const material = this.#tls.exportKeyingMaterial(64, 'EXPORTER-BBF-USP-Record', Buffer.alloc(0));
      this.keys = { client: material.subarray(0, 32), server: material.subarray(32) };
    });
    this.#tls.on('data', (message: Buffer) => {
      try {
        this.messages.push({ message: readMessage(message), record: this.#latest! });
      } catch (error) {
        this.failure ??= `a message that can not be read: ${(error as Error).message}`;
      }
    });
    this.#tls.on('error', (error) => {
      this.failure ??= error.message;
    });
    this.#pump = setInterval(() => this.#feed(), 2);
  }

  get socket(): TLSSocket {
    return this.#tls;
  }
  /** The handshake is over, well or not. */
  async settled(): Promise<boolean> {
    await this.#t.time.until(() => (this.keys !== undefined || this.failure !== undefined ? true : undefined), 20);
    return this.keys !== undefined && this.failure === undefined;
  }
  async get(path: string): Promise<{ readonly message: UspMessage; readonly record: UspRecord } | undefined> {
    const msgId = this.#t.peer.nextId();
    const get = { paramPaths: [path], maxDepth: 0 };
    this.#tls.write(writeMessage(msgId, { kind: 'request', request: { get } }));
    return this.#t.time.until(() => this.messages.find(({ message }) => message.msgId === msgId), 10);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#pump);
    this.#tls.on('error', () => {});
    this.#wire.destroy();
    this.#tls.destroy();
  }

  /** Records in their order; each once. */
  #feed(): void {
    for (;;) {
      const record = this.session.records().find(({ sessionContext }) => sessionContext!.sequenceId === this.#next);
      if (!record) return;
      this.#next++;
      this.#latest = record;
      for (const part of record.sessionContext!.payload) this.#wire.push(part);
    }
  }
}

/** R-E2E.32, R-E2E.33 */
export function macOf(record: UspRecord, key: Buffer): Buffer {
  const number = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return bytes;
  };
  const long = (value: bigint): Buffer => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(value);
    return bytes;
  };
  const { version, toId, fromId, payloadSecurity, senderCert, sessionContext } = record;
  const hmac = createHmac('sha256', key);
  for (const text of [version, toId, fromId]) hmac.update(text, 'utf8');
  hmac.update(number(payloadSecurity)).update(senderCert);
  if (sessionContext) {
    const { sessionId, sequenceId, expectedId, retransmitId, payloadSarState, payloadrecSarState } = sessionContext;
    for (const value of [sessionId, sequenceId, expectedId, retransmitId]) hmac.update(long(value));
    for (const value of [payloadSarState, payloadrecSarState]) hmac.update(number(value));
  }
  return hmac.digest();
}
