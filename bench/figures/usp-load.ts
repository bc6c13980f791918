import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { configureAgent, type Lab } from '#lab';
import type { Requests } from '#usp';
import { warm, withLab } from './agent.ts';
import { type Figures, median } from './figures.ts';
import { RawController } from './raw-controller.ts';

export const loadNames = [
  'usp_get_p50_ms',
  'usp_get_cpu_us',
  'usp_get_pipelined_per_s',
  'usp_get_pipelined_cpu_us',
  'usp_raw_add_1000_ms',
  'usp_raw_get_1000_subs_ms',
  'usp_raw_gsdm_ms',
  'usp_start_to_connect_ms',
  'usp_boot_1001_ms',
];
/** Requests on their way at once. */
const window = 128;

/** One parameter, asked for again and again, by a driver that costs next to nothing: what is left is the agent. */
export async function loadFigures(dist: string): Promise<Figures> {
  const figures: Figures = {};
  await withRaw(dist, async (raw, lab) => {
    const parameter = 'Device.WiFi.SSID.1.SSID';
    Object.assign(figures, await aloneFigures(raw, lab.agentPid!, parameter, 6000, 4000));
    Object.assign(figures, await togetherFigures(raw, lab.agentPid!, parameter));
    Object.assign(figures, await largeFigures(raw));
    figures.usp_start_to_connect_ms = await startFigure(raw, lab, 1);
    figures.usp_boot_1001_ms = await bootFigure(raw, lab);
  });
  return figures;
}

/** A lab whose agent has a further controller: the driver. */
export async function withRaw(dist: string, use: (raw: RawController, lab: Lab) => Promise<void>): Promise<void> {
  await using raw = await RawController.listen('proto::raw-controller');
  await withLab(
    dist,
    async (lab) => {
      // The first start takes over the factory's controllers, and only if there are no others.
      await lab.startAgent();
      await lab.stopAgent();
      const mtp = { protocol: 'WebSocket', host: '127.0.0.1', port: raw.port, path: '/usp', encryption: 0 };
      configureAgent(lab.router, [
        ['controller', 'raw', { enable: 1, endpoint_id: raw.endpointId, role: 'full', onboarding_complete: 1 }],
        ['controller_mtp', 'raw_mtp', { controller: 'raw', enable: 1, ...mtp }],
      ]);
      await warm(lab);
      await raw.connected(lab.endpoint);
      await use(raw, lab);
    },
    true,
  );
}

/** @param pid of the agent, whose processor time is told apart from the driver's; @param warm rounds before those that count */
export async function aloneFigures(
  raw: RawController,
  pid: number,
  path: string,
  warm: number,
  rounds: number,
): Promise<Figures> {
  const one = { get: { paramPaths: [path], maxDepth: 0 } };
  await answered(raw, one);
  await raw.run(raw.frames(one, warm), 1);
  const frames = raw.frames(one, rounds);
  const cpu = processorMs(pid);
  const times = await raw.run(frames, 1);
  return {
    usp_get_p50_ms: median([...times]),
    usp_get_cpu_us: ((processorMs(pid) - cpu) * 1000) / rounds,
  };
}

async function togetherFigures(raw: RawController, pid: number, path: string): Promise<Figures> {
  const one = { get: { paramPaths: [path], maxDepth: 0 } };
  await raw.run(raw.frames(one, 3000), window);
  const frames = raw.frames(one, 20_000);
  const cpu = processorMs(pid);
  const began = performance.now();
  await raw.run(frames, window);
  return {
    usp_get_pipelined_per_s: (frames.length * 1000) / (performance.now() - began),
    usp_get_pipelined_cpu_us: ((processorMs(pid) - cpu) * 1000) / frames.length,
  };
}

/** From the start of the process to its connect record, which is the first message, or to a later one. */
async function startFigure(raw: RawController, lab: Lab, messages: number): Promise<number> {
  const samples: number[] = [];
  for (let round = 0; round < 5; round++) {
    await lab.stopAgent();
    // Gone with the power: without it the agent takes the start for one of the process alone, which is no Boot!.
    rmSync(join(lab.router.root, 'var/run/tandem'), { recursive: true, force: true });
    const before = raw.messages;
    const began = performance.now();
    const started = lab.startAgent();
    await raw.count(before + messages);
    samples.push(performance.now() - began);
    await started;
  }
  return median(samples);
}

/** From the start of the process to the last of 1,001 notifications of Boot!. */
async function bootFigure(raw: RawController, lab: Lab): Promise<number> {
  const settings = { Enable: 'true', Persistent: 'true', NotifType: 'Event', ReferenceList: 'Device.Boot!' };
  const createObjs = Array.from({ length: 1001 }, (_, n) => ({
    objPath: subscriptions,
    paramSettings: Object.entries({ ID: `s${n}`, ...settings }).map(([param, value]) => setting(param, value)),
  }));
  await answered(raw, { add: { allowPartial: false, createObjs } });
  return startFigure(raw, lab, 1 + createObjs.length);
}

const subscriptions = 'Device.LocalAgent.Subscription.';
const setting = (param: string, value: string) => ({ param, value, required: true });

/** Large messages, from the request's first byte to the answer's last: medians of three. */
export async function largeFigures(raw: RawController, rows = 1000): Promise<Figures> {
  const createObjs = Array.from({ length: rows }, (_, n) => ({
    objPath: subscriptions,
    paramSettings: [
      setting('ID', `s${n}`),
      setting('Enable', 'true'),
      setting('NotifType', 'ValueChange'),
      setting('ReferenceList', 'Device.LocalAgent.Controller.1.Enable'),
    ],
  }));
  const all = { returnCommands: true, returnEvents: true, returnParams: true, returnUniqueKeySets: true };
  const times: Record<string, number[]> = {};
  const timed = async (name: string, request: Partial<Requests>): Promise<void> => {
    const before = performance.now();
    await answered(raw, request);
    times[name] = [...(times[name] ?? []), performance.now() - before];
  };
  for (let round = 0; round < 3; round++) {
    await timed(`usp_raw_add_${rows}_ms`, { add: { allowPartial: false, createObjs } });
    await timed(`usp_raw_get_${rows}_subs_ms`, { get: { paramPaths: [subscriptions], maxDepth: 0 } });
    await answered(raw, { delete: { allowPartial: false, objPaths: [`${subscriptions}*.`] } });
    await timed('usp_raw_gsdm_ms', { getSupportedDm: { objPaths: ['Device.'], firstLevelOnly: false, ...all } });
  }
  return Object.fromEntries(Object.entries(times).map(([name, samples]) => [name, median(samples)]));
}

async function answered(raw: RawController, request: Partial<Requests>): Promise<void> {
  const { body } = await raw.ask(request);
  if (body.kind !== 'response') throw new Error(`${Object.keys(request)[0]} was answered by an error`);
}

/** Processor time of all threads so far, milliseconds. */
export function processorMs(pid: number): number {
  const tasks = readdirSync(`/proc/${pid}/task`);
  const spent = tasks.map((task) => Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]));
  return spent.reduce((sum, nanoseconds) => sum + nanoseconds, 0) / 1e6;
}
