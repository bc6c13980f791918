import { explain, type Log } from '#base';
import type { Model, Origin } from '#model';
import type { Afterwards } from '../verbs/reboot.ts';
import type { OwedEvents } from './owed-events.ts';

type Action = Parameters<Afterwards>[0];

/**
 * Reboot and reset: what the ACS orders happens when its session is over (TR-069 A.3.2.8, A.4.1.6), well or not: from the answer on, which it has taken, it counts
 * on it.
 */
export class GoingDown {
  readonly #model: Model;
  readonly #events: OwedEvents;
  readonly #log: Log;
  readonly #origin: () => Origin;
  #ordered: { readonly action: Action; readonly commandKey: string } | undefined;
  #answered = false;
  #begun = false;

  constructor(model: Model, events: OwedEvents, log: Log, origin: () => Origin) {
    this.#model = model;
    this.#events = events;
    this.#log = log;
    this.#origin = origin;
  }

  /** The device has been told to go down: what happens now is for the next boot. */
  get begun(): boolean {
    return this.#begun;
  }

  /** A reset is a reboot as well: none that is ordered beside it takes its place. */
  readonly order: Afterwards = (action, commandKey) => {
    if (this.#ordered?.action === 'factory-reset') return;
    this.#ordered = { action, commandKey };
    this.#answered = false;
  };

  /** The ACS has taken the answer to its last request. */
  answered(): void {
    this.#answered = true;
  }

  /** The session is over. An order whose answer was lost comes again, if the ACS still wants it. */
  async asOrdered(): Promise<void> {
    const due = this.#ordered;
    this.#ordered = undefined;
    if (due && this.#answered) await this.now(due.action, due.commandKey);
  }

  /** @param commandKey of the RPC that has asked for it; absent: none has */
  async now(action: Action, commandKey?: string): Promise<void> {
    this.#begun = true;
    // On flash before it happens: it is an event of the boot that follows.
    if (action === 'reboot' && commandKey !== undefined) await this.#events.keep({ code: 'M Reboot', commandKey });
    const path = action === 'reboot' ? 'Device.Reboot()' : 'Device.FactoryReset()';
    const request = { path, args: {}, commandKey: commandKey ?? '', origin: this.#origin() };
    let reason: string | undefined;
    try {
      const answer = await this.#model.operate({ protocol: 'usp' }, request);
      const result = answer.ok ? answer.value[0]?.result : answer;
      if (result?.ok === true) return;
      reason = result?.fault.message;
    } catch (error) {
      reason = explain(error);
    }
    this.#begun = false;
    this.#log.error('what the ACS asked for failed', { command: path, reason });
    await this.#events.keep();
  }
}
