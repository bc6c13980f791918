import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '#base';
import { type AcsRpc, type Lab, startLab } from '#lab';
import { connectUbus, type UbusClient } from '#platform';
import { deviceNode } from '../../bench/figures/figures.ts';

/** What the daemon holds between sessions, after a collection. Sizes in bytes. */
export interface Holding {
  readonly sessions: number;
  readonly files: number;
  readonly timers: number;
  readonly heap: number;
  /** Beside the heap, known to it. */
  readonly external: number;
  readonly resident: number;
}

export interface CampaignOptions {
  readonly dist: string;
  readonly sessions: number;
  readonly sampleEach: number;
  readonly onSample?: (holding: Holding) => void;
}

/**
 * One daemon as it runs on a device and session after session with the lab's ACS over mutual TLS, most of them with nothing to do, some with
 * reading, writing, or a request that fails.
 */
export async function manySessions(options: CampaignOptions): Promise<Holding[]> {
  const directory = mkdtempSync(join(tmpdir(), 'tandem-campaign-'));
  // As far from the top when it is bundled for a script.
  const preload = join(import.meta.dirname, '../../test/support/report-memory.cjs');
  let told: ((line: string) => void) | undefined;
  try {
    await using lab = await startLab({
      dist: options.dist,
      directory,
      node: { ...deviceNode, flags: [...deviceNode.flags, '--require', preload] },
      onAgentLine: (line) => {
        if (line.startsWith('memory ')) told?.(line.slice('memory '.length));
      },
    });
    await lab.startAgent();
    await lab.acs.inform(() => true);
    await using bus = await connectUbus({ path: lab.router.socketPath, log: silentLog });
    const samples: Holding[] = [];
    for (let sessions = 1; sessions <= options.sessions; sessions++) {
      await session(lab, bus, sessions);
      if (sessions % options.sampleEach !== 0) continue;
      const line = new Promise<string>((resolve) => {
        told = resolve;
      });
      process.kill(lab.agentPid!, 'SIGUSR2');
      const holding: Holding = { sessions, ...JSON.parse(await line) };
      samples.push(holding);
      options.onSample?.(holding);
    }
    if (lab.acs.violations.length > 0) throw new Error(lab.acs.violations.join('\n'));
    return samples;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function session(lab: Lab, bus: UbusClient, number: number): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    const heard = lab.acs.events.on(({ kind }) => {
      if (kind !== 'session-end') return;
      heard[Symbol.dispose]();
      resolve();
    });
  });
  const calls = callsOf(number).map((rpc) => lab.acs.call(lab.device, rpc));
  await bus.invoke('tandem', 'inform', {});
  await ended;
  await Promise.all(calls);
  // The agent sees the end a little later than the ACS; an order in between would be told in the next session only.
  await until(async () => {
    const { cwmp } = (await bus.invoke('tandem', 'status', {})) as { cwmp: { state: string; pending: string } };
    return cwmp.state === 'idle' && cwmp.pending === '';
  });
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 2));
}

function callsOf(number: number): AcsRpc[] {
  const ssid = 'Device.WiFi.SSID.1.SSID';
  if (number % 200 === 0) return [{ rpc: 'GetParameterValues', names: ['Device.'] }];
  if (number % 50 === 10) return [{ rpc: 'SetParameterValues', values: [{ name: ssid, value: `Town ${number}` }] }];
  if (number % 50 === 20) return [{ rpc: 'GetParameterNames', path: 'Device.Nothing.', nextLevel: true }];
  if (number % 10 === 5) return [{ rpc: 'GetParameterValues', names: ['Device.DeviceInfo.', ssid] }];
  return [];
}

export interface Growth {
  readonly files: number;
  readonly timers: number;
  readonly heap: number;
  readonly external: number;
  readonly resident: number;
}

export const growthOf = (from: Holding, to: Holding): Growth => ({
  files: to.files - from.files,
  timers: to.timers - from.timers,
  heap: to.heap - from.heap,
  external: to.external - from.external,
  resident: to.resident - from.resident,
});
