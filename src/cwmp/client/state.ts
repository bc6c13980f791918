import type { Log } from '#base';
import type { StateStore } from '#platform';
import type { InformEvent } from '../inform.ts';

export interface ScheduledInform {
  /** Wall clock, milliseconds since 1970. */
  readonly atMs: number;
  readonly commandKey: string;
}

/** What must outlive a power cut. Everything is optional: an empty object is the state of a device out of the box. */
export interface CwmpState {
  /** ACS URL whose `0 BOOTSTRAP` was acknowledged; any other URL needs one (TR-069 3.7.1.5). */
  bootstrapped?: string;
  /** ACS URL that a `0 BOOTSTRAP` is owed to: what was owed to the one before has been forgotten, and what is owed now is owed to this one. */
  newTo?: string | undefined;
  parameterKey?: string;
  /** Notification attributes that an ACS has set, by full parameter path. */
  attributes?: Record<string, number>;
  /** Events that may not be lost (TR-069 table 8) and have not been acknowledged. */
  events?: InformEvent[];
  /** Ordered with ScheduleInform and not yet due. */
  scheduled?: ScheduledInform[];
  /** ScheduleReboot, as it was written. */
  rebootAt?: string;
  /** It has been done, or had passed when it was written. */
  rebootDone?: boolean;
  /** Unguessable path of the ConnectionRequestURL. */
  connectionRequestPath?: string;
  /** Of the last UDP Connection Request that was accepted, or an hour before it: an older one is a replay. */
  udpRequestTimestamp?: number;
  /** ConnReqJabberID as it was told: it stays while the connection is lost (TR-181). */
  jabberId?: string;
}

const name = 'cwmp';

/** One small file; each change of it is one atomic write. */
export class CwmpStateFile {
  readonly #store: StateStore;
  #state: CwmpState;

  constructor(store: StateStore, log: Log) {
    this.#store = store;
    this.#state = {};
    const text = store.read(name);
    if (text === undefined) return;
    try {
      const parsed: unknown = JSON.parse(text);
      if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) this.#state = parsed;
    } catch (error) {
      log.error('the saved state is unusable; starting as if never bootstrapped', { error });
    }
  }

  get(): Readonly<CwmpState> {
    return this.#state;
  }

  async change(part: Partial<CwmpState>): Promise<void> {
    this.#state = { ...this.#state, ...part };
    await this.#store.write(name, JSON.stringify(this.#state));
  }
}

/** Whether a session has been held with an ACS since the factory. */
export function hasContacted(store: StateStore, log: Log): boolean {
  return new CwmpStateFile(store, log).get().bootstrapped !== undefined;
}
