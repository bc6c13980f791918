import type { Peer } from '#platform';
import type { RecordContent } from '../codec/record.ts';
import type { TransportEnd } from '../trust/index.ts';

/** Who a transport knows to be at its other end; one object for each connection. */
export interface Evidence extends Peer {
  readonly end: TransportEnd;
}
export const nothingKnown: Evidence = { encrypted: false, chain: [], end: 'controller' };

/** A way to the controller that stands. */
export interface Link {
  readonly kind: 'websocket' | 'mqtt' | 'stomp' | 'uds';
  /** What announces the agent on it, and again after a Disconnect record (R-MTP.6, R-MTP.8). */
  readonly connect: RecordContent;
  readonly evidence: Evidence;
  send(record: Uint8Array): void;
  /** Ends it where it is this controller's alone: who is at its other end may not be. */
  refuse?(reason: string): void;
  /** Ends the connection where it is this controller's alone and it opened it: the agent no longer knows it. */
  close?(reason: string): void;
}

/** How an answer gets back: over what the request came by. */
export interface Arrival {
  readonly reply: (record: Uint8Array) => void;
  /** The record can't be processed and the transport has a way to say so (R-WS.16). */
  readonly reject: (reason: string) => void;
  /** Of the transport, where it has one. */
  readonly connect?: RecordContent;
  readonly evidence: Evidence;
}
