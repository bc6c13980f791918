import { type Clock, type Secret, TokenBucket } from '#base';
import { isSignedWith, readUdpConnectionRequest } from './udp-connection-request.ts';

export interface RequestJudgeParts {
  readonly clock: Clock;
  readonly credentials: () => { readonly username: string; readonly password: Secret };
  /** One that is new, and not signed with our credentials. */
  readonly refused?: () => void;
  /** @returns false: too many have been accepted of late */
  readonly accepted: () => boolean;
  /** Timestamp of the request that was accepted last, before this start; 0: none is known. */
  readonly lastTimestamp: number;
  /** Keeps it. */
  readonly saveTimestamp: (timestamp: number) => void;
}

/** Signatures that are computed: a flood of datagrams with our user name costs no more than these. */
const burst = 50;
const perSecond = 50;

/**
 * Decides on UDP Connection Requests (TR-069 G.2.2.3): signed with our password, newer than the one accepted before it, and so only
 * once, however often the ACS repeats it. Whatever is refused is dropped without a word.
 */
export class RequestJudge {
  readonly #parts: RequestJudgeParts;
  readonly #signatures: TokenBucket;
  #last: { readonly timestamp: number; readonly id: string };

  constructor(parts: RequestJudgeParts) {
    this.#parts = parts;
    this.#signatures = new TokenBucket(parts.clock, burst, perSecond);
    this.#last = { timestamp: parts.lastTimestamp, id: '' };
  }

  received(datagram: Uint8Array): void {
    const request = readUdpConnectionRequest(datagram);
    if (!request) return;
    const timestamp = Number(request.timestamp);
    if (timestamp <= this.#last.timestamp || request.id === this.#last.id) return;
    if (!this.#signatures.take()) return;
    const { username, password } = this.#parts.credentials();
    if (!isSignedWith(request, username, password)) {
      this.#parts.refused?.();
      return;
    }
    if (!this.#parts.accepted()) return;
    this.#last = { timestamp, id: request.id };
    this.#parts.saveTimestamp(timestamp);
  }
}
