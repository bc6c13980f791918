import { createHash } from 'node:crypto';
import type { Clock, Secret } from '#base';
import {
  attribute,
  decodeStun,
  encodeBindingRequest,
  errorCodeOf,
  type Integrity,
  mappedAddress,
  newTransactionId,
  type StunAttribute,
  type StunMessage,
  type TransportAddress,
  textAttribute,
  textOf,
} from './message.ts';

/** RFC 3489 9.3: waits between the nine transmissions of a request, and after the last one. */
const retransmitMs = [100, 200, 400, 800, 1600, 1600, 1600, 1600, 1600];

export type BindingAnswer =
  | { readonly ok: true; readonly mapped: TransportAddress }
  /** 'silent': no answer in time. 'refused': with the error code of the server. 'unusable': an answer without an address. */
  | { readonly ok: false; readonly why: 'silent' | 'refused' | 'unusable'; readonly code?: number };

export interface StunCredentials {
  readonly username: string;
  readonly password: Secret;
}

export interface BinderParts {
  readonly server: TransportAddress;
  readonly credentials: StunCredentials;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  /** Out of the port that the requests are about. */
  readonly send: (datagram: Uint8Array) => void;
}

interface Signing {
  readonly attributes: readonly StunAttribute[];
  readonly integrity: Integrity;
}

interface Waiting {
  readonly answered: (message: StunMessage) => void;
}

/** Binding Requests from one port to one server: retransmitted, matched with their answers, signed once the server has asked for it. */
export class Binder {
  readonly #parts: BinderParts;
  readonly #waiting = new Map<string, Waiting>();
  /** How the server wants it; found out by its refusals (TR-069 G.2.1.1, never of our own accord). */
  #signing: Signing | undefined;

  constructor(parts: BinderParts) {
    this.#parts = parts;
  }

  /** @returns whether the datagram was an answer that is waited for; it must come from the server. */
  received(datagram: Uint8Array, from: TransportAddress): boolean {
    const { server } = this.#parts;
    if (from.port !== server.port || from.address !== server.address) return false;
    // The two bits that no text begins with.
    if (datagram.length === 0 || datagram[0]! > 1) return false;
    const message = decodeStun(datagram);
    const waiting = message && this.#waiting.get(message.transactionId.toString('hex'));
    if (!message || !waiting) return false;
    waiting.answered(message);
    return true;
  }

  /** Whether an answer to `id` arrives here: for requests that were sent from another port. */
  expect(id: Uint8Array, answered: () => void): Disposable {
    const key = Buffer.from(id).toString('hex');
    this.#waiting.set(key, { answered });
    return { [Symbol.dispose]: () => void this.#waiting.delete(key) };
  }

  newId(): Buffer {
    return newTransactionId(this.#parts.randomBytes(12));
  }

  /**
   * One Binding Request with its retransmissions, and again signed when the server asks for that.
   * @throws the signal's reason
   */
  async request(attributes: readonly StunAttribute[], signal: AbortSignal, id = this.newId()): Promise<BindingAnswer> {
    for (let round = 0, asked = id; ; round++, asked = this.newId()) {
      const message = await this.#exchange(attributes, asked, signal);
      if (!message) return { ok: false, why: 'silent' };
      if (message.kind === 'response') {
        const mapped = mappedAddress(message);
        return mapped ? { ok: true, mapped } : { ok: false, why: 'unusable' };
      }
      const code = errorCodeOf(message);
      // Unsigned; signed as RFC 3489 wants it or with the server's nonce; and once more with a fresh nonce or without padding.
      if (round === 2 || !this.#sign(code, message)) {
        return { ok: false, why: 'refused', ...(code !== undefined && { code }) };
      }
    }
  }

  /** @returns false: signing otherwise would not help */
  #sign(code: number | undefined, message: StunMessage): boolean {
    const { username, password } = this.#parts.credentials;
    if (username === '') return false;
    // RFC 3489 11.2.9: 401 unsigned, 430 and 431 signed otherwise, 432 without a user name; RFC 5389: 438 stale nonce.
    if (code === undefined || ![401, 430, 431, 432, 438].includes(code)) return false;
    const user = textAttribute(attribute.username, username);
    const realm = textOf(message, attribute.realm);
    const nonce = textOf(message, attribute.nonce);
    if (realm !== undefined && nonce !== undefined) {
      const key = createHash('md5').update(`${username}:${realm}:${password.reveal()}`).digest();
      const more = [textAttribute(attribute.realm, realm), textAttribute(attribute.nonce, nonce)];
      this.#signing = { attributes: [user, ...more], integrity: { key, padded: false } };
      return true;
    }
    const padded = this.#signing?.integrity.padded !== true;
    this.#signing = { attributes: [user], integrity: { key: Buffer.from(password.reveal()), padded } };
    return true;
  }

  #exchange(attributes: readonly StunAttribute[], id: Buffer, signal: AbortSignal): Promise<StunMessage | undefined> {
    const { clock, send } = this.#parts;
    const signing = this.#signing;
    const datagram = encodeBindingRequest(id, [...(signing?.attributes ?? []), ...attributes], signing?.integrity);
    const key = id.toString('hex');
    return new Promise((resolve, reject) => {
      let timer: Disposable | undefined;
      const end = (): void => {
        timer?.[Symbol.dispose]();
        this.#waiting.delete(key);
        signal.removeEventListener('abort', stop);
      };
      const stop = (): void => {
        end();
        reject(signal.reason);
      };
      if (signal.aborted) return reject(signal.reason);
      signal.addEventListener('abort', stop, { once: true });
      this.#waiting.set(key, {
        answered: (message) => {
          end();
          resolve(message);
        },
      });
      const transmit = (turn: number): void => {
        const waitMs = retransmitMs[turn];
        if (waitMs === undefined) {
          end();
          resolve(undefined);
          return;
        }
        send(datagram);
        timer = clock.timer(waitMs, () => transmit(turn + 1));
      };
      transmit(0);
    });
  }
}
