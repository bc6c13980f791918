import { type Clock, type Secret, TokenBucket } from '#base';
import { isSignedWith, readUdpConnectionRequest } from './udp-connection-request.ts';

interface Credentials {
  readonly username: string;
  readonly password: Secret;
}

export interface RequestJudgeParts {
  readonly clock: Clock;
  readonly credentials: () => Credentials;
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
 * Decides on UDP Connection Requests (TR-069 G.2.2.3): signed with our password, newer than the one accepted before it by the same password, and so only
 * once, however often the ACS repeats it. Whatever is refused is dropped without a word.
 */
export class RequestJudge {
  readonly #parts: RequestJudgeParts;
  readonly #signatures: TokenBucket;
  #last: { readonly timestamp: number; readonly id: string; readonly by: Credentials };

  constructor(parts: RequestJudgeParts) {
    this.#parts = parts;
    this.#signatures = new TokenBucket(parts.clock, burst, perSecond);
    this.#last = { timestamp: parts.lastTimestamp, id: '', by: parts.credentials() };
  }

  received(datagram: Uint8Array): void {
    const request = readUdpConnectionRequest(datagram);
    if (!request) return;
    const timestamp = Number(request.timestamp);
    const credentials = this.#parts.credentials();
    const { username, password } = credentials;
    const { by } = this.#last;
    // With others than the last one nothing that was signed before is good: an ACS whose clock was set back may begin anew.
    const again = by.username === username && by.password.reveal() === password.reveal();
    if (again && (timestamp <= this.#last.timestamp || request.id === this.#last.id)) return;
    if (!this.#signatures.take()) return;
    if (!isSignedWith(request, username, password)) {
      this.#parts.refused?.();
      return;
    }
    if (!this.#parts.accepted()) return;
    this.#last = { timestamp, id: request.id, by: credentials };
    this.#parts.saveTimestamp(timestamp);
  }
}
