import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Files, type Programs, parseUci, type Uci } from '#platform';
import { createHandlers } from '../../../src/model/handlers/index.ts';
import { HandClock } from '../../support/hand-clock.ts';

const filesOf = (texts: Readonly<Record<string, string>>): Files => ({
  readText: (path) => texts[path],
  exists: (path) => path in texts,
  list: (directory) => [
    ...new Set(
      Object.keys(texts)
        .filter((path) => path.startsWith(`${directory}/`))
        .map((path) => path.slice(directory.length + 1).split('/')[0]!),
    ),
  ],
});
const noUci: Uci = {
  load: () => undefined,
  packages: () => [],
  revision: () => undefined,
  preview: () => '',
  replace: async () => {},
  text: () => undefined,
  hold: () => Promise.reject(new Error('nothing is written here')),
};
const run = (
  name: 'cpu' | 'processes' | 'sockets' | 'memory' | 'ipv6-addresses',
  texts: Readonly<Record<string, string>>,
) => createHandlers({ files: filesOf(texts), clock: new HandClock(), uci: noUci })[name]();

describe('processes', () => {
  const stat = (name: string) =>
    `42 (${name}) S 1 42 42 0 -1 4194560 240 0 0 0 150 50 0 0 25 5 1 0 300 2048000 400 18446744073709551615\n`;

  it('are read field by field', () => {
    const found = run('processes', {
      '/proc/42/stat': stat('dnsmasq'),
      '/proc/42/cmdline': '/usr/sbin/dnsmasq\0-k\0',
      '/proc/version': 'x',
    });
    expect(found).toEqual({
      42: { command: '/usr/sbin/dnsmasq -k', state: 'Sleeping', cpuTime: 2000, priority: 25, size: 2000 },
    });
  });

  it('may have parentheses and blanks in their names', () => {
    expect(run('processes', { '/proc/42/stat': stat('a) R (b c') })).toMatchObject({
      42: { command: '[a) R (b c]', state: 'Sleeping' },
    });
  });

  it('of which nothing can be read are left out', () => {
    expect(run('processes', { '/proc/42/cmdline': 'x', '/proc/43/stat': 'garbage' })).toEqual({});
    fc.assert(
      fc.property(fc.string(), (text) => Object.keys(run('processes', { '/proc/1/stat': text }) as object).length <= 1),
    );
  });
});

describe('IPv6 addresses', () => {
  it('are all that the kernel has, with their scope and state', () => {
    const text = [
      'fe80000000000000842bfffe182301ab 10 40 20 80   br-lan',
      'fd12345678900000000000000000000a 10 3c 00 20   br-lan',
      '20010db8000000000000000000000001 02 80 00 c0     eth0',
      '20010db8000000000000000000000002 02 80 00 88     eth0',
      'nonsense',
      '',
    ].join('\n');
    expect(run('ipv6-addresses', { '/proc/net/if_inet6': text })).toEqual([
      { device: 'br-lan', address: 'fe80::842b:fffe:1823:1ab', mask: 64, scope: 'link', state: 'Preferred' },
      { device: 'br-lan', address: 'fd12:3456:7890::a', mask: 60, scope: 'global', state: 'Deprecated' },
      { device: 'eth0', address: '2001:db8::1', mask: 128, scope: 'global', state: 'Tentative' },
      { device: 'eth0', address: '2001:db8::2', mask: 128, scope: 'global', state: 'Duplicate' },
    ]);
    expect(run('ipv6-addresses', {})).toEqual([]);
  });
});

describe('sockets', () => {
  const line = (local: string, remote: string, state: string) =>
    `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000 0 0 1\n`;

  it('listen or are connected, on IPv4 and IPv6', () => {
    const texts = {
      '/proc/net/tcp': `heading\n${line('0100007F:1F90', '00000000:0000', '0A')}${line('0101A8C0:0016', '8801A8C0:D2F0', '01')}${line('0101A8C0:0016', '8801A8C0:D2F1', '06')}`,
      '/proc/net/tcp6': `heading\n${line('B80D0120000000000000000001000000:01BB', '00000000000000000000000000000000:0000', '0A')}`,
    };
    expect(run('sockets', texts)).toEqual([
      { localAddress: '127.0.0.1', localPort: 8080, remoteAddress: '', remotePort: 0, status: 'LISTEN' },
      {
        localAddress: '192.168.1.1',
        localPort: 22,
        remoteAddress: '192.168.1.136',
        remotePort: 54000,
        status: 'ESTABLISHED',
      },
      { localAddress: '2001:db8::1', localPort: 443, remoteAddress: '', remotePort: 0, status: 'LISTEN' },
    ]);
  });

  it('IPv6 addresses are written as RFC 5952 has them', () => {
    const shown = (hex: string) =>
      (
        run('sockets', { '/proc/net/tcp6': `h\n${line(`${hex}:0016`, `${'0'.repeat(32)}:0000`, '0A')}` }) as {
          localAddress: string;
        }[]
      )[0]!.localAddress;
    expect(shown('0'.repeat(32))).toBe('::');
    expect(shown('00000000000000000000000001000000')).toBe('::1');
    expect(shown('000080FE00000000FF020A0001000002'.toUpperCase())).toBe('fe80::a:2ff:200:1');
    expect(shown('01000000000000000000000000000000')).toBe('0:1::');
    expect(shown('0100000001000000010000000100A000')).toBe('0:1:0:1:0:1:a0:1');
  });

  it('of a file that is no table are none', () => {
    fc.assert(
      fc.property(fc.string(), (text) => (run('sockets', { '/proc/net/tcp': text }) as unknown[]).length === 0),
    );
  });
});

describe('load', () => {
  it('is since the look before, for each processor and for all', () => {
    const texts: Record<string, string> = {
      '/proc/stat': 'cpu  10 0 10 80 0 0 0 0\ncpu0 10 0 10 80 0 0 0 0\nbtime 1\n',
    };
    const clock = new HandClock();
    const { cpu } = createHandlers({ files: filesOf(texts), clock, uci: noUci });
    expect(cpu()).toEqual({
      all: { user: 10, system: 10, idle: 80, busy: 20 },
      each: { cpu0: { user: 10, system: 10, idle: 80, busy: 20 } },
    });
    texts['/proc/stat'] = 'cpu  60 0 10 130 0 0 0 0\ncpu0 60 0 10 130 0 0 0 0\n';
    expect(cpu()).toMatchObject({ all: { busy: 20 } });
    clock.advance(2000);
    expect(cpu()).toMatchObject({ all: { user: 50, system: 0, idle: 50, busy: 50 } });
  });
});

describe('memory', () => {
  it('is what is not available', () => {
    expect(run('memory', { '/proc/meminfo': 'MemTotal:  1000 kB\nMemFree: 1 kB\nMemAvailable:  250 kB\n' })).toEqual({
      used: 75,
    });
    expect(run('memory', {})).toEqual({});
  });
});

describe('modems that netifd drives itself', () => {
  const network = `
config interface 'wwan'
	option proto 'qmi'
	option device '/dev/cdc-wdm0'

config interface 'spare'
	option proto 'qmi'
	option device '/dev/cdc-wdm9'
	option disabled '1'

config interface 'mobile'
	option proto 'mbim'
	option device '/dev/cdc-wdm1'

config interface 'hostile'
	option proto 'qmi'
	option device '/dev/x -y'
`;
  const uci: Uci = { ...noUci, load: () => parseUci(network).toPackage('network') };
  const files = filesOf({ '/sys/class/usbmisc/cdc-wdm0/device/net/wwan0/mtu': '1500' });
  const asked: string[] = [];
  const programsOf = (answers: Readonly<Record<string, string>>): Programs => ({
    has: () => true,
    run: async (name, args) => {
      asked.push([name, ...args].join(' '));
      const stdout = answers[args.at(-1)!];
      if (stdout === undefined) throw new Error(`there is no ${name} here`);
      return { code: stdout.startsWith('"No') ? 1 : 0, stdout, stderr: '' };
    },
  });
  const ask = (name: 'uqmi' | 'umbim', answers: Readonly<Record<string, string>>) =>
    createHandlers({ files, uci, clock: new HandClock(), programs: programsOf(answers) })[name]();

  it('uqmi tells in the shape of the dump of ModemManager', async () => {
    const found = await ask('uqmi', {
      '--get-signal-info': '[{"type":"lte","rssi":-58,"rsrq":-11,"rsrp":-92,"snr":10.8},{"type":"5gnr","rsrp":-87}]',
      '--get-serving-system':
        '{"registration":"registered","plmn_mcc":262,"plmn_description":"Example Mobile","roaming":true}',
      '--get-imei': '"356938035643809"',
      '--get-imsi': '"001010123456789"',
      '--get-iccid': '"8900101012345678909"',
      '--get-data-status': '"connected"',
    });
    expect(found).toEqual({
      modem: [
        {
          device: '/dev/cdc-wdm0',
          generic: {
            'equipment-identifier': '356938035643809',
            'power-state': 'on',
            state: 'connected',
            'primary-port': 'cdc-wdm0',
            'access-technologies': ['lte', '5gnr'],
            bearers: [{ status: { interface: 'wwan0' } }],
            sim: { properties: { iccid: '8900101012345678909', imsi: '001010123456789' } },
          },
          '3gpp': { 'operator-name': 'Example Mobile', 'registration-state': 'roaming' },
          signal: { lte: { rssi: -58, rsrp: -92, rsrq: -11 } },
        },
      ],
    });
    expect(asked.every((call) => call.startsWith('uqmi -s -d /dev/cdc-wdm0 -t 3000 --get-'))).toBe(true);
  });

  it('a modem that answers nothing, or nonsense, is there and nothing is known of it', async () => {
    const unknown = { generic: { 'equipment-identifier': '/dev/cdc-wdm0', state: 'searching' }, signal: { lte: {} } };
    expect(await ask('uqmi', {})).toMatchObject({ modem: [unknown] });
    const nonsense = { '--get-signal-info': '"No effect"', '--get-serving-system': '[1,2', '--get-imei': '{}' };
    expect(await ask('uqmi', nonsense)).toMatchObject({ modem: [unknown] });
    await fc.assert(
      fc.asyncProperty(fc.json(), async (text) => {
        const found = await ask('uqmi', {
          '--get-signal-info': text,
          '--get-serving-system': text,
          '--get-imei': text,
        });
        expect(found).toMatchObject({ modem: [{ device: '/dev/cdc-wdm0' }] });
      }),
    );
  });

  it('umbim is read line by line', async () => {
    const found = await ask('umbim', {
      caps: '  deviceid: 861234567890123\n  firmwareinfo: 1.2\n',
      subscriber: '  readystate: 0001 - initialized\n  simiccid: 89001\n  subscriberid: 00101\n',
      registration: '  registerstate: 0003 - home\n  provider_name: Example\n',
      attach: '  packetservicestate: 0002 - attached\n',
    });
    expect(found).toMatchObject({
      modem: [
        {
          device: '/dev/cdc-wdm1',
          generic: { 'equipment-identifier': '861234567890123', state: 'connected', bearers: [] },
          '3gpp': { 'operator-name': 'Example', 'registration-state': 'home' },
        },
      ],
    });
  });
});

describe('temperatures', () => {
  const zone = (temp: string, type = 'cpu-thermal\n') => ({
    '/sys/class/thermal/thermal_zone0/type': type,
    '/sys/class/thermal/thermal_zone0/temp': temp,
  });
  const start = () => {
    const texts: Record<string, string> = { ...zone('51234\n'), '/sys/class/thermal/cooling_device0/type': 'fan' };
    const clock = new HandClock(Date.parse('2026-01-01T00:00:00Z'));
    const { temperatures } = createHandlers({ files: filesOf(texts), clock, uci: noUci });
    return { temperatures, clock, set: (temp: string) => Object.assign(texts, zone(temp)) };
  };
  const at = Date.parse('2026-01-01T00:00:00Z') / 1000;

  it('keep their extremes, looked at once a minute from the first question on', async () => {
    const { temperatures, clock, set } = start();
    expect(clock.pending).toBe(0);
    const first = { name: 'cpu-thermal', value: 51, at, min: 51, minAt: at, max: 51, maxAt: at, resetAt: at };
    expect(temperatures()).toEqual({ 0: first });
    expect(temperatures()).toEqual({ 0: first });
    expect(clock.pending).toBe(1);
    set('-3600');
    clock.advance(60_000);
    set('70500');
    clock.advance(60_000);
    set('60000');
    expect(temperatures()).toEqual({
      0: { ...first, value: 60, at: at + 120, min: -4, minAt: at + 60, max: 71, maxAt: at + 120 },
    });
    expect(temperatures('7')).toMatchObject({ 0: { min: -4 } });
    const again = at + 120;
    expect(temperatures('0')).toEqual({
      0: { ...first, value: 60, at: again, min: 60, minAt: again, max: 60, maxAt: again, resetAt: again },
    });
  });

  it('that can not be read are errors, and leave the extremes as they were', () => {
    const { temperatures, set } = start();
    temperatures();
    for (const garbage of ['', 'nan', '1e9', '99999999999', '5 1', '\0']) {
      set(garbage);
      expect(temperatures()).toEqual({ 0: expect.objectContaining({ value: undefined, min: 51, max: 51 }) });
    }
    set('52000');
    expect(temperatures()).toMatchObject({ 0: { value: 52, min: 51, max: 52 } });
  });
});
