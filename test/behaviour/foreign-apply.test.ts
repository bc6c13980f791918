import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog, systemClock } from '#base';
import { type Router, startRouter } from '#lab';
import { createDataModel, type DataModel, type ReplacedPackages, type WriteAnswer } from '#model';
import { connectUbus, FileStateStore, RootedFiles, RootedScripts, type UbusClient, UciFiles } from '#platform';
import { ForeignApply, Probation } from '#services';
import { HandClock } from '../support/hand-clock.ts';
import { MemoryState } from '../support/memory-state.ts';
import { furtherTable, schemaTable, shippedMappings } from '../support/model-fixture.ts';

// LuCI's "Save & Apply" through rpcd, which puts everything back unless it is confirmed, beside the agent's own writes.
let directory: string;
let clock: HandClock;
let router: Router;
let bus: UbusClient;
let model: DataModel;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tandem-foreign-'));
  clock = new HandClock();
  router = await startRouter({ directory, clock, reloadDelayMs: 0 });
  bus = await connectUbus({ path: router.socketPath, log: silentLog });
  const files = new RootedFiles(router.root);
  const foreign = new ForeignApply(bus, files);
  const made = createDataModel(
    schemaTable(),
    shippedMappings(),
    {
      bus,
      uci: new UciFiles(join(router.root, 'etc/config'), silentLog),
      files,
      scripts: new RootedScripts(router.root),
      state: new FileStateStore(join(directory, 'state'), silentLog),
      clock: systemClock,
      log: silentLog,
      uniqueName: () => 'x',
      contested: (packages) => foreign.holds(packages),
    },
    {},
    furtherTable,
  );
  model = made.model;
});
afterEach(async () => {
  await model[Symbol.asyncDispose]();
  await bus[Symbol.asyncDispose]();
  await router[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

const config = (name: string): string => readFileSync(join(router.root, 'etc/config', name), 'utf8');

/** LuCI sets the hostname and applies it with rollback. @returns its session */
async function luci(): Promise<string> {
  const { ubus_rpc_session: session } = await bus.invokeForData('session', 'create', { timeout: 0 });
  await bus.invoke('session', 'grant', {
    ubus_rpc_session: session!,
    scope: 'uci',
    objects: [
      ['*', 'read'],
      ['*', 'write'],
    ],
  });
  const values = { hostname: 'by-luci' };
  await bus.invoke('uci', 'set', { config: 'system', section: '@system[0]', values, ubus_rpc_session: session! });
  await bus.invoke('uci', 'apply', { rollback: true, timeout: 30, ubus_rpc_session: session! });
  return String(session);
}
function write(protocol: 'cwmp' | 'usp', path: string, name: string, value: string): Promise<WriteAnswer> {
  const parameters = [{ name, value, required: true }];
  return model.write({ protocol }, [{ op: 'set', path, parameters }], { origin: { by: protocol }, partial: false });
}
const time = (protocol: 'cwmp' | 'usp') => write(protocol, 'Device.Time.', 'LocalTimeZone', 'UTC0');
const fault = (answer: WriteAnswer): string | undefined =>
  answer.outcomes[0]!.result.ok ? undefined : answer.outcomes[0]!.result.fault.fault.kind;

describe('a package that somebody has applied and not confirmed', () => {
  it('is not written to: what rpcd puts back would take the write with it', async () => {
    const session = await luci();
    const before = config('system');
    for (const protocol of ['cwmp', 'usp'] as const) {
      const answer = await time(protocol);
      expect(answer.committed).toBe(false);
      expect(fault(answer)).toBe('busy');
    }
    expect(config('system')).toBe(before);
    expect((await write('usp', 'Device.WiFi.SSID.1.', 'SSID', 'elsewhere')).committed).toBe(true);
    await bus.invoke('uci', 'confirm', { ubus_rpc_session: session });
    expect((await time('cwmp')).committed).toBe(true);
    expect(config('system')).toContain('by-luci');
  });

  it('can be written to when it has been put back', async () => {
    const before = config('system');
    await luci();
    clock.advance(30_000);
    expect(config('system')).toBe(before);
    expect((await time('usp')).committed).toBe(true);
  });

  it('was applied for good, or nobody is there to ask: it is written to', async () => {
    const session = await luci();
    await bus.invoke('uci', 'confirm', { ubus_rpc_session: session });
    await bus.invoke('uci', 'set', {
      config: 'system',
      section: 'ntp',
      values: { enabled: '0' },
      ubus_rpc_session: session,
    });
    await bus.invoke('uci', 'apply', { rollback: false, ubus_rpc_session: session });
    expect((await time('usp')).committed).toBe(true);
    const nobody = new ForeignApply(
      {
        ...bus,
        invoke: () => Promise.reject(Object.assign(new Error('no object'), { code: 'UBUS_NOT_FOUND' })),
      } as never,
      { readText: () => undefined, list: () => ['system'], exists: () => true },
    );
    expect(await nobody.holds(['system'])).toBe(false);
  });
});

describe('probation, with a change of somebody else on top', () => {
  const packages: ReplacedPackages = new Map([['network', { before: 'a', after: 'b' }]]);
  it('waits until it is known what will be there', async () => {
    let contested = true;
    const put: ReplacedPackages[] = [];
    const hand = new HandClock();
    using probation = new Probation({
      state: new MemoryState(),
      clock: hand,
      log: silentLog,
      settleSeconds: 10,
      timeoutSeconds: 180,
      managed: () => true,
      probe: () => {},
      contested: async () => contested,
      putBack: async (back) => put.push(back) > 0,
      undone: () => {},
    });
    probation.applied({ packages, origin: { by: 'usp' }, paths: [], postponed: false });
    const settle = async (): Promise<void> => {
      for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    };
    hand.advance(180_000);
    await settle();
    hand.advance(60_000);
    await settle();
    expect(put).toEqual([]);
    expect(probation.status().on_probation).toBe('network');
    contested = false;
    hand.advance(5000);
    await settle();
    expect(put).toEqual([packages]);
    expect(probation.status().on_probation).toBe('nothing');
  });
});
