import { constants } from 'node:crypto';
import { Duplex } from 'node:stream';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { explain } from '#base';
import type { HttpTls } from './http-request.ts';
import { chainOf } from './peer.ts';
import { tlsContext } from './tls-trust.ts';

export interface MemoryTlsEvents {
  /** TLS records for the peer; those that one message was encrypted into come together, and with it. */
  readonly records: (records: readonly Uint8Array[], message?: Uint8Array) => void;
  /** What the peer has sent as one. */
  readonly message: (message: Buffer) => void;
  /** The handshake is complete, both certificates are issued by who is trusted; whose they are is the caller's to look at. */
  readonly secure: (
    peer: { readonly chain: readonly Uint8Array[] },
    keys: { client: Uint8Array; server: Uint8Array },
  ) => void;
  /** Once; nothing follows. @param ended the peer has closed it in due form */
  readonly failed: (reason: string, ended: boolean) => void;
}

export interface MemoryTls extends Disposable {
  /** TLS records of the peer, those of one message at a time. */
  feed(records: Uint8Array): void;
  /** Waits for the handshake. */
  send(message: Uint8Array): void;
}

const applicationData = 23;
const recordHeaderBytes = 5;
/** Nonce and tag of AES-GCM (RFC 5288). */
const gcmBytes = 24;
/** A fatal alert (RFC 5246 7.2.2). */
const badCertificate = Buffer.from([21, 3, 3, 0, 2, 2, 42]);
const waitingLimit = 256;
const label = 'EXPORTER-BBF-USP-Record';

/** TR-369 R-E2E.40 to R-E2E.42: one suite, one curve, no renegotiation. TLS 1.2, where the length of a record tells that of its content. */
const suite = {
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.2',
  ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  ecdhCurve: 'prime256v1',
  sigalgs: 'ecdsa_secp256r1_sha256',
  secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_TICKET,
} as const;

/**
 * TLS between two endpoints that have no stream between them: what would go over one is handed out and in as records. Each side must show a certificate; the host name
 * of a server is not looked at, for there is none.
 * @param tls own certificate and key on P-256, and who is trusted
 */
export function openMemoryTls(role: 'client' | 'server', tls: HttpTls, events: MemoryTlsEvents): MemoryTls {
  return new Memory(role, tls, events);
}

class Memory implements MemoryTls {
  readonly #events: MemoryTlsEvents;
  readonly #wire: Duplex;
  #socket: TLSSocket | undefined;
  #secure = false;
  #over = false;
  /** Encrypted and not handed out yet. */
  #out: Buffer[] = [];
  #writing = false;
  readonly #waiting: Uint8Array[] = [];
  /** Plain bytes of the messages that are on their way through TLS, and those that have come out. */
  readonly #expected: number[] = [];
  #plain: Buffer[] = [];
  #plainBytes = 0;

  constructor(role: 'client' | 'server', tls: HttpTls, events: MemoryTlsEvents) {
    this.#events = events;
    this.#wire = new Duplex({
      read() {},
      write: (chunk: Buffer, _, done) => {
        this.#out.push(chunk);
        if (!this.#writing) setImmediate(() => this.#flush());
        done();
      },
    });
    this.#wire.on('error', () => {});
    const identity = { ...tlsContext(tls), ...suite };
    try {
      if (role === 'client') {
        const socket = connect({ socket: this.#wire, ...identity, checkServerIdentity: () => undefined });
        socket.once('secureConnect', () => this.#stand(socket));
        this.#hear(socket);
      } else {
        const server = createServer({ ...identity, requestCert: true, rejectUnauthorized: true });
        server.once('secureConnection', (socket) => {
          this.#hear(socket);
          this.#stand(socket);
        });
        server.once('tlsClientError', (error, { authorizationError }) => {
          // Node looks at the certificate when OpenSSL is through with it, and closes without a word. The last flight is not out yet.
          if (authorizationError) this.#out = [badCertificate];
          this.#fail(authorizationError ? String(authorizationError) : explain(error));
        });
        server.emit('connection', this.#wire);
      }
    } catch (error) {
      setImmediate(() => this.#fail(explain(error)));
    }
  }

  feed(records: Uint8Array): void {
    if (this.#over) return;
    const bytes = Buffer.from(records);
    let plain = 0;
    for (const record of recordsOf(bytes))
      if (record[0] === applicationData) plain += record.length - recordHeaderBytes - gcmBytes;
    if (plain > 0) this.#expected.push(plain);
    this.#wire.push(bytes);
  }

  send(message: Uint8Array): void {
    if (this.#over) return;
    if (this.#waiting.length >= waitingLimit) this.#waiting.shift();
    this.#waiting.push(message);
    this.#write();
  }

  [Symbol.dispose](): void {
    this.#over = true;
    this.#socket?.destroy();
    this.#wire.destroy();
  }

  #hear(socket: TLSSocket): void {
    this.#socket = socket;
    socket.on('data', (piece: Buffer) => this.#read(piece));
    socket.on('error', (error) => this.#fail(explain(error)));
    socket.on('close', () => this.#fail('closed'));
    socket.on('end', () => this.#fail('ended by the peer', true));
  }

  #stand(socket: TLSSocket): void {
    if (this.#over) return;
    // The last flight of a server goes out before anything that depends on the keys.
    setImmediate(() => {
      if (this.#over) return;
      this.#flush();
      const material = socket.exportKeyingMaterial(64, label, Buffer.alloc(0));
      this.#secure = true;
      this.#events.secure(
        { chain: chainOf(socket) },
        { client: material.subarray(0, 32), server: material.subarray(32) },
      );
      this.#hand();
      this.#write();
    });
  }

  /** One message after the other: what TLS makes of one is handed out together. */
  #write(): void {
    if (!this.#secure || this.#writing || this.#over) return;
    const message = this.#waiting.shift();
    if (!message) return;
    this.#flush();
    this.#writing = true;
    this.#socket!.write(message, () => {
      this.#writing = false;
      this.#flush(message);
      this.#write();
    });
  }

  #read(piece: Buffer): void {
    this.#plain.push(piece);
    this.#plainBytes += piece.length;
    this.#hand();
  }

  /** Nothing is handed out before it is known whom it is from. */
  #hand(): void {
    while (this.#secure && !this.#over && this.#expected.length > 0 && this.#plainBytes >= this.#expected[0]!) {
      const all = Buffer.concat(this.#plain);
      const length = this.#expected.shift()!;
      this.#plain = [all.subarray(length)];
      this.#plainBytes -= length;
      this.#events.message(all.subarray(0, length));
    }
  }

  #flush(message?: Uint8Array): void {
    if (this.#over || this.#out.length === 0) return;
    const bytes = Buffer.concat(this.#out);
    this.#out = [];
    this.#events.records(recordsOf(bytes), message);
  }

  /** After what TLS still has to say of it: an alert. */
  #fail(reason: string, ended = false): void {
    setImmediate(() => {
      if (this.#over) return;
      this.#flush();
      if (this.#over) return;
      this.#over = true;
      this.#wire.destroy();
      this.#events.failed(reason, ended);
    });
  }
}

/** TLS records one by one; what is no whole record is the last piece. */
function recordsOf(bytes: Buffer): Buffer[] {
  const records: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const whole = bytes.length - at >= recordHeaderBytes ? recordHeaderBytes + bytes.readUInt16BE(at + 3) : 0;
    const end = whole > 0 && at + whole <= bytes.length ? at + whole : bytes.length;
    records.push(bytes.subarray(at, end));
    at = end;
  }
  return records;
}
