import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Figures } from './figures.ts';
import { RawController } from './raw-controller.ts';
import { aloneFigures, largeFigures, withRaw } from './usp-load.ts';

/** Its program, where there is one; nothing of it comes with Tandem. `LD_LIBRARY_PATH` is its own affair. */
const program = process.env.TANDEM_OBUSPA;
const names = ['usp_get_p50_ms', 'usp_get_cpu_us', 'usp_raw_add_100_ms', 'usp_raw_get_100_subs_ms', 'usp_raw_gsdm_ms'];
export const peerNames = program ? names.flatMap((name) => [`both_tandem_${name}`, `both_obuspa_${name}`]) : [];

const path = 'Device.LocalAgent.Controller.1.Enable';
const endpointId = 'proto::obuspa';

/** The same requests to both agents, one after the other, by the same driver; one at a time, since the other one leaves some of several without an answer until more comes. */
export async function peerFigures(dist: string): Promise<Figures> {
  const figures: Figures = {};
  const measure = async (agent: 'tandem' | 'obuspa', raw: RawController, pid: number, warm: number): Promise<void> => {
    const measured = {
      ...(await aloneFigures(raw, pid, path, warm, 300)),
      ...(await largeFigures(raw)),
    };
    for (const [name, value] of Object.entries(measured)) figures[`both_${agent}_${name}`] = value;
  };
  await withRaw(dist, (raw, lab) => measure('tandem', raw, lab.agentPid!, 6000));
  await withPeer((raw, pid) => measure('obuspa', raw, pid, 50));
  return figures;
}

async function withPeer(use: (raw: RawController, pid: number) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'tandem-bench-peer-'));
  await using raw = await RawController.listen('proto::raw-controller');
  const controller = 'Device.LocalAgent.Controller.1.';
  const settings: Record<string, string | number> = {
    'Device.LocalAgent.EndpointID': endpointId,
    [`${controller}EndpointID`]: raw.endpointId,
    [`${controller}Enable`]: 'true',
    [`${controller}AssignedRole`]: 'Device.LocalAgent.ControllerTrust.Role.1',
    [`${controller}MTP.1.Enable`]: 'true',
    [`${controller}MTP.1.Protocol`]: 'WebSocket',
    [`${controller}MTP.1.WebSocket.Host`]: '127.0.0.1',
    [`${controller}MTP.1.WebSocket.Port`]: raw.port,
    [`${controller}MTP.1.WebSocket.Path`]: '/usp',
    [`${controller}MTP.1.WebSocket.EnableEncryption`]: 'false',
    'Internal.Reboot.Cause': 'LocalFactoryReset',
  };
  const text = Object.entries(settings).map(([name, value]) => `${name} "${value}"\n`);
  writeFileSync(join(directory, 'reset.txt'), text.join(''));
  const file = (name: string): string => join(directory, name);
  const args = ['-f', file('usp.db'), '-r', file('reset.txt'), '-s', file('cli.sock'), '-v', '0', '-l', file('log')];
  // It leaves an answer lying now and then until something else happens.
  const wake = setInterval(() => raw.ping(), 1000);
  const peer = spawn(program!, args, { stdio: 'ignore' });
  try {
    await Promise.race([raw.connected(endpointId), ended(peer)]);
    await use(raw, peer.pid!);
  } finally {
    clearInterval(wake);
    peer.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  }
}

const ended = (peer: ChildProcess): Promise<never> =>
  new Promise((_, reject) => {
    peer.once('error', reject);
    peer.once('exit', (code) => reject(new Error(`the other agent ended with ${code}`)));
  });
