import type { Clock, Log } from '#base';
import type { BlobTable } from '#platform';
import type { CallLog } from './call-log.ts';
import type { Failures } from './failures.ts';
import { type RouterObject, StatusError, status } from './objects/object.ts';
import type { LocalCall, LocalParty, UbusDaemon } from './ubusd/daemon.ts';
import type { Registered } from './ubusd/registry.ts';
import { argumentKind, encodeTable } from './ubusd/wire.ts';

interface Published {
  readonly object: RouterObject;
  registered: Registered | undefined;
}

/** The router's daemons on the bus: their objects, their calls, and the faults that are injected into them. */
export class Providers {
  readonly #daemon: UbusDaemon;
  readonly #clock: Clock;
  readonly #failures: Failures;
  readonly #calls: CallLog;
  readonly #log: Log;
  readonly #published = new Map<string, Published>();
  readonly #parties = new Map<string, LocalParty>();
  readonly #timers = new Set<Disposable>();

  constructor(daemon: UbusDaemon, parts: { clock: Clock; failures: Failures; calls: CallLog; log: Log }) {
    this.#daemon = daemon;
    this.#clock = parts.clock;
    this.#failures = parts.failures;
    this.#calls = parts.calls;
    this.#log = parts.log;
  }

  has(path: string): boolean {
    return this.#published.has(path);
  }

  paths(prefix: string): string[] {
    return [...this.#published.keys()].filter((path) => path.startsWith(prefix));
  }

  publish(object: RouterObject): void {
    const published: Published = { object, registered: undefined };
    this.#published.set(object.path, published);
    if (this.#daemon.running) this.#register(published);
  }

  withdraw(path: string): void {
    const published = this.#published.get(path);
    this.#published.delete(path);
    if (published?.registered !== undefined && this.#daemon.running) this.#daemon.removeObject(published.registered);
  }

  /** After ubusd came back: every daemon connects again. */
  registerAll(): void {
    this.#parties.clear();
    for (const published of this.#published.values()) this.#register(published);
  }

  notify(path: string, name: string, data: BlobTable): void {
    const registered = this.#published.get(path)?.registered;
    if (registered !== undefined && this.#daemon.running) this.#daemon.notify(registered, name, data);
  }

  dispose(): void {
    for (const timer of this.#timers) timer[Symbol.dispose]();
    this.#timers.clear();
  }

  #register(published: Published): void {
    const { path, provider, methods } = published.object;
    const signature = Object.fromEntries(
      Object.entries(methods).map(([name, { args }]) => [
        name,
        Object.fromEntries(Object.entries(args).map(([argument, type]) => [argument, argumentKind[type]])),
      ]),
    );
    published.registered = this.#daemon.addLocal(this.#party(provider), path, encodeTable(signature));
  }

  #party(provider: string): LocalParty {
    const known = this.#parties.get(provider);
    if (known !== undefined) return known;
    const party: LocalParty = {
      id: this.#daemon.freshPartyId(),
      send: () => {},
      called: (call) => this.#called(provider, call),
    };
    this.#parties.set(provider, party);
    return party;
  }

  #called(provider: string, call: LocalCall): void {
    const path = call.object.path!;
    this.#calls.add({ object: path, method: call.method, atMs: this.#clock.monotonicMs() });
    const failure = this.#failures.for(path, call.method);
    switch (failure?.kind) {
      case undefined:
        this.#answer(call);
        break;
      case 'hang':
        break;
      case 'die':
        this.#die(provider, failure.backAfterMs);
        break;
      case 'garbage':
        call.data(failure.answer);
        call.status(status.ok);
        break;
      case 'drop-data':
        this.#answer({ ...call, data: () => {}, status: (code) => call.status(code) });
        break;
      case 'slow':
        this.#later(failure.delayMs, () => this.#answer(call));
        break;
    }
  }

  #answer(call: LocalCall): void {
    const method = this.#published.get(call.object.path!)?.object.methods[call.method];
    if (method === undefined || !Object.hasOwn(this.#published.get(call.object.path!)!.object.methods, call.method)) {
      call.status(status.methodNotFound);
      return;
    }
    // libubus refuses a call without DATA, and one whose DATA is no table.
    if (call.args === undefined) {
      call.status(status.invalidArgument);
      return;
    }
    try {
      const answer = method.call(call.args);
      if (answer !== undefined) call.data(answer);
      call.status(status.ok);
    } catch (error) {
      if (!(error instanceof StatusError))
        this.#log.error('a method of the router failed', { object: call.object.path, method: call.method, error });
      call.status(error instanceof StatusError ? error.status : status.unknownError);
    }
  }

  #die(provider: string, backAfterMs: number): void {
    const own = [...this.#published.values()].filter((published) => published.object.provider === provider);
    for (const published of own) {
      if (published.registered !== undefined) this.#daemon.removeObject(published.registered);
      published.registered = undefined;
    }
    this.#parties.delete(provider);
    this.#later(backAfterMs, () => {
      if (!this.#daemon.running) return;
      for (const published of own)
        if (this.#published.get(published.object.path) === published && published.registered === undefined)
          this.#register(published);
    });
  }

  #later(delayMs: number, work: () => void): void {
    const timer = this.#clock.timer(delayMs, () => {
      this.#timers.delete(timer);
      work();
    });
    this.#timers.add(timer);
  }
}
