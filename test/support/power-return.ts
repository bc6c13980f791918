import { ok, silentLog } from '#base';
import { type CwmpClient, startCwmp } from '#cwmp';
import type { Model, PathReading } from '#model';
import { type HttpConnection, HttpError } from '#platform';
import { FakeBus } from './fake-bus.ts';
import { FakeFiles } from './fake-files.ts';
import { HandClock } from './hand-clock.ts';
import { MemoryState } from './memory-state.ts';
import { openModel } from './model-fixture.ts';
import { informResponse } from './scripted-acs.ts';

/** How the ACS is found when power returns. */
export interface TownAcs {
  /** Seconds during which nobody is there: connections are refused. */
  readonly awayForSeconds: number;
  /** Sessions that it begins in a second; the others are told that it is busy (503). */
  readonly sessionsPerSecond: number;
  /** What it asks for with that (Retry-After); absent: nothing. */
  readonly retryAfterSeconds?: number;
}

export interface TownOptions {
  readonly agents: number;
  readonly acs: TownAcs;
  /** Of `Device.ManagementServer.`; 0: off. */
  readonly periodicSeconds?: number;
  /** Default: nobody can foretell it. */
  readonly random?: () => number;
  /** Ends the simulation; without it, it ends when every agent has informed. */
  readonly forSeconds?: number;
}

/** Informs that came as the same try, 0 for the first. */
export interface Window {
  readonly attempt: number;
  readonly informs: number;
  /** From the first of them to the last, in seconds since power returned. */
  readonly from: number;
  readonly to: number;
  /** In a second, counted from `from`. */
  readonly mean: number;
  readonly peak: number;
}

export interface Town {
  readonly windows: readonly Window[];
  /** When the last of them had its session. */
  readonly seconds: number;
  readonly informed: number;
  /** Of periodic Informs, in each second. */
  readonly periodic: readonly number[];
}

const stepMs = 100;

/** Fewer in a second are no load, and what chance makes of single seconds is more than any law of theirs. */
const judgedPerSecond = 25;

/** The windows after the first, which nobody can spread, in which a second brings more than twice the mean. */
export const crowded = ({ windows }: Town): Window[] =>
  windows.filter(({ attempt, mean, peak }) => attempt > 0 && mean >= judgedPerSecond && peak > 2 * mean);

/**
 * A town of agents that all start at the same moment, each the CWMP client as it ships with its own randomness, one clock and one ACS for all. The
 * model below them is one that they read only, and HTTP is played; time is moved by hand.
 */
export async function powerReturn({
  agents,
  acs,
  periodicSeconds = 0,
  forSeconds,
  random = Math.random,
}: TownOptions): Promise<Town> {
  const clock = new HandClock();
  await using shared = await sharedModel(periodicSeconds);
  const server = new PlayedAcs(clock, acs);
  let running = 0;
  const log = {
    ...silentLog,
    info: (message: string) => {
      if (message === 'session begins') running++;
      if (message === 'session ended') running--;
    },
    warn: (message: string) => {
      if (message === 'session failed') running--;
    },
  };
  const clients: CwmpClient[] = [];
  for (let at = 0; at < agents; at++) {
    let ids = 0;
    clients.push(
      await startCwmp({
        model: shared.model,
        clock,
        log,
        state: new MemoryState(),
        runtime: new MemoryState(),
        openHttp: () => server.connection(),
        listen: async () => ({ port: 7547, [Symbol.asyncDispose]: async () => {} }),
        localAddressTowards: async () => '192.0.2.7',
        random,
        randomHex: (count) => (++ids).toString(16).padStart(count * 2, '0'),
        allowPlain: true,
        reached: () => {},
        files: new FakeFiles(),
        idle: async () => true,
      }),
    );
  }
  const settled = async (): Promise<void> => {
    do await new Promise((resolve) => setImmediate(resolve));
    while (running > 0);
    // What follows from how they ended, such as the time of the next try.
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  await settled();
  const over = (): boolean =>
    forSeconds === undefined ? server.booted === agents : clock.monotonicMs() >= forSeconds * 1000;
  const limitMs = 24 * 3_600_000;
  while (!over() && clock.monotonicMs() < limitMs) {
    clock.advance(Math.max(stepMs, clock.nextMs ?? stepMs));
    await settled();
  }
  const seconds = clock.monotonicMs() / 1000;
  for (const client of clients) await client[Symbol.asyncDispose]();
  return { windows: server.windows(), seconds, informed: server.booted, periodic: server.periodic };
}

class PlayedAcs {
  /** Boots that it has taken note of. */
  booted = 0;
  readonly periodic: number[] = [];
  readonly #clock: HandClock;
  readonly #acs: TownAcs;
  readonly #tries: { readonly atMs: number; readonly attempt: number }[] = [];
  #second = -1;
  #begun = 0;

  constructor(clock: HandClock, acs: TownAcs) {
    this.#clock = clock;
    this.#acs = acs;
  }

  connection(): HttpConnection {
    return {
      localAddress: '192.0.2.7',
      send: async (_, { body }) => {
        const answer = { status: 204, headers: {}, wwwAuthenticate: [], setCookie: [], body: '' };
        if (!body.includes('<cwmp:Inform>')) return answer;
        const atMs = this.#clock.monotonicMs();
        this.#count(body, atMs);
        if (atMs < this.#acs.awayForSeconds * 1000) throw new HttpError('HTTP_CONNECT', 'no connection');
        const second = Math.floor(atMs / 1000);
        if (second !== this.#second) this.#begun = 0;
        this.#second = second;
        if (++this.#begun > this.#acs.sessionsPerSecond) {
          const { retryAfterSeconds } = this.#acs;
          const headers = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
          return { ...answer, status: 503, headers };
        }
        if (body.includes('1 BOOT')) this.booted++;
        return { ...answer, status: 200, body: informResponse(body) };
      },
      [Symbol.dispose]: () => {},
    };
  }

  windows(): Window[] {
    const attempts = Math.max(...this.#tries.map(({ attempt }) => attempt));
    return Array.from({ length: attempts + 1 }, (_, attempt) => windowOf(attempt, this.#tries)).filter(
      ({ informs }) => informs > 0,
    );
  }

  #count(body: string, atMs: number): void {
    if (body.includes('2 PERIODIC')) {
      const second = Math.floor(atMs / 1000);
      this.periodic[second] = (this.periodic[second] ?? 0) + 1;
      return;
    }
    this.#tries.push({ atMs, attempt: Number(/<RetryCount>(\d+)</.exec(body)![1]) });
  }
}

function windowOf(attempt: number, tries: readonly { readonly atMs: number; readonly attempt: number }[]): Window {
  const times = tries.filter((one) => one.attempt === attempt).map(({ atMs }) => atMs / 1000);
  let from = Number.POSITIVE_INFINITY;
  let to = 0;
  for (const time of times) {
    from = Math.min(from, time);
    to = Math.max(to, time);
  }
  const seconds = new Map<number, number>();
  for (const time of times) seconds.set(Math.floor(time - from), (seconds.get(Math.floor(time - from)) ?? 0) + 1);
  const mean = times.length / Math.max(1, to - from);
  return { attempt, informs: times.length, from, to, mean, peak: Math.max(0, ...seconds.values()) };
}

/** One for all, read once: what an agent declares in it is its own affair, and nothing in it changes. */
async function sharedModel(periodicSeconds: number): Promise<AsyncDisposable & { readonly model: Model }> {
  const tandem = `config agent 'agent'\n\nconfig device 'device'\n\nconfig cwmp 'cwmp'\n\toption url 'http://acs.example/'\n\toption periodic_inform '${periodicSeconds > 0 ? 1 : 0}'\n\toption periodic_inform_interval '${periodicSeconds || 86_400}'\n`;
  const packages = { tandem, network: '', wireless: '', firewall: '', system: '', dhcp: '' };
  const bus = new FakeBus({ 'system board': () => ({ model: 'Box' }) });
  const fixture = await openModel({ bus, packages });
  const known = new Map<string, Promise<readonly PathReading[]>>();
  const model: Model = {
    supported: (protocol) => fixture.model.supported(protocol),
    coverage: (protocol) => fixture.model.coverage(protocol),
    get(view, paths) {
      const key = `${view.reveal} ${paths.join()}`;
      const reading = known.get(key) ?? fixture.model.get(view, paths);
      known.set(key, reading);
      return reading;
    },
    names: (...args) => fixture.model.names(...args),
    instances: (...args) => fixture.model.instances(...args),
    write: (...args) => fixture.model.write(...args),
    applyPostponed: async () => {},
    operate: (...args) => fixture.model.operate(...args),
    begin: (operation) => fixture.model.begin(operation),
    watch: async () => ok({ [Symbol.dispose]: () => {} }),
    declare: () => ({ [Symbol.dispose]: () => {} }),
    declareTable: (declaration) => fixture.model.declareTable(declaration),
    raise: () => {},
    changed: async () => {},
  };
  return { model, [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose]() };
}
