import type { Clock, Log } from '#base';
import type { DataModel } from '#model';
import type { Factory, Files, Scripts, StateStore, UbusClient, Uci } from '#platform';
import type { bootRecord, DiagnosticEvents, Settings, StatusPart, TraceFeed } from '#services';

/** What watching over the device's reachability needs of a protocol. */
export interface Operator {
  managed(): boolean;
  probe(): void;
  undone(paths: readonly string[]): void;
}

/** What a protocol is handed, and where it announces itself. */
export interface RoomParts {
  readonly log: Log;
  readonly clock: Clock;
  readonly bus: UbusClient;
  readonly model: DataModel;
  readonly uci: Uci;
  readonly files: Files;
  readonly scripts: Scripts;
  /** Where a path of the device is to be found. */
  readonly at: (path: string) => string;
  readonly state: StateStore;
  readonly runtime: StateStore;
  readonly factory: Factory;
  readonly settings: Settings;
  readonly random: () => number;
  readonly randomHex: (count: number) => string;
  readonly version: string;
  readonly reached: () => void;
  /** What looks when a DHCP lease has come, changed or gone. */
  readonly leases: (() => Promise<void>)[];
  readonly boot: () => ReturnType<typeof bootRecord>;
  /** Tests of the device as the objects that CWMP has for them. */
  readonly diagnostics: (events: DiagnosticEvents) => void;
  /** Where a protocol shows its messages to people. */
  readonly trace: (protocol: 'usp' | 'cwmp') => TraceFeed;
  readonly operators: Operator[];
  readonly status: Record<string, StatusPart>;
  readonly actions: Record<string, () => void>;
}
