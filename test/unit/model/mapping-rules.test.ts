import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Origin, View } from '#model';
import type { Programs } from '#platform';
import { sha512Crypt } from '../../../src/model/mapping/crypt.ts';
import { FakeBus } from '../../support/fake-bus.ts';
import { HandClock } from '../../support/hand-clock.ts';
import { type ModelFixture, openModel } from '../../support/model-fixture.ts';

// What a rule of a mapping can say, one by one, on a data model of nothing else.
const usp: View = { protocol: 'usp' };
const controller: Origin = { by: 'usp', peer: 'controller' };
let open: ModelFixture | undefined;
let root = '';
afterEach(async () => {
  await open?.[Symbol.asyncDispose]();
  open = undefined;
  rmSync(root, { recursive: true, force: true });
});

async function start(given: {
  mapping: unknown;
  packages?: Readonly<Record<string, string>>;
  answers?: Readonly<Record<string, () => Record<string, unknown>>>;
  files?: Readonly<Record<string, string>>;
  programs?: Programs;
}) {
  root = mkdtempSync(join(tmpdir(), 'tandem-rules-'));
  for (const [path, text] of Object.entries(given.files ?? {})) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const clock = new HandClock();
  open = await openModel({
    bus: new FakeBus({ 'service event': () => ({}), ...given.answers }),
    packages: given.packages ?? {},
    mappings: [{ file: 'test.json', text: JSON.stringify(given.mapping) }],
    root,
    clock,
    ...(given.programs && { programs: given.programs }),
  });
  const { model, config } = open;
  const read = async (path: string): Promise<Record<string, string>> => {
    const [reading] = await model.get(usp, [path]);
    if (!reading!.result.ok) throw new Error(reading!.result.fault.message);
    return Object.fromEntries(
      reading!.result.value.flatMap((object) =>
        object.parameters.map(({ info, value }) => [object.path + info.name, value]),
      ),
    );
  };
  const value = async (path: string): Promise<string | undefined> => Object.values(await read(path))[0];
  const set = async (object: string, values: Readonly<Record<string, string>>): Promise<string[]> => {
    const parameters = Object.entries(values).map(([name, text]) => ({ name, value: text, required: true }));
    const { outcomes } = await model.write(usp, [{ op: 'set', path: object, parameters }], {
      partial: false,
      origin: controller,
    });
    return outcomes.flatMap(({ result }) =>
      result.ok ? [] : result.fault.refusals.map(({ path, fault }) => `${path} ${fault.kind}`),
    );
  };
  return { model, config, read, value, set, clock };
}

describe('a part of an option', () => {
  const radio = (htmode: string) => `config wifi-device 'radio0'\n\toption htmode '${htmode}'\n`;
  const mapping = {
    sources: { wireless: { uci: 'wireless' } },
    'Device.WiFi.Radio.{i}.': {
      rows: 'wireless/wifi-device',
      OperatingStandards: {
        at: 'htmode',
        pick: '^([A-Z]+)',
        as: { HT: 'n', VHT: 'ac', HE: 'ax' },
        fits: '[A-Z]+(20|40)|(VHT|HE)80',
      },
      OperatingChannelBandwidth: {
        at: 'htmode',
        pick: '([0-9]+)$',
        as: { 20: '20MHz', 40: '40MHz', 80: '80MHz' },
        fits: '[A-Z]+(20|40)|(VHT|HE)80',
      },
    },
  };

  it('is read, and replaced by a write, two parts in one request too', async () => {
    const { value, set, config } = await start({ mapping, packages: { wireless: radio('HE20') } });
    expect(await value('Device.WiFi.Radio.1.OperatingStandards')).toBe('ax');
    expect(await value('Device.WiFi.Radio.1.OperatingChannelBandwidth')).toBe('20MHz');
    expect(await set('Device.WiFi.Radio.1.', { OperatingChannelBandwidth: '80MHz' })).toEqual([]);
    expect(config('wireless')).toContain("option htmode 'HE80'");
    expect(await set('Device.WiFi.Radio.1.', { OperatingStandards: 'ac', OperatingChannelBandwidth: '40MHz' })).toEqual(
      [],
    );
    expect(config('wireless')).toContain("option htmode 'VHT40'");
  });

  it('is refused where the whole would not fit', async () => {
    const { set, config } = await start({ mapping, packages: { wireless: radio('HT20') } });
    expect(await set('Device.WiFi.Radio.1.', { OperatingChannelBandwidth: '80MHz' })).toEqual([
      'Device.WiFi.Radio.1.OperatingChannelBandwidth invalid-value',
    ]);
    expect(config('wireless')).toBe(radio('HT20'));
  });
});

describe('one item of a list option', () => {
  const pool = (options: string) => `config dhcp 'lan'\n\toption start '100'\n\toption limit '50'\n${options}`;
  const mapping = {
    sources: { dhcp: { uci: 'dhcp' }, net: { value: { lan: '192.168.1.1/24' } } },
    'Device.DHCPv4.Server.Pool.{i}.': {
      rows: 'dhcp/dhcp',
      DNSServers: { at: 'dhcp_option', pick: '^6,(.+)$', put: '6,' },
      MinAddress: { at: 'start', as: 'address', of: '{net/lan}' },
      MaxAddress: { at: 'limit', as: 'address', of: '{net/lan}+{start}-1' },
    },
  };

  it('is replaced, added and taken away; the others stay', async () => {
    const { value, set, config } = await start({
      mapping,
      packages: { dhcp: pool("\tlist dhcp_option '44,10.0.0.1'\n") },
    });
    expect(await value('Device.DHCPv4.Server.Pool.1.DNSServers')).toBe('');
    await set('Device.DHCPv4.Server.Pool.1.', { DNSServers: '192.0.2.1,192.0.2.2' });
    expect(await value('Device.DHCPv4.Server.Pool.1.DNSServers')).toBe('192.0.2.1,192.0.2.2');
    expect(config('dhcp')).toContain("list dhcp_option '44,10.0.0.1'\n\tlist dhcp_option '6,192.0.2.1,192.0.2.2'");
    await set('Device.DHCPv4.Server.Pool.1.', { DNSServers: '' });
    expect(config('dhcp')).toContain("list dhcp_option '44,10.0.0.1'");
    expect(config('dhcp')).not.toContain("'6,");
  });

  it('an address is a position in a network, both ways', async () => {
    const { value, set, config } = await start({ mapping, packages: { dhcp: pool('') } });
    expect(await value('Device.DHCPv4.Server.Pool.1.MinAddress')).toBe('192.168.1.100');
    expect(await value('Device.DHCPv4.Server.Pool.1.MaxAddress')).toBe('192.168.1.149');
    expect(await set('Device.DHCPv4.Server.Pool.1.', { MaxAddress: '192.168.1.119' })).toEqual([]);
    expect(config('dhcp')).toContain("option limit '20'");
    expect(await set('Device.DHCPv4.Server.Pool.1.', { MaxAddress: '192.168.1.99' })).toEqual([
      'Device.DHCPv4.Server.Pool.1.MaxAddress invalid-value',
    ]);
    expect(await set('Device.DHCPv4.Server.Pool.1.', { MinAddress: '192.168.2.1' })).toEqual([
      'Device.DHCPv4.Server.Pool.1.MinAddress invalid-value',
    ]);
  });
});

describe('rows of several sources', () => {
  const mapping = {
    sources: { network: { uci: 'network' }, dump: { ubus: ['network.interface', 'dump'] } },
    'Device.Routing.Router.{i}.': {
      rows: 'network/globals',
      'IPv4Forwarding.{i}.': {
        rows: ['network/route', 'dump/interface/*/route/*[target~^[0-9.]+$]'],
        id: '{$above/interface} {$item/target}/{$item/mask}',
        add: {},
        DestIPAddress: { at: ['target', '$item/target'] },
        GatewayIPAddress: { at: ['gateway', '$item/nexthop'] },
        Origin: { at: '$above/proto', as: { '': 'Static', dhcp: 'DHCPv4' }, default: '' },
        ForwardingMetric: { at: 'metric', default: '-1', unset: '-1' },
      },
    },
  };
  const packages = {
    network: "config globals 'globals'\n\nconfig route 'office'\n\toption target '10.0.0.0'\n\toption metric '5'\n",
  };
  const answers = {
    'network.interface dump': () => ({
      interface: [
        { interface: 'lan', proto: 'static', route: [] },
        {
          interface: 'wan',
          proto: 'dhcp',
          route: [
            { target: '0.0.0.0', mask: 0, nexthop: '192.0.2.1' },
            { target: '::', mask: 0 },
          ],
        },
      ],
    }),
  };
  const table = 'Device.Routing.Router.1.IPv4Forwarding.';

  it('come in one table, each with what its source knows', async () => {
    const { read } = await start({ mapping, packages, answers });
    expect(await read(table)).toMatchObject({
      [`${table}1.DestIPAddress`]: '10.0.0.0',
      [`${table}1.Origin`]: 'Static',
      [`${table}2.DestIPAddress`]: '0.0.0.0',
      [`${table}2.GatewayIPAddress`]: '192.0.2.1',
      [`${table}2.Origin`]: 'DHCPv4',
    });
    expect(await read(table)).not.toHaveProperty([`${table}3.DestIPAddress`]);
  });

  it('can be written and deleted only where they have a section', async () => {
    const { model, set, config } = await start({ mapping, packages, answers });
    const remove = async (path: string) =>
      (await model.write(usp, [{ op: 'delete', path }], { partial: false, origin: controller })).committed;
    expect(await set(`${table}2.`, { GatewayIPAddress: '192.0.2.9' })).toEqual([
      `${table}2.GatewayIPAddress not-writable`,
    ]);
    expect(await remove(`${table}2.`)).toBe(false);
    expect(config('network')).toBe(packages.network);
    expect(await set(`${table}1.`, { ForwardingMetric: '-1' })).toEqual([]);
    expect(config('network')).not.toContain('metric');
    expect(await remove(`${table}1.`)).toBe(true);
    expect(config('network')).toContain('config globals');
    expect(config('network')).not.toContain('office');
  });
});

describe('sections as a second source of rows', () => {
  it('are read with their options and not written, nor what is below them', async () => {
    const { model, value, set, config } = await start({
      mapping: {
        sources: { network: { uci: 'network' } },
        'Device.Bridging.Bridge.{i}.': {
          rows: ['network/device[type=bridge]', 'network/switch'],
          let: { name: 'name' },
          AgingTime: { at: 'ageing_time', default: '300' },
          'STP.': { Enable: { at: 'stp', default: '0' } },
        },
      },
      packages: { network: "config switch 'switch0'\n\toption ageing_time '77'\n\toption stp '1'\n" },
    });
    expect(await value('Device.Bridging.Bridge.1.AgingTime')).toBe('77');
    expect(await value('Device.Bridging.Bridge.1.STP.Enable')).toBe('true');
    expect(await set('Device.Bridging.Bridge.1.', { AgingTime: '60' })).toEqual([
      'Device.Bridging.Bridge.1.AgingTime not-writable',
    ]);
    expect(await set('Device.Bridging.Bridge.1.STP.', { Enable: 'false' })).toEqual([
      'Device.Bridging.Bridge.1.STP.Enable not-writable',
    ]);
    const gone = await model.write(usp, [{ op: 'delete', path: 'Device.Bridging.Bridge.1.' }], {
      partial: false,
      origin: controller,
    });
    expect(gone.committed).toBe(false);
    expect(config('network')).toContain("option ageing_time '77'");
  });
});

describe('where a value comes from', () => {
  it('is one file of many, by the name that the * stands for', async () => {
    const { read } = await start({
      mapping: {
        sources: {
          types: { file: '/sys/class/thermal/thermal_zone*/type' },
          temps: { file: '/sys/class/thermal/thermal_zone$zone/temp' },
        },
        'Device.DeviceInfo.TemperatureStatus.TemperatureSensor.{i}.': {
          rows: 'types/*',
          let: { zone: '$item/.key' },
          Name: '$item/text',
          Value: { at: 'temps/text', as: 'scale', factor: 0.001 },
        },
      },
      files: {
        'sys/class/thermal/thermal_zone0/type': 'cpu\n',
        'sys/class/thermal/thermal_zone0/temp': '51234\n',
        'sys/class/thermal/thermal_zone7/type': 'modem\n',
        'sys/class/thermal/cooling_device0/type': 'fan\n',
      },
    });
    const table = 'Device.DeviceInfo.TemperatureStatus.TemperatureSensor.';
    expect(await read(table)).toMatchObject({
      [`${table}1.Name`]: 'cpu',
      [`${table}1.Value`]: '51',
      [`${table}2.Name`]: 'modem',
      // Of the modem's there is no temperature: the type's zero.
      [`${table}2.Value`]: '0',
    });
  });

  it('never leads out of the directory by the value of a variable', async () => {
    const { value } = await start({
      mapping: {
        sources: { system: { uci: 'system' }, light: { file: '/sys/class/leds/$sysfs/max_brightness' } },
        'Device.LEDs.LED.{i}.': { rows: 'system/led', let: { sysfs: 'sysfs' }, MaxBrightness: 'light/text' },
      },
      packages: { system: "config led 'a'\n\toption sysfs '../../../etc'\n" },
      files: { 'etc/max_brightness': '7\n' },
    });
    expect(await value('Device.LEDs.LED.1.MaxBrightness')).toBe('0');
  });

  it('is an option of a section that is not the row', async () => {
    const { value, set, config } = await start({
      mapping: {
        sources: { system: { uci: 'system' } },
        'Device.DeviceInfo.': { HostName: { at: 'hostname', in: 'system/system' } },
      },
      packages: { system: "config system\n\toption hostname 'OpenWrt'\n" },
    });
    expect(await value('Device.DeviceInfo.HostName')).toBe('OpenWrt');
    expect(await set('Device.DeviceInfo.', { HostName: 'attic' })).toEqual([]);
    expect(config('system')).toContain("option hostname 'attic'");
    expect(await value('Device.DeviceInfo.HostName')).toBe('attic');
  });

  it('is all values of a variable, added up', async () => {
    const { value } = await start({
      mapping: {
        sources: {
          devices: { ubus: ['network.device', 'status'] },
          radios: { value: { r: { names: ['a', 'b', 'gone'] } } },
        },
        'Device.WiFi.Radio.{i}.': {
          rows: 'radios/*',
          let: { names: ['$item/names/*'] },
          'Stats.': { BytesSent: { at: 'devices/$names/sent', as: 'sum' } },
        },
      },
      answers: { 'network.device status': () => ({ a: { sent: 5 }, b: { sent: 7 }, c: { sent: 100 } }) },
    });
    expect(await value('Device.WiFi.Radio.1.Stats.BytesSent')).toBe('12');
  });

  it('is an address in a network, a MAC address in whatever case', async () => {
    const table = 'Device.Hosts.Host.';
    const { read } = await start({
      mapping: {
        sources: {
          leases: {
            value: [
              ['AA:BB:CC:00:00:01', '10.1.2.3'],
              ['aa:bb:cc:00:00:02', '10.9.0.1'],
              ['x', 'garbage'],
            ],
          },
          names: { value: { a: { mac: 'aa:bb:cc:00:00:01', name: 'nas' } } },
        },
        'Device.Hosts.Host.{i}.': {
          rows: 'leases/*[1<10.1.0.0/16]',
          let: { mac: '$item/0' },
          PhysAddress: '$item/0',
          HostName: 'names/*[mac=$mac]/name',
        },
      },
    });
    expect(await read(table)).toEqual({
      [`${table}1.PhysAddress`]: 'AA:BB:CC:00:00:01',
      [`${table}1.HostName`]: 'nas',
    });
  });

  it('is a time that the source counts from now', async () => {
    const { value, clock } = await start({
      mapping: {
        sources: { now: { value: { left: 120, since: 60, never: -1 } } },
        'Device.Firewall.': { LastChange: { at: 'now/since', as: 'ago' } },
        'Device.DeviceInfo.': { FirstUseDate: { at: 'now/left', as: 'from-now' } },
      },
    });
    const at = (ms: number) => `${new Date(Math.round(ms / 10_000) * 10_000).toISOString().slice(0, 19)}Z`;
    expect(await value('Device.DeviceInfo.FirstUseDate')).toBe(at(clock.now() + 120_000));
    expect(await value('Device.Firewall.LastChange')).toBe(at(clock.now() - 60_000));
  });
});

describe('a write that runs a program', () => {
  const logins = `config login 'root'\n\toption username 'root'\n\toption password '$p$root'\n\nconfig login 'guest'\n\toption username 'guest'\n\toption password '$p$-rf'\n`;
  const mapping = {
    sources: { rpcd: { uci: 'rpcd' }, accounts: { value: { $p$root: 'root', '$p$-rf': '-rf' } } },
    'Device.LANConfigSecurity.': { ConfigPassword: { is: '', run: ['passwd', 'root'], fits: '[^\\n]+' } },
    'Device.Users.User.{i}.': {
      rows: 'rpcd/login',
      let: { password: 'password', account: 'accounts/$password' },
      add: {},
      Username: 'username',
      Password: { at: 'password', as: 'crypt', run: ['passwd', '$account'] },
    },
  };
  const image = (has = true) => {
    const ran: string[] = [];
    const programs: Programs = {
      has: () => has,
      run: async (name, args, { input }) => {
        ran.push(`${[name, ...args].join(' ')} < ${input}`);
        return { code: 0, stdout: '', stderr: '' };
      },
    };
    return { ran, programs };
  };

  it('runs it once, with the last value, and not for a value that does not fit', async () => {
    const { ran, programs } = image();
    const { set, value, model } = await start({ mapping, programs });
    const at = 'Device.LANConfigSecurity.';
    const write = (text: string) =>
      ({ op: 'set', path: at, parameters: [{ name: 'ConfigPassword', value: text, required: true }] }) as const;
    await model.write(usp, [write('first'), write('second')], { origin: controller, partial: false });
    expect(ran).toEqual(['passwd root < second\n']);
    expect(await set(at, { ConfigPassword: 'two\nlines' })).toEqual([`${at}ConfigPassword invalid-value`]);
    expect(await set(at, { ConfigPassword: '' })).toEqual([`${at}ConfigPassword invalid-value`]);
    expect(ran).toHaveLength(1);
    expect(await value(`${at}ConfigPassword`)).toBe('');
  });

  it('runs nothing when another part of the request is refused', async () => {
    const { ran, programs } = image();
    const { set } = await start({ mapping, programs });
    const at = 'Device.LANConfigSecurity.';
    expect(await set(at, { ConfigPassword: 'sesame', Nothing: '1' })).toEqual([`${at}Nothing unsupported-path`]);
    expect(ran).toEqual([]);
  });

  it('is refused where the image does not have it', async () => {
    const at = 'Device.LANConfigSecurity.';
    const { set } = await start({ mapping, programs: image(false).programs });
    expect(await set(at, { ConfigPassword: 'sesame' })).toEqual([`${at}ConfigPassword not-writable`]);
  });

  it('goes to the option where an argument has no value, or one that would be a flag; there as the hash that rpcd compares', async () => {
    const { ran, programs } = image();
    const { set, config, model } = await start({ mapping, programs, packages: { rpcd: logins } });
    expect(await set('Device.Users.User.1.', { Password: 'sesame' })).toEqual([]);
    expect(ran).toEqual(['passwd root < sesame\n']);
    expect(config('rpcd')).toBe(logins);
    expect(await set('Device.Users.User.2.', { Password: 'sesame' })).toEqual([]);
    const parameters = [{ name: 'Password', value: 'of a new one', required: true }];
    await model.write(usp, [{ op: 'add', path: 'Device.Users.User.', parameters }], {
      origin: controller,
      partial: false,
    });
    expect(ran).toHaveLength(1);
    const [, guest, added] = [...config('rpcd').matchAll(/password '(.*)'/g)].map(([, text]) => text!);
    expect(guest).toBe(sha512Crypt('sesame', guest!.split('$')[2]!));
    expect(added).toBe(sha512Crypt('of a new one', added!.split('$')[2]!));
    expect(config('rpcd')).not.toContain('sesame');
    expect(await set('Device.Users.User.2.', { Password: '' })).toEqual([]);
    expect(config('rpcd').match(/password/g)).toHaveLength(2);
  });
});
