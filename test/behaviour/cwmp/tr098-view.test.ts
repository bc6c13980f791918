import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLog } from '#base';
import { type AcsModel, openAcsModel } from '#cwmp';
import { defaultPackages, installFactory, type Router, startRouter } from '#lab';
import { type Change, type DataModel, type NameReading, toSchemaPath, type WriteAnswer } from '#model';
import { type FileStateStore, UciFiles } from '#platform';
import { bootstrap } from '#services';
import { type ModelOnRouter, modelOnRouter } from '../../support/model-on-router.ts';
import { tr098Paths } from '../../support/tr098-paths.ts';

// TR-098's root on the simulated router, with a row of everything that it can show.
const more: Readonly<Record<string, string>> = {
  network: `
config interface 'dsl'
	option device 'wan'
	option proto 'pppoe'
	option username 'user@isp.example'
	option password 'ppp-secret'
	option disabled '1'

config route 'backup'
	option interface 'lan'
	option target '10.1.0.0'
	option netmask '255.255.0.0'
	option gateway '192.168.1.254'
	option metric '10'
`,
};
const secrets = ['ppp-secret', 'lab-passphrase', 'guest-passphrase'];
const root = 'InternetGatewayDevice.';
const wan = `${root}WANDevice.1.WANConnectionDevice.1.`;
const lan = `${root}LANDevice.1.`;
const view = { protocol: 'cwmp' } as const;
/** How long something that must come may take on a machine that is busy; nothing here is measured. */
const patient = { interval: 10, timeout: 15_000 };
const byAcs = { origin: { by: 'cwmp', peer: 'acs.example' }, partial: false } as const;

const directory = mkdtempSync(join(tmpdir(), 'tandem-tr098-'));
let router: Router;
let made: ModelOnRouter;
let model: DataModel;
let igd: AcsModel;
let state: FileStateStore;

beforeAll(async () => {
  const config = join(directory, 'root/etc/config');
  mkdirSync(config, { recursive: true });
  for (const [name, text] of Object.entries(more)) writeFileSync(join(config, name), defaultPackages[name] + text);
  router = await startRouter({ directory, reloadDelayMs: 10 });
  installFactory(router.root, {});
  const uci = new UciFiles(config, silentLog);
  await bootstrap({ uci, factory: { controllers: [], tls: {} }, log: silentLog, randomHex: (n) => '5'.repeat(n * 2) });
  made = await modelOnRouter(router, directory, uci);
  ({ model, state } = made);
  igd = await openAcsModel('InternetGatewayDevice', model, state, silentLog);
});
afterAll(async () => {
  await made?.[Symbol.asyncDispose]();
  await router?.[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

/** As an ACS reads it. */
async function valuesAt(...paths: string[]): Promise<Map<string, string>> {
  const values = new Map<string, string>();
  for (const { result } of await igd.get(view, paths)) {
    if (!result.ok) throw new Error(`${result.fault.path}: ${result.fault.message}`);
    for (const { path, parameters } of result.value) {
      for (const { info, value } of parameters) values.set(path + info.name, value);
    }
  }
  return values;
}
const valueAt = async (path: string): Promise<string> => (await valuesAt(path)).get(path)!;
const config = (name: string): string => readFileSync(join(router.root, 'etc/config', name), 'utf8');
const set = (path: string, value: string): Promise<WriteAnswer> => setAll([[path, value]]);
function setAll(values: readonly (readonly [string, string])[]): Promise<WriteAnswer> {
  const byObject = new Map<string, { name: string; value: string; required: boolean }[]>();
  for (const [path, value] of values) {
    const object = path.slice(0, path.lastIndexOf('.') + 1);
    byObject.set(object, [...(byObject.get(object) ?? []), { name: path.slice(object.length), value, required: true }]);
  }
  const writes = [...byObject].map(([path, parameters]) => ({ op: 'set', path, parameters }) as const);
  return igd.write(view, writes, byAcs);
}
const refusalsOf = (answer: WriteAnswer): string[] =>
  answer.outcomes.flatMap(({ result }) =>
    result.ok ? [] : result.fault.refusals.map(({ path, fault }) => `${path} ${fault.kind}`),
  );
async function namesAt(path: string, nextLevel: boolean): Promise<readonly NameReading[]> {
  const names = await igd.names(view, path, nextLevel);
  if (!names.ok) throw new Error(names.fault.message);
  return names.value;
}
/** What the device takes over in its own time. */
const settles = (path: string): ReturnType<typeof expect.poll> =>
  expect.poll(async () => {
    await model.changed();
    return (await valuesAt(path)).get(path);
  }, patient);

describe('the paths of TR-098', () => {
  it('are served wherever TR-181 has something behind them', async () => {
    const served = new Set(
      igd
        .supported('cwmp')
        .below(root)
        .flatMap(({ path, parameters }) => parameters.map(({ name }) => path + name)),
    );
    const device = model.supported('cwmp');
    const there = (from: string): boolean => {
      const object = `Device.${from.slice(0, from.lastIndexOf('.') + 1)}`;
      const names = device.object(object)?.parameters.map(({ name }) => object + name) ?? [];
      return from === '' || names.includes(`Device.${from}`);
    };
    const expected = tr098Paths.filter(([, from]) => there(from)).map(([path]) => path);
    expect(tr098Paths.map(([path]) => path).filter((path) => served.has(root + path))).toEqual(expected);
    expect(expected.length).toBeGreaterThanOrEqual(140);
  });

  it('are read with values of their types', async () => {
    const lexical: Readonly<Record<string, RegExp>> = {
      boolean: /^(true|false)$/,
      int: /^-?\d+$/,
      unsignedInt: /^\d+$/,
      unsignedLong: /^\d+$/,
      dateTime: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[-+]\d\d:\d\d)?$/,
    };
    const [reading] = await igd.get(view, [root]);
    if (!reading!.result.ok) throw new Error(reading!.result.fault.message);
    const wrong: string[] = [];
    let count = 0;
    for (const { path, parameters } of reading!.result.value) {
      for (const { info, value, fault } of parameters) {
        count++;
        const items = info.list ? value.split(',').filter(Boolean) : [value];
        const pattern = lexical[info.type] ?? /^/;
        if (fault || !items.every((item) => pattern.test(item))) wrong.push(`${path}${info.name}=${value}`);
        if (info.type === 'unsignedInt' && Number(value) > 0xffff_ffff) wrong.push(`${path}${info.name}=${value}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(count).toBeGreaterThan(300);
  });

  it('hide what is secret', async () => {
    const text = JSON.stringify([...(await valuesAt(root))]);
    for (const secret of secrets) expect(text).not.toContain(secret);
  });

  it('have the rows where an ACS of TR-098 looks for them', async () => {
    const values = await valuesAt(root);
    const expected: Readonly<Record<string, string>> = {
      LANDeviceNumberOfEntries: '2',
      'LANDevice.1.LANHostConfigManagement.IPInterface.1.IPInterfaceIPAddress': '192.168.1.1',
      'LANDevice.2.LANHostConfigManagement.IPInterface.1.IPInterfaceIPAddress': '192.168.3.1',
      'LANDevice.1.LANEthernetInterfaceNumberOfEntries': '4',
      'LANDevice.1.WLANConfiguration.1.SSID': 'OpenWrt',
      'LANDevice.1.WLANConfiguration.1.BeaconType': '11i',
      'WANDevice.1.WANCommonInterfaceConfig.WANAccessType': 'Ethernet',
      'WANDevice.1.WANConnectionDevice.1.WANIPConnection.1.ExternalIPAddress': '203.0.113.57',
      'WANDevice.1.WANConnectionDevice.1.WANIPConnection.1.ConnectionStatus': 'Connected',
      'WANDevice.1.WANConnectionDevice.1.WANIPConnection.1.DefaultGateway': '203.0.113.1',
      'WANDevice.1.WANConnectionDevice.1.WANIPConnection.1.PortMapping.1.ExternalPort': '8443',
      'WANDevice.1.WANConnectionDevice.1.WANPPPConnection.1.Username': 'user@isp.example',
      'WANDevice.2.WANConnectionDevice.1.WANIPConnection.1.Name': 'wwan',
      'Layer3Forwarding.DefaultConnectionService': `${wan}WANIPConnection.1`,
      'Layer3Forwarding.Forwarding.1.Interface': `${root}LANDevice.1`,
      'Time.LocalTimeZone': '+01:00',
      'Time.NTPServer2': '1.openwrt.pool.ntp.org',
      'Time.NTPServer5': '',
    };
    const found = Object.keys(expected).map((path) => [path, values.get(root + path)]);
    expect(Object.fromEntries(found)).toEqual(expected);
  });

  it('that can be written are written, land in a UCI file, and read back', async () => {
    const files = (): string =>
      readdirSync(join(router.root, 'etc/config'))
        .map((name) => config(name))
        .join('');
    const problems: string[] = [];
    const done = new Set<string>();
    for (const { path, writable } of await namesAt('', false)) {
      const schemaPath = toSchemaPath(path);
      if (path.endsWith('.') || !writable || done.has(schemaPath)) continue;
      if (together.test(path) || handedOver.test(path) || onlyTrue.test(path)) continue;
      done.add(schemaPath);
      // The device may still be taking over the write before, with which an address goes for a moment.
      await expect
        .poll(async () => {
          const names = await igd.names(view, path, false);
          return names.ok && names.value[0]!.writable;
        }, patient)
        .toBe(true);
      const [reading] = await igd.get({ ...view, reveal: true }, [path]);
      if (!reading!.result.ok) {
        problems.push(`${path}: ${reading!.result.fault.message}`);
        continue;
      }
      const { info, value: before } = reading!.result.value[0]!.parameters[0]!;
      const tried: string[] = [];
      for (const value of candidates(path, info.type, before)) {
        const file = files();
        const answer = await set(path, value);
        if (!answer.committed) {
          tried.push(`${value}: ${refusalsOf(answer).join()}`);
          continue;
        }
        tried.length = 0;
        if (files() === file) tried.push(`${value}: no UCI file has changed`);
        await expect
          .poll(async () => {
            await model.changed();
            const [again] = await igd.get({ ...view, reveal: true }, [path]);
            return again!.result.ok ? again!.result.value[0]?.parameters[0]?.value : undefined;
          }, patient)
          .toBe(value);
        await set(path, before);
        break;
      }
      if (tried.length > 0) problems.push(`${path} ${tried.join('; ')}`);
    }
    expect(problems).toEqual([]);
    expect(done.size).toBeGreaterThan(50);
  }, 150_000);
});

/** An account is enabled, because it is, and is not disabled. */
const onlyTrue = /\.User\.\d+\.Enable$/;
/** A program takes it, and nobody can read it back (test/behaviour/every-parameter.test.ts). */
const handedOver = /ConfigPassword$|User\.\d+\.Password$/;
/** These mean something only with a BeaconType: their own test is below. */
const together = /EncryptionModes$|WPAAuthenticationMode$/;

/** Values that differ from the one there is. */
function candidates(path: string, type: string, before: string): string[] {
  const named: readonly [RegExp, string[]][] = [
    [/MaxAddress$/, ['192.168.1.240', '192.168.1.200', '192.168.3.200']],
    [/SubnetMask$/, ['255.255.255.128']],
    [/Chaddr$/, ['02:00:00:00:00:77']],
    [/Forwarding\.\d+\.Interface$/, [`${wan}WANIPConnection.1`]],
    [/DestIPAddress$/, ['10.2.0.0']],
    [/Address$|Yiaddr|Client$|RemoteHost$/, ['192.168.1.77']],
    [/URL$/, ['https://other.example/']],
    [/BeaconType$/, ['None', 'WPAand11i']],
    [/AuthenticationMode$/, ['EAPAuthentication']],
    [/DNSServers$|IPRouters$|ReservedAddresses$/, ['192.168.1.53', '192.168.1.54']],
    [/MinAddress$/, ['192.168.1.101', '192.168.1.110', '192.168.3.110']],
    [/DuplexMode$/, ['Full', 'Half']],
    [/Standard$/, ['n', 'ac', 'g,n']],
    [/TransmitPower$/, ['50', '100', '25']],
    [/PreSharedKey$/, ['ab'.repeat(32)]],
    [/WEPKey$/, ['ab'.repeat(5), 'ab'.repeat(13)]],
    [/RegulatoryDomain$/, ['FR', 'FR ', 'US ']],
    [/ConnectionTrigger$/, ['OnDemand', 'Manual']],
    [/AddressingType$/, ['Static', 'DHCP']],
    [/DiagnosticsState$/, ['None', 'Requested']],
    [/NTPServer\d$/, ['ntp.example']],
    [/LocalTimeZone/, ['UTC0', 'GMT0']],
    [/Protocol$/, ['UDP']],
    [/Channel$/, ['6', '11', '40']],
  ];
  const byName = named.find(([pattern]) => pattern.test(path))?.[1];
  const byType: Readonly<Record<string, string[]>> = {
    boolean: [before === 'true' ? 'false' : 'true'],
    int: ['7', '77'],
    unsignedInt: ['7', '77', '1400'],
    dateTime: ['2026-01-02T03:04:05Z'],
    string: ['another one', 'another'],
  };
  return (byName ?? byType[type] ?? []).filter((value) => value !== before);
}

describe('reading', () => {
  it('lists one level, and all of them, as GetParameterNames does', async () => {
    expect(await namesAt('', true)).toEqual([{ path: root, writable: false }]);
    const level = (await namesAt(lan, true)).map(({ path }) => path.slice(lan.length));
    expect(level).toEqual([
      'LANEthernetInterfaceNumberOfEntries',
      'LANWLANConfigurationNumberOfEntries',
      'LANHostConfigManagement.',
      'LANEthernetInterfaceConfig.',
      'Hosts.',
      'WLANConfiguration.',
    ]);
    expect(await namesAt(`${wan}WANIPConnection.`, true)).toEqual([
      { path: `${wan}WANIPConnection.1.`, writable: false },
    ]);
    expect(await namesAt(`${wan}WANIPConnection.1.PortMapping.`, false)).toContainEqual({
      path: `${wan}WANIPConnection.1.PortMapping.`,
      writable: true,
    });
    expect(await namesAt(`${root}DeviceInfo.UpTime`, false)).toEqual([
      { path: `${root}DeviceInfo.UpTime`, writable: false },
    ]);
    const all = await namesAt('', false);
    const leaves = all.filter(({ path }) => !path.endsWith('.')).map(({ path }) => path);
    expect([...(await valuesAt(root)).keys()].sort()).toEqual([...leaves].sort());
    expect(new Set(leaves).size).toBe(leaves.length);
  });

  it.each([
    'Device.DeviceInfo.UpTime',
    `${root}Nope.`,
    `${root}DeviceInfo.Nope`,
    `${root}LANDevice.9.`,
    `${root}LANDevice.1.WLANConfiguration.9.SSID`,
    `${root}LANDevice.1.WLANConfiguration.SSID`,
    `${root}LANDevice.01.`,
    `${root}DeviceInfo`,
    'InternetGatewayDevice',
    '..',
    `${root}__proto__.`,
    `${root}constructor`,
  ])('knows no %s', async (path) => {
    const [reading] = await igd.get(view, [path]);
    expect(reading!.result.ok).toBe(false);
    expect((await igd.names(view, path, false)).ok).toBe(false);
    const answer = await set(path, 'x');
    expect(answer.committed).toBe(false);
  });
});

describe('writing', () => {
  it('is all or nothing, and every parameter at fault is told under its name here', async () => {
    const before = config('wireless');
    const answer = await setAll([
      [`${lan}WLANConfiguration.1.SSID`, 'Changed'],
      [`${lan}WLANConfiguration.1.Channel`, 'many'],
      [`${lan}WLANConfiguration.1.BSSID`, '02:00:00:00:00:01'],
      [`${lan}WLANConfiguration.1.Nope`, '1'],
    ]);
    expect(answer.committed).toBe(false);
    expect(refusalsOf(answer).sort()).toEqual([
      `${lan}WLANConfiguration.1.BSSID not-writable`,
      `${lan}WLANConfiguration.1.Channel invalid-type`,
      `${lan}WLANConfiguration.1.Nope unsupported-path`,
    ]);
    expect(config('wireless')).toBe(before);
  });

  it.each([
    [[['BeaconType', 'None']], 'none'],
    [
      [
        ['BeaconType', 'WPAand11i'],
        ['IEEE11iAuthenticationMode', 'PSKAuthentication'],
        ['WPAEncryptionModes', 'TKIPandAESEncryption'],
      ],
      'psk-mixed',
    ],
    [
      [
        ['BeaconType', 'WPA'],
        ['WPAAuthenticationMode', 'PSKAuthentication'],
        ['WPAEncryptionModes', 'TKIPEncryption'],
      ],
      'psk',
    ],
    [
      [
        ['BeaconType', '11i'],
        ['IEEE11iAuthenticationMode', 'PSKAuthentication'],
        ['IEEE11iEncryptionModes', 'AESEncryption'],
      ],
      'psk2',
    ],
  ] as const)('makes one security mode of %j', async (parts, encryption) => {
    const answer = await setAll(parts.map(([name, value]) => [`${lan}WLANConfiguration.3.${name}`, value] as const));
    expect(refusalsOf(answer)).toEqual([]);
    expect(config('wireless')).toMatch(new RegExp(`config wifi-iface 'guest'[^]*option encryption '${encryption}'`));
    const now = await valuesAt(...parts.map(([name]) => `${lan}WLANConfiguration.3.${name}`));
    expect([...now.values()]).toEqual(parts.map(([, value]) => value));
  });

  it('refuses a combination that the device does not have', async () => {
    const wlan = `${lan}WLANConfiguration.3.`;
    const answer = await setAll([
      [`${wlan}BeaconType`, '11i'],
      [`${wlan}IEEE11iEncryptionModes`, 'WEPEncryption'],
    ]);
    expect(answer.committed).toBe(false);
    expect(refusalsOf(answer)).toEqual([`${wlan}IEEE11iEncryptionModes invalid-value`]);
  });

  it('changes one of several time servers', async () => {
    expect((await set(`${root}Time.NTPServer2`, 'ntp.example')).committed).toBe(true);
    expect(config('system')).toContain("list server 'ntp.example'");
    expect((await valuesAt(`${root}Time.`)).get(`${root}Time.NTPServer1`)).toBe('0.openwrt.pool.ntp.org');
    expect((await set(`${root}Time.NTPServer1`, 'a.example,b.example')).committed).toBe(false);
  });
});

describe('rows', () => {
  async function add(table: string): Promise<string> {
    const answer = await igd.write(view, [{ op: 'add', path: table, parameters: [] }], byAcs);
    const { result } = answer.outcomes[0]!;
    if (!result.ok) throw new Error(result.fault.fault.message);
    expect(result.value).toHaveLength(1);
    return result.value[0]!.path;
  }
  const remove = (path: string): Promise<WriteAnswer> => igd.write(view, [{ op: 'delete', path }], byAcs);

  it.each([
    [`${wan}WANIPConnection.1.PortMapping.`, 'ExternalPort', '8080', 'firewall', "option src_dport '8080'"],
    [`${root}Layer3Forwarding.Forwarding.`, 'DestIPAddress', '10.9.0.0', 'network', "option target '10.9.0.0'"],
    [`${lan}LANHostConfigManagement.DHCPStaticAddress.`, 'Yiaddr', '192.168.1.99', 'dhcp', "option ip '192.168.1.99'"],
    [`${lan}WLANConfiguration.`, 'SSID', 'Added', 'wireless', "option ssid 'Added'"],
    [`${root}User.`, 'Username', 'added', 'rpcd', "option username 'added'"],
    [`${wan}WANPPPConnection.`, 'Username', 'added@isp', 'network', "option username 'added@isp'"],
  ])('are added to %s and deleted', async (table, name, value, file, line) => {
    const row = await add(table);
    expect(row).toMatch(/^InternetGatewayDevice\..*\.[1-9]\d*\.$/);
    expect(row.startsWith(table)).toBe(true);
    expect(await namesAt(table, true)).toContainEqual({ path: row, writable: true });
    const answer = await set(row + name, value);
    expect(refusalsOf(answer)).toEqual([]);
    expect(config(file)).toContain(line);
    await settles(row + name).toBe(value);
    expect((await remove(row)).committed).toBe(true);
    expect(config(file)).not.toContain(line);
    expect((await igd.names(view, row, true)).ok).toBe(false);
  });

  it('are refused where TR-181 can make none', async () => {
    for (const path of [`${root}LANDevice.`, `${lan}LANEthernetInterfaceConfig.`, `${lan}WLANConfiguration.1.`, 'x.']) {
      const answer = await igd.write(view, [{ op: 'add', path, parameters: [] }], byAcs);
      expect(answer.committed).toBe(false);
    }
    expect((await remove(`${root}LANDevice.1.`)).committed).toBe(false);
    expect((await remove(`${lan}WLANConfiguration.9.`)).committed).toBe(false);
  });

  it('of the interface stack keep their numbers when others come before them, and over a restart', async () => {
    const before = await valueAt(`${wan}WANIPConnection.1.Name`);
    const file = join(router.root, 'etc/config/network');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, `config interface 'early'\n\toption device 'br-early'\n\toption proto 'static'\n\n${text}`);
    const again = await openAcsModel('InternetGatewayDevice', model, state, silentLog);
    await model.changed();
    const names = await again.names(view, `${root}LANDevice.`, true);
    expect(names.ok && names.value.map(({ path }) => path)).toEqual([1, 2, 3].map((n) => `${root}LANDevice.${n}.`));
    const [reading] = await again.get(view, [`${wan}WANIPConnection.1.Name`]);
    expect(reading!.result.ok && reading!.result.value[0]!.parameters[0]!.value).toBe(before);
    writeFileSync(file, text);
  });
});

describe('notifications', () => {
  it('tell a change under its name here, with the origin of the change', async () => {
    const heard: Change[] = [];
    const paths = [
      `${lan}WLANConfiguration.2.SSID`,
      `${lan}WLANConfiguration.2.BeaconType`,
      `${root}DeviceInfo.ProvisioningCode`,
    ];
    const watching = await igd.watch(view, { paths, kinds: ['value'] }, (change) => heard.push(change));
    expect(watching.ok).toBe(true);
    const origin = { by: 'usp', peer: 'controller' } as const;
    const write = (path: string, name: string, value: string): Promise<WriteAnswer> =>
      model.write({ protocol: 'usp' }, [{ op: 'set', path, parameters: [{ name, value, required: true }] }], {
        origin,
        partial: false,
      });
    await write('Device.WiFi.SSID.2.', 'SSID', 'Told');
    await expect.poll(() => heard.length, patient).toBe(1);
    expect(heard[0]).toEqual({ kind: 'value', path: paths[0], type: 'string', value: 'Told', origin });
    await write('Device.WiFi.AccessPoint.2.Security.', 'ModeEnabled', 'None');
    await expect.poll(() => heard.length, patient).toBe(2);
    expect(heard[1]).toMatchObject({ path: paths[1], value: 'None', origin });
    // WPA2 and WPA3 are the same word in TR-098, and so no change between them.
    await write('Device.WiFi.AccessPoint.1.Security.', 'ModeEnabled', 'WPA2-Personal');
    await set(`${root}DeviceInfo.ProvisioningCode`, 'by-acs');
    await expect.poll(() => heard.length, patient).toBe(3);
    expect(heard[2]).toMatchObject({ path: paths[2], value: 'by-acs', origin: { by: 'cwmp' } });
    if (watching.ok) watching.value[Symbol.dispose]();
    await write('Device.WiFi.SSID.2.', 'SSID', 'Untold');
    expect(heard).toHaveLength(3);
  });
});
