import { spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whether the server is installed; tests that need it say so when they are skipped. */
export const hasCoturn = !spawnSync('turnserver', ['--version']).error;

export interface StunServer extends AsyncDisposable {
  readonly port: number;
}

/** A real coturn on a free loopback port, STUN only. @param extra further options of it */
export async function startCoturn(extra: readonly string[] = []): Promise<StunServer> {
  const directory = mkdtempSync(join(tmpdir(), 'tandem-coturn-'));
  const port = await freeUdpPort();
  const child = spawn(
    'turnserver',
    [
      ...['-n', '--listening-ip', '127.0.0.1', '--listening-port', String(port), '--stun-only', '--no-tcp', '--no-tls'],
      ...[
        '--no-dtls',
        '--no-cli',
        '--log-file',
        'stdout',
        '--simple-log',
        '--verbose',
        '--pidfile',
        join(directory, 'pid'),
      ],
      ...['--userdb', join(directory, 'users'), ...extra],
    ],
    { stdio: 'ignore', cwd: directory },
  );
  await answering(port, () => child.exitCode);
  return {
    port,
    async [Symbol.asyncDispose]() {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address() as AddressInfo;
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}

/** Anything that it answers will do. */
async function answering(port: number, ended: () => number | null): Promise<void> {
  const socket = createSocket('udp4');
  let answered = false;
  socket.on('message', () => {
    answered = true;
  });
  socket.on('error', () => {});
  const request = Buffer.concat([Buffer.from('000100002112a442', 'hex'), Buffer.alloc(12, 1)]);
  while (!answered) {
    if (ended() !== null) throw new Error(`turnserver ended with ${ended()}`);
    socket.send(request, port, '127.0.0.1', () => {});
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  socket.close();
}
