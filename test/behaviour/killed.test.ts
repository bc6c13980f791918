import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '#base';
import { installFactory, type Router, startRouter } from '#lab';
import { connectUbus } from '#platform';
import { type AgentProcess, buildBundles, runCli, startDaemon } from '../support/agent-process.ts';

// The bundle as it ships, killed in the middle of a write: at the first steps, in the middle, around the commit.
let bundles: Awaited<ReturnType<typeof buildBundles>>;
let directory: string;
let router: Router;
let agent: AgentProcess | undefined;

beforeAll(async () => {
  bundles = await buildBundles();
});
afterAll(() => bundles.remove());
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tandem-killed-'));
  router = await startRouter({ directory, reloadDelayMs: 0 });
  installFactory(router.root, { controllers: [] });
});
afterEach(async () => {
  await agent?.stop('SIGKILL');
  await router[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

const packages = ['wireless', 'system', 'firewall'];
const texts = (): string[] => packages.map((name) => readFileSync(join(router.root, 'etc/config', name), 'utf8'));
const start = async (env: NodeJS.ProcessEnv = {}): Promise<void> => {
  agent = await startDaemon(bundles.dist, router, env);
};

/** Three packages and a new row in one request, as an ACS would send it. @returns whether there was an answer */
async function write(): Promise<boolean> {
  await using bus = await connectUbus({ path: router.socketPath, log: silentLog });
  const values = {
    'Device.WiFi.SSID.1.SSID': 'Killed',
    'Device.Time.LocalTimeZone': 'CET-1CEST,M3.5.0,M10.5.0/3',
    'Device.NAT.PortMapping.1.Description': 'killed',
  };
  try {
    await bus.invoke('tandem', 'set', { values });
    return true;
  } catch {
    return false;
  }
}

describe('the daemon, killed in the middle of a write', () => {
  it.each([2, 11, 15])(
    'at step %i has done all of it or nothing',
    async (at) => {
      const before = texts();
      await start({
        NODE_OPTIONS: `--require ${join(import.meta.dirname, '../support/kill-at.cjs')}`,
        TANDEM_KILL_AT: String(at),
      });
      const answered = await write();
      // Where the steps of the write are fewer, nobody was killed.
      if (!answered) await expect.poll(() => agent!.child.signalCode).toBe('SIGKILL');
      const ended = answered ? 'answered' : 'killed';
      await agent!.stop();
      await start();
      const after = texts();
      const changed = after.filter((text, index) => text !== before[index]).length;
      expect([0, packages.length]).toContain(changed);
      if (ended === 'answered') expect(changed).toBe(packages.length);
      expect(readdirSync(join(router.root, 'etc/config')).filter((name) => name.startsWith('.'))).toEqual([]);
      expect(readdirSync(join(router.root, 'etc/tandem')).filter((name) => name.startsWith('journal'))).toEqual([]);
      const { out } = await runCli(bundles.dist, router, 'get', 'Device.NAT.PortMapping.1.Description');
      expect(out.trim()).toBe(`Device.NAT.PortMapping.1.Description=${changed > 0 ? 'killed' : 'NAS-HTTPS'}`);
    },
    60_000,
  );
});
