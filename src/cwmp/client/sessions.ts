import { errorCode, explain } from '#base';
import { SessionError } from '../exchange/session.ts';
import type { InformEvent } from '../inform.ts';
import { type AcsSessionParts, holdSession } from './acs-session.ts';
import type { CwmpConfig } from './config.ts';
import type { ConnectionRequestPort } from './connection-request-port.ts';
import { inOrder } from './event-queue.ts';
import type { OwedEvents } from './owed-events.ts';
import type { Pace } from './pace.ts';
import { SessionRecord } from './session-record.ts';

export interface SessionsParts extends AcsSessionParts {
  readonly events: OwedEvents;
  readonly pace: Pace;
  readonly port: ConnectionRequestPort;
  /** A session has ended, well or not. */
  readonly over: () => void;
  /** The device is reached at another address than it tells. */
  readonly moved: () => void;
}

/** One session after the other, and what follows from how each ends. */
export class Sessions {
  readonly #parts: SessionsParts;
  readonly #record: SessionRecord;
  #running: Promise<void> | undefined;
  #moved = false;

  constructor(parts: SessionsParts) {
    this.#parts = parts;
    this.#record = new SessionRecord(parts.ports.clock);
  }

  get running(): boolean {
    return this.#running !== undefined;
  }

  /** How they have ended. */
  get record(): SessionRecord['status'] {
    return this.#record.status;
  }

  /** Resolves when none is running. */
  async between(): Promise<void> {
    while (this.#running) await this.#running;
  }

  /** What the next Inform tells. @param reports events of what has messages of its own */
  owed(reports: readonly InformEvent[]): InformEvent[] {
    return inOrder([...this.#parts.events.pending, ...reports]);
  }

  /** @param heartbeat a session of its own that tells of nothing else, and is not tried again (TR-069 Annex O) */
  begin(url: URL, heartbeat: boolean): void {
    this.#parts.pace.begun();
    this.#running = this.#hold(url, heartbeat).finally(() => {
      this.#running = undefined;
      this.#parts.over();
      if (this.#moved) this.#parts.moved();
      this.#moved = false;
    });
  }

  async #hold(url: URL, heartbeat: boolean): Promise<void> {
    const { ports, transfers, notifications, events, pace, port, down, signal } = this.#parts;
    const { log } = ports;
    const { retry } = this.#parts.config();
    const told = heartbeat ? [{ code: '14 HEARTBEAT', commandKey: '' }] : this.owed(transfers.events);
    // Those that the events announce: what comes to pass from here on is told in the next session.
    const reports = heartbeat ? [] : transfers.requests(url.host);
    const changed = heartbeat ? new Map<string, number>() : notifications.take();
    const { retryCount } = pace;
    events.telling(told);
    const said = told.map(({ code }) => code).join(', ');
    log.info('session begins', { acs: url.host, events: said, retry: retryCount });
    try {
      await port.refreshUrl(url);
      const telling = { events: told, changed, reports, retryCount, forcedOnly: heartbeat };
      const { served, values, localAddress } = await holdSession(this.#parts, url, telling);
      ports.reached(url);
      this.#moved = port.reachedFrom(localAddress);
      log.info('session ended', { served: counted(served) });
      this.#record.ended(said, served.length);
      notifications.delivered(changed, values);
      pace.ended(!heartbeat);
      if (!heartbeat) await events.acknowledged(url, told);
      await down.asOrdered();
    } catch (error) {
      if (signal.aborted) return;
      log.warn('session failed', { code: errorCode(error), reason: explain(error) });
      this.#record.failed(error);
      ports.failed?.(errorCode(error));
      if (!heartbeat) await this.#failed(retry, told, error);
      await down.asOrdered();
    }
  }

  async #failed(retry: CwmpConfig['retry'], told: readonly InformEvent[], error: unknown): Promise<void> {
    const { pace, events, transfers, ports } = this.#parts;
    pace.failed(told);
    await events.failed(told);
    if (this.owed(transfers.pressing).length === 0) return;
    const waitMs = pace.retryLater(retry, error instanceof SessionError ? error.retryAfterSeconds : undefined);
    ports.log.info('next try', { in_s: Math.round(waitMs / 1000) });
  }
}

/** `GetParameterNames, 62 GetParameterValues`: an ACS that reads a whole device asks hundreds of times. */
function counted(served: readonly string[]): string {
  const times = new Map<string, number>();
  for (const method of served) times.set(method, (times.get(method) ?? 0) + 1);
  return [...times].map(([method, count]) => (count === 1 ? method : `${count} ${method}`)).join(', ') || 'nothing';
}
