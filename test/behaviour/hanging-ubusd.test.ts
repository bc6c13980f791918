import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { silentLog } from '#base';
import { type Router, startRouter } from '#lab';
import { createDataModel, type DataModel, type PathReading, type Write, type WriteAnswer } from '#model';
import { connectUbus, FileStateStore, RootedFiles, RootedScripts, type UbusClient, UciFiles } from '#platform';
import { HandClock } from '../support/hand-clock.ts';
import { HoldingProxy } from '../support/holding-proxy.ts';
import { schemaTable, shippedMappings } from '../support/model-fixture.ts';
import { settled } from '../support/settle.ts';

// A ubusd that takes every call and answers none, and an hour later all of them. The client's clock is moved by hand, the router runs by its own.
let directory: string;
let router: Router;
let proxy: HoldingProxy;
let clock: HandClock;
let bus: UbusClient;
let model: DataModel;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tandem-hang-'));
  router = await startRouter({ directory });
  proxy = await HoldingProxy.start(directory, router.socketPath);
  clock = new HandClock();
  bus = await connectUbus({ path: proxy.path, log: silentLog, clock });
  let names = 0;
  const made = createDataModel(schemaTable(), shippedMappings(), {
    bus,
    uci: new UciFiles(join(router.root, 'etc/config'), silentLog, async (_paths, work) => work()),
    files: new RootedFiles(router.root),
    scripts: new RootedScripts(router.root),
    state: new FileStateStore(join(directory, 'state'), silentLog),
    runtime: new FileStateStore(join(directory, 'run'), silentLog),
    clock,
    log: silentLog,
    uniqueName: () => `hang${++names}`,
  });
  model = made.model;
  await model.recover();
});
afterEach(async () => {
  proxy.release();
  await model[Symbol.asyncDispose]();
  await bus[Symbol.asyncDispose]();
  await proxy[Symbol.asyncDispose]();
  await router[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

/** What it comes to while nobody answers, and how long that takes by the agent's clock. */
async function whileHanging<T>(work: Promise<T>): Promise<{ result: T; seconds: number }> {
  const before = clock.monotonicMs();
  let done = false;
  const watched = work.finally(() => {
    done = true;
  });
  while (!done) {
    await settled();
    if (!done) clock.advance(clock.nextMs ?? 0);
  }
  return { result: await watched, seconds: (clock.monotonicMs() - before) / 1000 };
}

const get = (...paths: string[]): Promise<readonly PathReading[]> => model.get({ protocol: 'usp' }, paths);
function value(reading: PathReading): { value: string; fault?: string } {
  if (!reading.result.ok) return { value: '', fault: reading.result.fault.kind };
  const found = reading.result.value[0]!.parameters[0]!;
  return { value: found.value, ...(found.fault && { fault: found.fault.message }) };
}
const set = (path: string, name: string, text: string): Write => ({
  op: 'set',
  path,
  parameters: [{ name, value: text, required: true }],
});
const write = (...writes: Write[]): Promise<WriteAnswer> =>
  model.write({ protocol: 'cwmp' }, writes, { origin: { by: 'cwmp' }, partial: false });
const config = (name: string): string => readFileSync(join(router.root, 'etc/config', name), 'utf8');
const owed = (): string | undefined => new FileStateStore(join(directory, 'run'), silentLog).read('reload');

it('costs a read its own parameters and 15 seconds, and what comes an hour late harms nobody', async () => {
  const upTime = 'Device.DeviceInfo.UpTime';
  const ssid = 'Device.WiFi.SSID.1.SSID';
  const [before] = await get(ssid);
  proxy.hold();
  clock.advance(60_000);
  const all = await whileHanging(get('Device.'));
  expect(all.seconds).toBeLessThanOrEqual(15);
  expect(all.result[0]!.result.ok).toBe(true);
  clock.advance(60_000);
  const some = await whileHanging(get(upTime, ssid));
  expect(some.seconds).toBeLessThanOrEqual(5);
  const [late, there] = some.result.map(value);
  expect(late).toEqual({
    value: '0',
    fault: expect.stringMatching(/^ubus system info: .*no answer within 5000 ms$/),
  });
  expect(there).toEqual(value(before!));
  expect(proxy.kept).toBeGreaterThan(0);

  clock.advance(3_600_000);
  proxy.release();
  await settled();
  const [now] = await get(upTime);
  expect(value(now!).fault).toBeUndefined();
  expect(Number(value(now!).value)).toBeGreaterThan(0);
});

it('lets a write stand that needs nothing of it, and the services hear of it when it answers again', async () => {
  await get('Device.WiFi.SSID.1.SSID');
  const heard: string[] = [];
  const watching = await model.watch(
    { protocol: 'usp' },
    { paths: ['Device.WiFi.SSID.1.SSID'], kinds: ['value'] },
    (change) => heard.push(change.kind === 'value' ? change.value : change.kind),
  );
  expect(watching.ok).toBe(true);
  proxy.hold();
  const { result, seconds } = await whileHanging(
    write(set('Device.WiFi.SSID.1.', 'SSID', 'While it hangs'), set('Device.Time.', 'LocalTimeZone', 'CET-1CEST')),
  );
  expect(result.committed).toBe(true);
  expect(seconds).toBeLessThanOrEqual(20);
  expect(config('wireless')).toContain("option ssid 'While it hangs'");
  expect(heard).toEqual(['While it hangs']);
  expect(owed()?.split(' ').sort()).toEqual(['system', 'wireless']);

  // Nobody tells that it is back: the agent tries again by itself.
  clock.advance(120_000);
  await settled();
  expect(owed()).toBeDefined();
  await whileHanging(model.get({ protocol: 'usp' }, ['Device.DeviceInfo.UpTime']));
  proxy.release();
  clock.advance(3_600_000);
  await expect.poll(owed).toBeUndefined();
});

it('refuses a write that needs an answer to be judged, and nothing of the request is done', async () => {
  await get('Device.IP.Interface.1.Name');
  const before = ['network', 'wireless'].map(config);
  proxy.hold();
  clock.advance(60_000);
  const { result, seconds } = await whileHanging(
    write(
      set('Device.WiFi.SSID.1.', 'SSID', 'Half'),
      set('Device.Cellular.AccessPoint.1.', 'Interface', 'Device.Cellular.Interface.1'),
    ),
  );
  expect(result.committed).toBe(false);
  expect(result.outcomes.map(({ result: said }) => said.ok || said.fault.refusals.map(({ path }) => path))).toEqual([
    true,
    ['Device.Cellular.AccessPoint.1.Interface'],
  ]);
  expect(seconds).toBeLessThanOrEqual(15);
  expect(['network', 'wireless'].map(config)).toEqual(before);
  expect(owed()).toBeUndefined();
  proxy.release();
});
