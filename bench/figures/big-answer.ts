import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '#base';
import { startLab } from '#lab';
import { connectUbus } from '#platform';
import { deviceNode, type Figures } from './figures.ts';

const hosts = 690;
const settle = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * One GetParameterValues of everything on a router with 7,000 parameters: how far the daemon's resident memory goes above what it was before,
 * at its highest. The answer goes over TLS, as on a device.
 */
export async function bigAnswerFigures(dist: string): Promise<Figures> {
  const directory = mkdtempSync(join(tmpdir(), 'tandem-bench-'));
  try {
    await using lab = await startLab({ dist, directory, node: deviceNode });
    await lab.startAgent();
    await lab.acs.inform(() => true);
    await using bus = await connectUbus({ path: lab.router.socketPath, log: silentLog });
    const read = async (): Promise<number> => {
      const values = lab.acs.call(lab.device, { rpc: 'GetParameterValues', names: ['Device.'] });
      await bus.invoke('tandem', 'inform', {});
      return (await values).values!.size;
    };
    // Code and tables that any reading needs are there before.
    for (let round = 0; round < 5; round++) await read();
    await settle(3000);
    const before = statusMb(lab.agentPid!, 'VmRSS');
    writeFileSync(
      join(lab.router.root, 'tmp/dhcp.leases'),
      Array.from({ length: hosts }, (_, n) => {
        const hex = n.toString(16).padStart(4, '0');
        const mac = `02:00:00:01:${hex.slice(0, 2)}:${hex.slice(2)}`;
        return `1900000000 ${mac} 192.168.${4 + (n >> 8)}.${n & 255} host-${n} 01:${mac}\n`;
      }).join(''),
    );
    writeFileSync(`/proc/${lab.agentPid}/clear_refs`, '5');
    const parameters = await read();
    const peak = statusMb(lab.agentPid!, 'VmHWM');
    return { cwmp_big_answer_params: parameters, cwmp_big_answer_rss_mb: peak - before };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const statusMb = (pid: number, name: 'VmRSS' | 'VmHWM'): number =>
  Number(new RegExp(`${name}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
