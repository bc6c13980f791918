import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Router } from '#lab';

const top = join(import.meta.dirname, '../..');

/** The bundles as they ship, built once for a test file. */
export async function buildBundles(): Promise<{ readonly dist: string; readonly remove: () => void }> {
  const dist = mkdtempSync(join(tmpdir(), 'tandem-dist-'));
  await new Promise<void>((resolve, reject) => {
    execFile(process.execPath, [join(top, 'scripts/build.mjs'), dist], (error) => (error ? reject(error) : resolve()));
  });
  return { dist, remove: () => rmSync(dist, { recursive: true, force: true }) };
}

export interface AgentProcess {
  readonly child: ChildProcess;
  /** Everything it has said so far. */
  readonly said: () => string;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** `tandemd` on the simulated router, as a process of its own; resolves when it says that it is ready. */
export async function startDaemon(
  dist: string,
  router: Router,
  env: NodeJS.ProcessEnv = {},
  nodeFlags: readonly string[] = [],
): Promise<AgentProcess> {
  const child = spawn(process.execPath, [...nodeFlags, join(dist, 'tandemd.cjs')], {
    env: {
      ...process.env,
      TANDEM_ROOT: router.root,
      TANDEM_UBUS_SOCKET: router.socketPath,
      TANDEM_SHARE: join(dist, 'datamodel'),
      ...env,
    },
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  let text = '';
  await new Promise<void>((resolve, reject) => {
    child.stderr!.on('data', (chunk: Buffer) => {
      text += chunk;
      if (text.includes(': ready')) resolve();
    });
    child.once('exit', () => reject(new Error(text)));
  });
  return {
    child,
    said: () => text,
    async stop(signal = 'SIGTERM') {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill(signal);
      await gone;
    },
  };
}

export interface FollowingCli extends AsyncDisposable {
  /** Everything it has printed so far. */
  readonly out: () => string;
  /** What it has said on standard error, and its exit code, when it has ended by itself. */
  readonly ended: Promise<{ readonly code: number | null; readonly err: string }>;
}

/** `tandem trace` or `tandem events`, from the moment on when it shows what happens. */
export async function followCli(dist: string, router: Router, ...args: string[]): Promise<FollowingCli> {
  const child = spawn(process.execPath, [join(dist, 'tandem.cjs'), ...args], {
    env: { ...process.env, TANDEM_UBUS_SOCKET: router.socketPath },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk;
  });
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk;
      if (said.includes('following')) resolve();
    });
    child.once('exit', () => reject(new Error(said)));
  });
  const ended = new Promise<{ code: number | null; err: string }>((resolve) => {
    child.once('close', (code) => resolve({ code, err: said }));
  });
  return {
    out: () => out,
    ended,
    async [Symbol.asyncDispose]() {
      child.kill('SIGINT');
      await ended;
    },
  };
}

export function runCli(
  dist: string,
  router: Router,
  ...args: string[]
): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(dist, 'tandem.cjs'), ...args],
      { env: { ...process.env, TANDEM_UBUS_SOCKET: router.socketPath } },
      (error, out, err) => resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
    );
  });
}
