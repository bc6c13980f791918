import type { Clock, Log } from '#base';
import type { Bus, Files, Programs, Scripts, StateStore, Uci } from '#platform';
import type { Origin } from '../api.ts';
import type { ReplacedPackages } from './transaction.ts';

/** What the data model stands on. */
export interface DataModelPorts {
  readonly bus: Bus;
  readonly uci: Uci;
  readonly files: Files;
  readonly scripts: Scripts;
  readonly programs?: Programs;
  readonly state: StateStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Short, unique within the device, fit for a UCI section name. */
  readonly uniqueName: () => string;
  /** Whether somebody else may yet undo what is in these packages, and with it what is written to them now. */
  readonly contested?: (packages: readonly string[]) => Promise<boolean>;
  /** State that does not outlive a reboot (tmpfs). */
  readonly runtime?: StateStore;
  /** A write is about to replace packages: what whoever watches over the device's reachability has to note along with it, all or nothing. */
  readonly applying?: (write: AppliedWrite) => StateChange | undefined;
  /** It has. */
  readonly applied?: (write: AppliedWrite) => void;
  /** The services have been told of what had been postponed. */
  readonly tookOver?: () => void;
}

/** `undefined` text: the state goes. */
export interface StateChange {
  readonly name: string;
  readonly text: string | undefined;
}

export interface AppliedWrite {
  readonly packages: ReplacedPackages;
  readonly origin: Origin;
  /** Full paths of what was written. */
  readonly paths: readonly string[];
  /** The services are told later: `tookOver` says when. */
  readonly postponed: boolean;
}
