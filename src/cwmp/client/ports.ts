import type { Clock, Log } from '#base';
import type { Model } from '#model';
import type { HttpConnection, StateStore } from '#platform';
import type { ReachPorts } from '../reach/ports.ts';
import type { TracePort } from '../trace.ts';
import type { FileEngine } from '../transfers/port.ts';
import type { Root } from '../view/index.ts';
import type { SeenRequest } from './connection-request.ts';

export interface ConnectionRequestListener extends AsyncDisposable {
  readonly port: number;
}

export interface CwmpPorts {
  readonly model: Model;
  /** What the ACS is shown the model under (`option root`); default TR-181's. */
  readonly root?: Root;
  readonly clock: Clock;
  readonly log: Log;
  /** Survives power cuts. */
  readonly state: StateStore;
  /** Survives the process, not the boot: tells a restart of the agent from a boot of the device. */
  readonly runtime: StateStore;
  /** With the device's trust anchors and client certificate; one for each session. */
  readonly openHttp: () => HttpConnection;
  /** Opens the port for connection requests. */
  readonly listen: (
    answer: (request: SeenRequest) => { status: number; headers: Record<string, string> },
  ) => Promise<ConnectionRequestListener>;
  /** Address by which the host is reached from here, for the ConnectionRequestURL; of this family, if it has several. */
  readonly localAddressTowards: (host: string, port: number, family?: 4 | 6) => Promise<string | undefined>;
  /** Ways around a NAT; absent: connection requests over HTTP only. */
  readonly reach?: ReachPorts;
  /** Uniform in [0, 1), different on each device. */
  readonly random: () => number;
  readonly randomHex: (bytes: number) => string;
  /** The ACS at this URL has answered well: the device can be managed. */
  readonly reached: (url: URL) => void;
  /** A session has failed. @param code of the error */
  readonly failed?: (code: string | undefined) => void;
  readonly files: FileEngine;
  /** Whether nobody at the device would be disturbed by what it does to itself. */
  readonly idle: () => Promise<boolean>;
  readonly timeouts?: {
    /** One message until its answer is there whole. Default 300 s. */
    readonly exchangeMs: number;
    /** Default an hour: a slow link needs many minutes for what a fast one does in seconds. */
    readonly sessionMs: number;
  };
  /** Messages for whoever follows them (`tandem trace cwmp`). */
  readonly trace?: TracePort;
  /** Lab only: an ACS at `http://`. */
  readonly allowPlain: boolean;
  /** Hosts that an ACS may redirect to; none: any. */
  readonly redirectHosts?: readonly string[];
}
