/** Transports as `--mtp` names them: who connects to whom is part of it. */
export const mtps = ['ws', 'ws-server', 'mqtt5', 'mqtt311', 'stomp'] as const;
export type Mtp = (typeof mtps)[number];

/** The plan needs two controllers at most. */
export type Side = 'primary' | 'secondary';

/** What carries records between the judge's controllers and the agent, seen from the controllers' end. */
export interface Link extends AsyncDisposable {
  readonly mtp: Mtp;
  /** How often a way to the agent has come to stand. */
  readonly connections: (side: Side) => number;
  /** @throws Error while there is no connection */
  send(side: Side, record: Uint8Array): void;
  /** Set by whoever listens. */
  heard: (side: Side, record: Uint8Array) => void;
  /** The agent's Connect record has been heard, for transports on which that is how it arrives. */
  readonly arrived?: (side: Side) => void;
  /** Ends the connection from the controllers' end, without a word. */
  cut(side: Side): void;
  /** Has the judge's server show another certificate, where it is one and has one. @returns what undoes it; @throws NotRunnable */
  show?(which: 'expired' | 'foreign'): () => void;
  /** Version of TLS that the agent's connection uses. */
  readonly tls: string | undefined;
}

export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** Keys and certificates of the judge's servers; clients must show a certificate of `clientCa` where it is given. */
export interface ServerTls extends KeyPair {
  readonly clientCa?: string;
  /** One that has expired (2.8). */
  readonly expired?: KeyPair;
  /** One of an authority that the agent does not know (9.2), with that. */
  readonly foreign?: KeyPair & { readonly ca: string };
}

/** What TLS inside of records needs: the judge's controller, another one, and one of an authority that nobody knows. */
export interface PayloadTls {
  readonly ca: string;
  readonly own: KeyPair;
  readonly other: KeyPair;
  readonly untrusted: KeyPair;
}

/** An attempt or a frame, when it came. */
export interface At<T> {
  readonly at: number;
  readonly what: T;
}
