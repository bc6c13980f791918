import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '#base';
import { createPki, type Router } from '#lab';
import type { DataModel, ObjectReading } from '#model';
import { declareScheduleTimer } from '#services';
import { openSchema, type ParameterDefinition } from '../../src/model/schema/index.ts';
import { checkValue } from '../../src/model/validate/index.ts';
import { Certificates } from '../../src/usp/trust/certificates.ts';
import { type FullRouter, startFullRouter } from '../support/full-router.ts';
import { schemaTable } from '../support/model-fixture.ts';

// Every parameter that is mapped, on a router that has a row of everything.
const secrets = [
  'ppp-secret',
  'ddns-secret',
  'lab-passphrase',
  'guest-passphrase',
  'lab-acs-password',
  'uplink-secret',
];

const directory = mkdtempSync(join(tmpdir(), 'tandem-every-'));
const schema = openSchema(schemaTable());
let full: FullRouter;
let router: Router;
let model: DataModel;

beforeAll(async () => {
  full = await startFullRouter(directory, { reloadDelayMs: 10, unlocked: true });
  ({ router, model } = full);
  // Rows to refer to.
  const certificates = new Certificates(model, () => {});
  for (const name of ['one', 'two'])
    expect((await certificates.add({ Certificate: createPki(name).caPem }, { by: 'cli' })).ok).toBe(true);
  // A row of the requests.
  declareScheduleTimer(model, systemClock);
  const timer = { path: 'Device.ScheduleTimer()', args: { DelaySeconds: '3600' }, commandKey: 'every' } as const;
  expect(await model.operate({ protocol: 'usp' }, { ...timer, origin: { by: 'cli' } })).toMatchObject({ ok: true });
});
afterAll(async () => {
  await full?.[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

const views = ['usp', 'cwmp'] as const;
async function everything(protocol: (typeof views)[number]): Promise<readonly ObjectReading[]> {
  const [reading] = await model.get({ protocol }, ['Device.']);
  if (!reading!.result.ok) throw new Error(reading!.result.fault.message);
  return reading!.result.value;
}
const definitionOf = (object: string, name: string): ParameterDefinition | undefined =>
  schema.view('usp').parameter(object + name) ?? schema.view('cwmp').parameter(object + name);

describe('every mapped parameter', () => {
  it('has a row on this router, in one view or the other', async () => {
    const live = new Set((await Promise.all(views.map(everything))).flat().map(({ info }) => info.path));
    const supported = views.flatMap((view) => model.supported(view).below('Device.'));
    // What the simulated router does not have, with the reason.
    const absent: readonly string[] = [];
    const missing = [...new Set(supported.map(({ path }) => path))].filter((path) => !live.has(path));
    expect(missing).toEqual(absent);
  });

  it('is one of 1,500 and more that a read of the whole tree gives, from 40 ubus calls at most', async () => {
    await model.changed();
    const before = model.sourceCalls;
    const live = (await everything('usp')).reduce((sum, { parameters }) => sum + parameters.length, 0);
    expect(live).toBeGreaterThanOrEqual(1500);
    expect(model.sourceCalls - before).toBeLessThanOrEqual(40);
  });

  it('of a temperature sensor begins anew with Reset()', async () => {
    const path = 'Device.DeviceInfo.TemperatureStatus.TemperatureSensor.1.';
    const read = async (name: string): Promise<string | undefined> => {
      const [reading] = await model.get({ protocol: 'usp' }, [path + name]);
      return reading!.result.ok ? reading!.result.value[0]?.parameters[0]?.value : undefined;
    };
    expect(Number(await read('MinValue'))).toBeGreaterThan(0);
    const reset = { path: `${path}Reset()`, args: {}, commandKey: 'reset', origin: { by: 'cli' } } as const;
    expect(await model.operate({ protocol: 'usp' }, reset)).toMatchObject({ ok: true });
    expect(await read('MinValue')).toBe(await read('MaxValue'));
  });

  it('reads as a value that the schema allows', async () => {
    const wrong: string[] = [];
    for (const protocol of views) {
      for (const { path, info: object, parameters } of await everything(protocol)) {
        for (const { info, value } of parameters) {
          // What is kept back reads as empty, whatever its size has to be.
          if (info.secured || info.hidden) continue;
          const definition = schema.view(protocol).parameter(object.path + info.name)!;
          const checked = checkValue(definition, value, { byPeer: false });
          if (!checked.ok) wrong.push(`${protocol} ${path}${info.name}=${value}: ${checked.fault.message}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it('hides what is secret', async () => {
    const text = JSON.stringify(await Promise.all(views.map(everything)));
    for (const secret of secrets) expect(text).not.toContain(secret);
  });

  it('that can be written is written, lands in a UCI file, and reads back as it was written', async () => {
    const config = (): string =>
      readdirSync(join(router.root, 'etc/config'))
        .map((name) => readFileSync(join(router.root, 'etc/config', name), 'utf8'))
        .join('') + shadow();
    const done = new Set<string>();
    const problems = new Map<string, string>();
    for (const protocol of views) {
      for (const { path, info: object, parameters } of await everything(protocol)) {
        for (const { info, value: before } of parameters) {
          const name = object.path + info.name;
          // Certificates are kept by the model itself, not in UCI.
          const own = name === 'Device.LocalAgent.Certificate.{i}.Enable';
          if (!info.writable || info.name === 'Alias' || own || done.has(name)) continue;
          const definition = definitionOf(object.path, info.name)!;
          await present(protocol, path);
          const file = config();
          if (onlyTrue.has(name)) {
            expect([before, await write(protocol, path, info.name, 'true')]).toEqual(['true', undefined]);
            expect(await write(protocol, path, info.name, 'false')).toBe('the device can not do this value');
            expect(config()).toBe(file);
            continue;
          }
          const candidates = [...(await referencesFor(definition, before)), ...candidatesFor(definition, before)];
          let outcome = 'no value to try';
          const tried: string[] = [];
          for (const value of candidates) {
            const answer = await write(protocol, path, info.name, value);
            if (answer !== undefined) {
              tried.push(`${value}: ${answer}`);
              outcome = tried.join('; ');
              continue;
            }
            const now = accounts.has(name) ? passwordIs(value) : await readsAs(protocol, path + info.name, value);
            if (config() === file) tried.push(`${value}: no UCI file has changed`);
            else if (now !== value) tried.push(`${value}: reads back as ${now}`);
            else tried.length = 0;
            outcome = tried.join('; ');
            if (outcome === '') break;
          }
          // Where one row does not take it (the loopback has no layers), another one has to.
          if (outcome !== '') problems.set(name, `${protocol} ${path}${info.name} ${outcome}`);
          else if (done.add(name)) problems.delete(name);
          // Back to what it was, so that the rows stay.
          if (!info.hidden && !info.secured) await write(protocol, path, info.name, before);
        }
      }
    }
    expect([...problems.values()]).toEqual([]);
    expect(done.size).toBeGreaterThan(120);
  }, 300_000);
});

/** What can be enabled, because it is, and not disabled. */
const onlyTrue = new Set([
  'Device.Bridging.Bridge.{i}.VLAN.{i}.Enable',
  'Device.QoS.Classification.{i}.Enable',
  'Device.Users.User.{i}.Enable',
]);

/** The password of the system's account: set by its program, and never read. */
const accounts = new Set(['Device.LANConfigSecurity.ConfigPassword', 'Device.Users.User.{i}.Password']);
const shadow = (): string => readFileSync(join(router.root, 'etc/shadow'), 'utf8');
const passwordIs = (value: string): string =>
  shadow().includes(`root:lab-${createHash('sha256').update(value).digest('hex')}:`) ? value : 'another password';

/** @returns why not, or nothing when it was */
async function write(
  protocol: (typeof views)[number],
  path: string,
  name: string,
  value: string,
): Promise<string | undefined> {
  const parameters = [{ name, value, required: true }];
  const origin = { by: 'cli' } as const;
  const answer = await model.write({ protocol }, [{ op: 'set', path, parameters }], { origin, partial: false });
  if (answer.committed) return undefined;
  const result = answer.outcomes[0]!.result;
  return result.ok ? 'not committed' : (result.fault.refusals[0]?.fault.message ?? result.fault.fault.message);
}

/** The device may still be taking over the write before, with which the row went for a moment. */
async function present(protocol: (typeof views)[number], path: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const [reading] = await model.get({ protocol }, [path]);
    if (reading!.result.ok && reading!.result.value.length > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
    await model.changed();
  }
}

/** What is read after a write; where the device itself has to take it over first, that is waited for. */
async function readsAs(protocol: (typeof views)[number], path: string, wanted: string): Promise<string | undefined> {
  for (let tries = 0; ; tries++) {
    const [reading] = await model.get({ protocol, reveal: true }, [path]);
    const now = reading!.result.ok ? reading!.result.value[0]?.parameters[0]?.value : undefined;
    if (now === wanted || tries === 100) return now;
    await new Promise((resolve) => setTimeout(resolve, 20));
    await model.changed();
  }
}

/** Values of the parameter's type that differ from the one it has. */
function candidatesFor({ type, name }: ParameterDefinition, before: string): string[] {
  const given = type.enumeration.map(({ value }) => value);
  const byName: [RegExp, string[]][] = [
    [/SourcePrefix/, ['203.0.113.0/24']],
    [/Prefix$/, ['2001:db8:7::/48']],
    [/Mask$/, ['255.255.255.128']],
    [/Hop$/, ['2001:db8::7']],
    [/MAC|Chaddr|HESSID/, ['02:00:00:00:00:77']],
    [/MaxAddress/, ['192.168.1.250']],
    [/^DNSServer$/, ['192.0.2.54']],
    [/^(DNS|WINS)Servers$/, ['192.168.1.53,192.168.1.54']],
    [/HelloTime|MaxAge/, ['700']],
    [/OperatingStandards/, ['ac']],
    [/OperatingChannelBandwidth/, ['40MHz']],
    [/RegulatoryDomain/, ['FR ']],
    [/IP|Address|Client|RemoteHost|addr/, ['192.168.1.77']],
    [/^Protocol$/, ['HTTPS']],
    [/^TransmitPower$/, ['50']],
    [/URL/, ['https://other.example/']],
    [/FileType/, ['1 Firmware Upgrade Image']],
    [/RDNSS/, ['2001:db8::53']],
  ];
  const fitting = byName.find(([pattern]) => pattern.test(name))?.[1] ?? [];
  const byType: Readonly<Record<string, string[]>> = {
    boolean: [before === 'true' ? 'false' : 'true'],
    int: ['7', '77', '1', '4', '6', '-1'],
    unsignedInt: ['7', '77', '11', '40', '1500', '2', '0'],
    long: ['7000', '7'],
    unsignedLong: ['7'],
    dateTime: ['2026-01-02T03:04:05Z'],
    base64: ['c2VzYW1l'],
    hexBinary: ['0A0B'],
    string: ['another one', 'another', 'r---', 'rw--', 'WPA2-Personal', 'WPA3-Personal'],
  };
  // Of a single value that there is, that.
  if (given.length === 1) return given;
  return [...fitting, ...given, ...(byType[type.base] ?? [])].filter((value) => value !== before);
}

/** Rows that a reference may name, other than the one it names. Where there is no other: that one, after none. */
async function referencesFor({ type }: ParameterDefinition, before: string): Promise<string[]> {
  if (!type.pathReference) return [];
  // Where the schema leaves the table open, the tables that the mappings use.
  const tables = ['IP.Interface', 'Ethernet.Link', 'Ethernet.Interface', 'WiFi.Radio'].map(
    (name) => `Device.${name}.{i}.`,
  );
  const targets = type.pathReference.targets.length > 0 ? type.pathReference.targets : tables;
  const rows: string[] = [];
  for (const target of targets) {
    const table = target.replace(/\{i\}\.$/, '').replaceAll('{i}', '*');
    const read = await model.instances({ protocol: 'usp' }, table, true);
    if (read.ok) rows.push(...read.value.map(({ path }) => path.slice(0, -1)));
  }
  const others = rows.filter((row) => row !== before);
  return others.length > 0 ? others : [''];
}
