import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Router, startRouter } from '#lab';
import { type AgentProcess, buildBundles, startDaemon } from '../support/agent-process.ts';

// The password of the device, by the bundles as they ship: set by a program after the commit, whatever becomes of the agent in between.
const directory = mkdtempSync(join(tmpdir(), 'tandem-password-'));
let bundles: { readonly dist: string; readonly remove: () => void };
let router: Router;
let agent: AgentProcess;

beforeAll(async () => {
  bundles = await buildBundles();
  router = await startRouter({ directory, reloadDelayMs: 20 });
});
afterEach(() => agent?.stop());
afterAll(async () => {
  await router?.[Symbol.asyncDispose]();
  bundles?.remove();
  rmSync(directory, { recursive: true, force: true });
});

const at = (path: string): string => join(router.root, path);
const followUps = (): string => at('etc/tandem/follow-ups');
const isPassword = (text: string): boolean =>
  readFileSync(at('etc/shadow'), 'utf8').includes(`root:lab-${createHash('sha256').update(text).digest('hex')}:`);
const set = (value: string): Promise<string> =>
  new Promise((resolve) => {
    const env = { ...process.env, TANDEM_UBUS_SOCKET: router.socketPath };
    const args = [join(bundles.dist, 'tandem.cjs'), 'set', `Device.LANConfigSecurity.ConfigPassword=${value}`];
    execFile(process.execPath, args, { env }, (error, out, err) => resolve(`${error?.code ?? 0} ${out}${err}`));
  });
/** Files of the device that have this text in them. */
const filesWith = (text: string, below = router.root): string[] =>
  readdirSync(below, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => readFileSync(file).includes(text));

describe('the password of the device', () => {
  it('is set, and said and kept nowhere', async () => {
    agent = await startDaemon(bundles.dist, router);
    const said = await set('open sesame');
    expect(said).toMatch(/^0 /);
    expect(isPassword('open sesame')).toBe(true);
    expect(agent.said()).not.toContain('sesame');
    expect(existsSync(followUps())).toBe(false);
    expect(filesWith('sesame')).toEqual([]);
  });

  it('is refused where it would be cut off', async () => {
    agent = await startDaemon(bundles.dist, router);
    expect(await set('two\nlines')).not.toMatch(/^0 /);
    expect(isPassword('two')).toBe(false);
  });

  it('is set by the next start when the agent is killed while the program runs', async () => {
    agent = await startDaemon(bundles.dist, router);
    const [program, started] = [at('bin/passwd'), at('started')];
    renameSync(program, `${program}.real`);
    writeFileSync(
      program,
      `#!/bin/sh\necho $$ > '${started}.new'; mv '${started}.new' '${started}'; exec sleep 600\n`,
      {
        mode: 0o755,
      },
    );
    const answer = set('under way');
    while (!existsSync(started)) await new Promise((resolve) => setTimeout(resolve, 20));
    await agent.stop('SIGKILL');
    process.kill(Number(readFileSync(started, 'utf8')));
    await answer;
    expect(statSync(followUps()).mode & 0o777).toBe(0o600);
    expect(isPassword('under way')).toBe(false);
    renameSync(`${program}.real`, program);
    agent = await startDaemon(bundles.dist, router);
    expect(isPassword('under way')).toBe(true);
    expect(filesWith('under way')).toEqual([]);
    expect(agent.said()).not.toContain('under way');
  });
});
