import { readFileSync } from 'node:fs';
import { configureAgent, type Lab } from '#lab';
import { warm, withLab } from './agent.ts';
import { type Figures, median } from './figures.ts';
import { RawController } from './raw-controller.ts';

export const loadNames = ['usp_get_p50_ms', 'usp_get_cpu_us', 'usp_get_pipelined_per_s', 'usp_get_pipelined_cpu_us'];

const one = { get: { paramPaths: ['Device.WiFi.SSID.1.SSID'], maxDepth: 0 } };

/** One parameter, asked for again and again, by a driver that costs next to nothing: what is left is the agent. */
export async function loadFigures(dist: string): Promise<Figures> {
  const figures: Figures = {};
  await withRaw(dist, async (raw, lab) => {
    Object.assign(figures, await getFigures(raw, lab.agentPid!));
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

/** @param pid of the agent, whose processor time is told apart from the driver's */
export async function getFigures(raw: RawController, pid: number): Promise<Figures> {
  const answer = await raw.ask(one);
  if (answer.body.kind !== 'response') throw new Error('the parameter was not answered');
  await raw.run(raw.frames(one, 3000), 1);
  await raw.run(raw.frames(one, 3000), 64);
  const sequential = raw.frames(one, 4000);
  const cpu = processorMs(pid);
  const times = await raw.run(sequential, 1);
  const between = processorMs(pid);
  const pipelined = raw.frames(one, 20_000);
  const before = performance.now();
  await raw.run(pipelined, 128);
  const took = performance.now() - before;
  return {
    usp_get_p50_ms: median([...times]),
    usp_get_cpu_us: ((between - cpu) * 1000) / sequential.length,
    usp_get_pipelined_per_s: (pipelined.length * 1000) / took,
    usp_get_pipelined_cpu_us: ((processorMs(pid) - between) * 1000) / pipelined.length,
  };
}

/** User and system time, to a tick of 10 ms. */
export function processorMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
