import { channel } from 'node:diagnostics_channel';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { silentLog } from '#base';
import type { AcsRpc, Lab } from '#lab';
import { connectUbus, type UbusClient } from '#platform';
import { warm, withLab } from './agent.ts';
import { type Figures, median } from './figures.ts';

export const cwmpNames = [
  'cwmp_minimal_session_ms',
  'cwmp_minimal_session_own_ms',
  'cwmp_refresh_800_ms',
  'cwmp_refresh_800_own_ms',
  'cwmp_refresh_800_cpu_ms',
  'cwmp_gpv_us_per_param',
];

const rounds = 12;
const warming = 2;
const settle = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Sessions with the lab's ACS over mutual TLS on a router with 800 parameters and more. What is `own` leaves the ACS's time out: from the end of
 * its message until ours has come whole. All of it shares this machine's processors.
 */
export async function cwmpFigures(dist: string): Promise<Figures> {
  const figures: Figures = {};
  await withLab(dist, async (lab) => {
    await warm(lab);
    Object.assign(figures, await sessions(lab));
  });
  return figures;
}

export async function sessions(lab: Lab): Promise<Figures> {
  for (let n = 1; n <= 26; n++) {
    const byte = n.toString(16).padStart(2, '0');
    lab.router.joinStation({ mac: `02:00:00:00:01:${byte}`, name: `station-${n}`, host: 60 + n });
  }
  await settle(500);
  // Over ubus: connection requests as often as this would be dropped as a flood.
  await using bus = await connectUbus({ path: lab.router.socketPath, log: silentLog });
  using own = new OwnTime();
  const minimal: Sample[] = [];
  const refresh: Sample[] = [];
  const values: number[] = [];
  let count = 0;
  for (let round = 0; round < rounds; round++) {
    minimal.push(await session(lab, bus, own));
    const names = lab.acs.call(lab.device, { rpc: 'GetParameterNames', path: 'Device.', nextLevel: false });
    const all = lab.acs.call(lab.device, { rpc: 'GetParameterValues', names: ['Device.'] });
    const sample = await session(lab, bus, own, 'GetParameterNames');
    await names;
    count = (await all).values!.size;
    refresh.push(sample);
    values.push((sample.steps.at(-1)! * 1000) / count);
  }
  if (count < 800) throw new Error(`the router has ${count} parameters only`);
  const of = (samples: readonly Sample[], what: (sample: Sample) => number): number =>
    median(samples.slice(warming).map(what));
  const per800 = 800 / count;
  return {
    cwmp_minimal_session_ms: of(minimal, ({ wallMs }) => wallMs),
    cwmp_minimal_session_own_ms: of(minimal, ({ steps }) => sum(steps)),
    cwmp_refresh_800_ms: of(refresh, ({ wallMs }) => wallMs) * per800,
    cwmp_refresh_800_own_ms: of(refresh, ({ steps }) => sum(steps)) * per800,
    cwmp_refresh_800_cpu_ms: of(refresh, ({ cpuMs }) => cpuMs) * per800,
    cwmp_gpv_us_per_param: median(values.slice(warming)),
  };
}

interface Sample {
  readonly wallMs: number;
  /** The agent's processor time, to 10 ms. */
  readonly cpuMs: number;
  /** How long each of the agent's messages took, in order. */
  readonly steps: readonly number[];
}

/** @param from counted from when the ACS asks this; absent: from the order on, with connection, handshake and authentication */
async function session(lab: Lab, bus: UbusClient, own: OwnTime, from?: AcsRpc['rpc']): Promise<Sample> {
  await settle(100);
  const seen = lab.acs.informs.length;
  let began = 0;
  let cpu = 0;
  const begin = (): void => {
    began ||= performance.now();
    cpu ||= cpuMs(lab.agentPid!);
    own.begin();
  };
  const ended = new Promise<number>((resolve) => {
    const heard = lab.acs.events.on((event) => {
      if (event.kind === 'call' && event.rpc === from) begin();
      if (event.kind !== 'session-end') return;
      heard[Symbol.dispose]();
      resolve(performance.now());
    });
  });
  if (from === undefined) begin();
  await bus.invoke('tandem', 'inform', {});
  await lab.acs.inform(() => true, seen);
  const wallMs = (await ended) - began;
  return { wallMs, cpuMs: cpuMs(lab.agentPid!) - cpu, steps: [...own.steps] };
}

/** From the end of what a server in this process has said until the client's next message is there whole, in milliseconds. */
class OwnTime implements Disposable {
  readonly steps: number[] = [];
  #saidMs: number | undefined;
  readonly #finished = (): void => {
    this.#saidMs = performance.now();
  };
  readonly #started = (message: unknown): void => {
    (message as { readonly request: IncomingMessage }).request.once('end', () => {
      if (this.#saidMs !== undefined) this.steps.push(performance.now() - this.#saidMs);
      this.#saidMs = undefined;
    });
  };

  constructor() {
    channel('http.server.response.finish').subscribe(this.#finished);
    channel('http.server.request.start').subscribe(this.#started);
  }

  begin(): void {
    this.steps.length = 0;
    this.#saidMs = performance.now();
  }

  [Symbol.dispose](): void {
    channel('http.server.response.finish').unsubscribe(this.#finished);
    channel('http.server.request.start').unsubscribe(this.#started);
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

const tickMs = 10;
const cpuMs = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
};
