import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Lab, startLab } from '#lab';
import { sessions } from './cwmp.ts';
import { deviceNode, type Figures, median } from './figures.ts';

const settle = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The daemon as procd starts it, managed by the lab's ACS and controller over mutual TLS; all of it shares this machine's processors. */
export async function agentFigures(dist: string): Promise<Figures> {
  const starts: number[] = [];
  const idle: number[] = [];
  for (let round = 0; round < 5; round++) {
    await withLab(dist, async (lab) => {
      const before = performance.now();
      const started = lab.startAgent();
      await lab.acs.inform(() => true);
      starts.push(performance.now() - before);
      await Promise.all([started, lab.controller.connected(lab.endpoint)]);
      await settle(2500);
      idle.push(residentMb(lab.agentPid!));
    });
  }
  const figures: Figures = { start_to_first_inform_ms: median(starts), rss_idle_mb: median(idle) };
  figures.start_bare_node_ms = bareStart();
  figures.rss_bare_node_mb = await bareNode();
  await withLab(dist, async (lab) => {
    await warm(lab);
    figures.usp_get_tls_p50_ms = await getOverTls(lab);
    await sessions(lab);
    figures.rss_peak_mb =
      Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${lab.agentPid}/status`, 'utf8'))![1]) / 1024;
  });
  return figures;
}

/** Started, connected, and past the point from which the daemon lets its code be optimized. */
export async function warm(lab: Lab): Promise<void> {
  await lab.startAgent();
  await lab.controller.connected(lab.endpoint);
  await lab.acs.inform(() => true);
  await settle(3500);
}

export async function withLab(dist: string, use: (lab: Lab) => Promise<void>, plain = false): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'tandem-bench-'));
  try {
    await using lab = await startLab({ dist, directory, plain, node: deviceNode });
    await use(lab);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const residentMb = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;

/** Start and end of a node that does nothing: what the speed of this machine, at this moment, makes of a start. */
function bareStart(): number {
  const starts: number[] = [];
  for (let round = 0; round < 7; round++) {
    const before = performance.now();
    spawnSync(process.execPath, [...deviceNode.flags, '-e', '0'], { env: deviceNode.environment });
    starts.push(performance.now() - before);
  }
  return median(starts);
}

/** The same flags and nothing to do: what the runtime itself takes. */
async function bareNode(): Promise<number> {
  const node = spawn(process.execPath, [...deviceNode.flags, '-e', 'setInterval(() => {}, 1e9)'], {
    env: deviceNode.environment,
    stdio: 'ignore',
  });
  await settle(1000);
  const resident = residentMb(node.pid!);
  node.kill('SIGKILL');
  return resident;
}

/** The lab's controller, which is no faster than the agent, is in it. */
async function getOverTls({ controller, endpoint }: Lab): Promise<number> {
  const one = async (): Promise<void> => {
    const answer = await controller.ask(
      endpoint,
      { get: { paramPaths: ['Device.WiFi.SSID.1.SSID'], maxDepth: 0 } },
      'getResp',
    );
    if (!answer.ok) throw new Error(answer.fault.errMsg);
  };
  for (let round = 0; round < 2000; round++) await one();
  const samples: number[] = [];
  for (let round = 0; round < 2000; round++) {
    const before = performance.now();
    await one();
    samples.push(performance.now() - before);
  }
  return median(samples);
}
