import { type Clock, explain, type Log } from '#base';
import type { BlobTable, Bus, Files, Programs, Scripts, Uci } from '#platform';
import { createHandlers, type HandlerName, type Handlers } from '../handlers/index.ts';
import type { SourceText } from './grammar.ts';

/** What the model reads from. */
export interface SourcePorts {
  readonly bus: Bus;
  readonly uci: Uci;
  readonly files: Files;
  readonly scripts: Scripts;
  /** Absent: modems that netifd drives itself are not asked. */
  readonly programs?: Programs;
  readonly clock: Clock;
  readonly log: Log;
}

/** What one call of a source gave. A failure is kept: it costs its own parameters only. */
export type Answer = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly reason: string };

export const callTimeoutMs = 5000;

/**
 * Asks sources. Answers of ubus calls are shared: identical calls in flight coalesce, and one is used again for as long
 * as its source says it is fresh.
 */
export class Sources {
  readonly ports: SourcePorts;
  readonly handlers: Handlers;
  /** Of ubus calls, since start: for tests and the bench. */
  calls = 0;
  readonly #kept = new Map<string, { readonly answer: Answer; readonly atMs: number }>();
  readonly #flying = new Map<string, Promise<Answer>>();

  constructor(ports: SourcePorts) {
    this.ports = ports;
    this.handlers = createHandlers(ports);
  }

  /** Something has changed on the device: nothing that was kept is fresh any more. */
  forget(): void {
    this.#kept.clear();
  }

  fresh(key: string, freshSeconds: number): Answer | undefined {
    const kept = this.#kept.get(key);
    if (!kept) return undefined;
    if (this.ports.clock.monotonicMs() - kept.atMs <= freshSeconds * 1000) return kept.answer;
    this.#kept.delete(key);
    return undefined;
  }

  call(
    key: string,
    source: SourceText,
    args: BlobTable,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<Answer> {
    const flying = this.#flying.get(key);
    if (flying) return flying;
    const asked = this.#invoke(source, args, timeoutMs, signal).then((answer) => {
      this.#flying.delete(key);
      if (answer.ok && source.fresh) this.#kept.set(key, { answer, atMs: this.ports.clock.monotonicMs() });
      return answer;
    });
    this.#flying.set(key, asked);
    return asked;
  }

  async #invoke(
    source: SourceText,
    args: BlobTable,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<Answer> {
    if (source.handler) {
      try {
        return { ok: true, value: await this.handlers[source.handler as HandlerName]() };
      } catch (error) {
        return { ok: false, reason: explain(error) };
      }
    }
    if (source.script) {
      try {
        return { ok: true, value: await this.ports.scripts.run(source.script, callTimeoutMs, signal) };
      } catch (error) {
        this.ports.log.warn('a script gave nothing', { script: source.script, error });
        return { ok: false, reason: explain(error) };
      }
    }
    const [object, method] = source.ubus!;
    if (timeoutMs <= 0) return { ok: false, reason: `ubus ${object} ${method}: the bus has not answered for too long` };
    this.calls++;
    try {
      const value = await this.ports.bus.invoke(object, method, args, {
        timeoutMs,
        ...(signal && { signal }),
      });
      return { ok: true, value };
    } catch (error) {
      this.ports.log.debug('a source did not answer', { object, method, error });
      return { ok: false, reason: `ubus ${object} ${method}: ${explain(error)}` };
    }
  }
}
