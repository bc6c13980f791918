import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whether the broker is installed; tests that need it say so when they are skipped. */
export const hasMosquitto = !spawnSync('mosquitto', ['-h']).error;

export interface Broker extends AsyncDisposable {
  readonly port: number;
}

/** A real mosquitto on a free loopback port, with a configuration of its own. @param extra further lines of it */
export async function startMosquitto(extra = 'allow_anonymous true', wanted?: number): Promise<Broker> {
  const directory = mkdtempSync(join(tmpdir(), 'tandem-mosquitto-'));
  const port = wanted ?? (await freePort());
  const file = join(directory, 'mosquitto.conf');
  writeFileSync(file, `listener ${port} 127.0.0.1\npersistence false\n${extra}\n`);
  const child = spawn('mosquitto', ['-c', file], { stdio: 'ignore' });
  await accepting(port, child);
  return {
    port,
    async [Symbol.asyncDispose]() {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await gone;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Resolves when somebody listens there. */
export async function accepting(port: number, child?: ChildProcess): Promise<void> {
  for (;;) {
    if (typeof child?.exitCode === 'number') throw new Error(`mosquitto ended with ${child.exitCode}`);
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
