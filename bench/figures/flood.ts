import { spawn } from 'node:child_process';
import { silentLog } from '#base';
import { connectUbus, type UbusClient } from '#platform';
import { warm, withLab } from './agent.ts';
import type { Figures } from './figures.ts';

export const floodNames = ['cr_quiet_loop_p99_ms', 'cr_flood_loop_p99_ms'];

const roundMs = 3000;
const everyMs = 10;

/**
 * How long the daemon leaves others waiting while strangers knock as fast as they can at both ports of the connection requests: an answer on
 * ubus, at the worst of a hundred. The flood comes from a process of its own, on the same processors.
 */
export async function floodFigures(dist: string): Promise<Figures> {
  const quiet: number[] = [];
  const flooded: number[] = [];
  await withLab(dist, async (lab) => {
    await warm(lab);
    await lab.reach.overUdp();
    const tcp = new URL(lab.acs.informs.findLast(({ parameters }) => parameters.has(url))!.parameters.get(url)!).port;
    await using bus = await connectUbus({ path: lab.router.socketPath, log: silentLog });
    const udp = /:(\d+)$/.exec(lab.reach.udpInside!)![1]!;
    quiet.push(...(await waitsOf(bus)));
    const flood = spawn(process.execPath, ['-e', flooder, tcp, udp], { stdio: 'ignore' });
    try {
      flooded.push(...(await waitsOf(bus)));
    } finally {
      const gone = new Promise((resolve) => flood.once('exit', resolve));
      flood.kill('SIGKILL');
      await gone;
    }
  });
  return { cr_quiet_loop_p99_ms: p99(quiet), cr_flood_loop_p99_ms: p99(flooded) };
}

async function waitsOf(bus: UbusClient): Promise<number[]> {
  const waits: number[] = [];
  const until = performance.now() + roundMs;
  while (performance.now() < until) {
    const before = performance.now();
    await bus.invoke('tandem', 'status', {});
    waits.push(performance.now() - before);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  return waits;
}

const p99 = (waits: readonly number[]): number => [...waits].sort((a, b) => a - b)[Math.ceil(waits.length * 0.99) - 1]!;

const url = 'Device.ManagementServer.ConnectionRequestURL';

/** 64 connections at a time with half a request each, and datagrams that look like requests. */
const flooder = `
const net = require('node:net'), dgram = require('node:dgram');
const [tcp, udp] = process.argv.slice(1).map(Number);
const knock = () => {
  const socket = net.connect(tcp, '127.0.0.1', () => socket.write('GET /guess HTTP/1.1\\r\\nHost: x\\r\\n'));
  socket.on('error', () => {});
  socket.on('close', () => setImmediate(knock));
};
for (let turn = 0; turn < 64; turn++) knock();
const out = dgram.createSocket('udp4');
let ts = 2 ** 40;
const sig = '0'.repeat(40);
setInterval(() => {
  for (let turn = 0; turn < 20; turn++) out.send('GET http://x:1?ts=' + ts++ + '&id=1' + ts + '&un=acs&cn=1&sig=' + sig + ' HTTP/1.1\\r\\n\\r\\n', udp, '127.0.0.1');
}, 1);
`;
