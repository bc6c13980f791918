import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openSchema, type ParameterDefinition } from '../../../src/model/schema/index.ts';
import { type CheckContext, checkValue, translatePattern } from '../../../src/model/validate/index.ts';

const schema = openSchema(readFileSync('datamodel/tr181.bin'));
function parameter(path: string): ParameterDefinition {
  const definition = schema.view('usp').parameter(path) ?? schema.view('cwmp').parameter(path);
  if (!definition) throw new Error(`no ${path}`);
  return definition;
}
/** The canonical text, or the fault's kind. */
function check(path: string, text: string, context?: CheckContext): string {
  const result = checkValue(parameter(path), text, context);
  return result.ok ? result.value : `! ${result.fault.kind}`;
}
const wrongType = '! invalid-type';
const wrongValue = '! invalid-value';

describe('values of real parameters', () => {
  it.each([
    // unsignedInt
    ['Device.DHCPv4.Server.Pool.{i}.Order', '1', '1'],
    ['Device.DHCPv4.Server.Pool.{i}.Order', '0', wrongValue],
    ['Device.DHCPv4.Server.Pool.{i}.Order', '+007', '7'],
    ['Device.DHCPv4.Server.Pool.{i}.Order', ' 7\n', '7'],
    ['Device.DHCPv4.Server.Pool.{i}.Order', '4294967295', '4294967295'],
    ['Device.DHCPv4.Server.Pool.{i}.Order', '4294967296', wrongValue],
    ['Device.DHCPv4.Server.Pool.{i}.Order', '-1', wrongType],
    ['Device.DHCPv4.Server.Pool.{i}.Order', '', wrongType],
    ['Device.DHCPv4.Server.Pool.{i}.Order', '1.0', wrongType],
    ['Device.DHCPv4.Server.Pool.{i}.Order', '0x10', wrongType],
    ['Device.DHCPv4.Server.Pool.{i}.Order', '1e3', wrongType],
    ['Device.DHCPv4.Server.Pool.{i}.Order', '٣', wrongType],
    ['Device.DHCPv4.Server.Pool.{i}.Order', '__proto__', wrongType],
    // int, with ranges and unions of ranges
    ['Device.DHCPv4.Server.Pool.{i}.LeaseTime', '-1', '-1'],
    ['Device.DHCPv4.Server.Pool.{i}.LeaseTime', '-2', wrongValue],
    ['Device.DHCPv4.Server.Pool.{i}.LeaseTime', '2147483648', wrongValue],
    ['Device.Time.Client.{i}.IPVersion', '-1', '-1'],
    ['Device.Time.Client.{i}.IPVersion', '4', '4'],
    ['Device.Time.Client.{i}.IPVersion', '5', wrongValue],
    ['Device.Optical.Interface.{i}.OpticalSignalLevel', '-65534', '-65534'],
    ['Device.Optical.Interface.{i}.OpticalSignalLevel', '-65533', wrongValue],
    // 64 bits
    ['Device.IP.Interface.{i}.Stats.BytesSent', '18446744073709551615', '18446744073709551615'],
    ['Device.IP.Interface.{i}.Stats.BytesSent', '18446744073709551616', wrongValue],
    ['Device.IP.Interface.{i}.Stats.BytesSent', '9007199254740993', '9007199254740993'],
    // boolean
    ['Device.WiFi.SSID.{i}.Enable', '1', 'true'],
    ['Device.WiFi.SSID.{i}.Enable', 'false', 'false'],
    ['Device.WiFi.SSID.{i}.Enable', 'TRUE', wrongType],
    ['Device.WiFi.SSID.{i}.Enable', '', wrongType],
    // string: sizes count characters
    ['Device.WiFi.SSID.{i}.SSID', 'a'.repeat(32), 'a'.repeat(32)],
    ['Device.WiFi.SSID.{i}.SSID', 'a'.repeat(33), wrongValue],
    ['Device.WiFi.SSID.{i}.SSID', '📶'.repeat(32), '📶'.repeat(32)],
    ['Device.WiFi.SSID.{i}.SSID', ' spaces stay ', ' spaces stay '],
    ['Device.WiFi.SSID.{i}.SSID', 'a\u0000b', wrongValue],
    ['Device.WiFi.SSID.{i}.SSID', 'a\ud800b', wrongValue],
    ['Device.WiFi.SSID.{i}.SSID', '__proto__', '__proto__'],
    ['Device.DeviceInfo.ManufacturerOUI', '00D09E', '00D09E'],
    ['Device.DeviceInfo.ManufacturerOUI', '00d09e', wrongValue],
    ['Device.DeviceInfo.ManufacturerOUI', '00D09E0', wrongValue],
    // named types: patterns are alternatives and anchored
    ['Device.Ethernet.Interface.{i}.MACAddress', '00:1a:2B:3c:4d:5e', '00:1a:2B:3c:4d:5e'],
    ['Device.Ethernet.Interface.{i}.MACAddress', '', ''],
    ['Device.Ethernet.Interface.{i}.MACAddress', '00:1a:2B:3c:4d', wrongValue],
    ['Device.IP.Interface.{i}.IPv4Address.{i}.IPAddress', '192.168.1.1', '192.168.1.1'],
    ['Device.IP.Interface.{i}.IPv4Address.{i}.IPAddress', '192.168.1.256', wrongValue],
    ['Device.IP.Interface.{i}.IPv4Address.{i}.IPAddress', '1192.168.1.2', wrongValue],
    ['Device.IP.Interface.{i}.IPv4Address.{i}.IPAddress', 'fe80::1', wrongValue],
    // enumerations
    ['Device.NAT.PortMapping.{i}.Protocol', 'TCP', 'TCP'],
    ['Device.NAT.PortMapping.{i}.Protocol', 'tcp', wrongValue],
    ['Device.NAT.PortMapping.{i}.Protocol', 'constructor', wrongValue],
    ['Device.IP.Diagnostics.IPPing.DiagnosticsState', 'Requested', 'Requested'],
    ['Device.IP.Diagnostics.IPPing.DiagnosticsState', 'Complete', wrongValue],
    // dateTime
    ['Device.Time.CurrentLocalTime', '2026-11-21T03:00:00Z', '2026-11-21T03:00:00Z'],
    ['Device.Time.CurrentLocalTime', '2026-11-21T03:00:00+01:30', '2026-11-21T01:30:00Z'],
    ['Device.Time.CurrentLocalTime', '2026-11-21T03:00:00.250-02:00', '2026-11-21T05:00:00.250Z'],
    ['Device.Time.CurrentLocalTime', '2026-11-21T03:00:00', '2026-11-21T03:00:00'],
    ['Device.Time.CurrentLocalTime', '0001-01-01T00:00:00Z', '0001-01-01T00:00:00Z'],
    ['Device.Time.CurrentLocalTime', '0001-01-01T00:00:00+01:00', wrongType],
    ['Device.Time.CurrentLocalTime', '9999-12-31T23:59:59Z', '9999-12-31T23:59:59Z'],
    ['Device.Time.CurrentLocalTime', '2024-02-29T00:00:00Z', '2024-02-29T00:00:00Z'],
    ['Device.Time.CurrentLocalTime', '2026-02-29T00:00:00Z', wrongType],
    ['Device.Time.CurrentLocalTime', '2026-13-01T00:00:00Z', wrongType],
    ['Device.Time.CurrentLocalTime', '2026-11-21T24:00:00Z', wrongType],
    ['Device.Time.CurrentLocalTime', '2026-11-21', wrongType],
    ['Device.Time.CurrentLocalTime', '', wrongType],
    // binary: sizes count octets
    ['Device.WiFi.AccessPoint.{i}.Security.WEPKey', 'abcdef0123', 'ABCDEF0123'],
    ['Device.WiFi.AccessPoint.{i}.Security.WEPKey', 'abcdef01', wrongValue],
    ['Device.WiFi.AccessPoint.{i}.Security.WEPKey', 'abcdef012', wrongType],
    ['Device.WiFi.AccessPoint.{i}.Security.WEPKey', 'abcdef012g', wrongType],
    ['Device.DeviceInfo.DeviceImageFile.{i}.Image', 'aGk=', 'aGk='],
    ['Device.DeviceInfo.DeviceImageFile.{i}.Image', 'aG\nk=', 'aGk='],
    ['Device.DeviceInfo.DeviceImageFile.{i}.Image', 'aGk', wrongType],
    ['Device.DeviceInfo.DeviceImageFile.{i}.Image', 'a=k=', wrongType],
    ['Device.DeviceInfo.DeviceImageFile.{i}.Image', '====', wrongType],
    // lists: facets hold for each item
    ['Device.DHCPv4.Server.Pool.{i}.DNSServers', '1.1.1.1, 8.8.8.8', '1.1.1.1,8.8.8.8'],
    ['Device.DHCPv4.Server.Pool.{i}.DNSServers', '', ''],
    ['Device.DHCPv4.Server.Pool.{i}.DNSServers', '1.1.1.1,8.8.8.300', wrongValue],
    ['Device.DHCPv4.Server.Pool.{i}.DNSServers', '1.1.1.1,2.2.2.2,3.3.3.3,4.4.4.4,5.5.5.5', wrongValue],
    ['Device.PeriodicStatistics.SampleSet.{i}.SampleSeconds', '1,02,+3', '1,2,3'],
    ['Device.PeriodicStatistics.SampleSet.{i}.SampleSeconds', '1,,3', wrongType],
    // nested lists
    [
      'Device.Bridging.Bridge.{i}.Port.{i}.PriorityCodePoint.PCPEncoding',
      Array.from({ length: 4 }, () => '[7,7,6,6,5,5,4,4,3,3,2,2,1,1,0,0]').join(', '),
      Array.from({ length: 4 }, () => '[7,7,6,6,5,5,4,4,3,3,2,2,1,1,0,0]').join(','),
    ],
    [
      'Device.Bridging.Bridge.{i}.Port.{i}.PriorityCodePoint.PCPEncoding',
      '[7,7,6,6,5,5,4,4,3,3,2,2,1,1,0,0]',
      wrongValue,
    ],
    ['Device.Bridging.Bridge.{i}.Port.{i}.PriorityCodePoint.PCPEncoding', '7,0,6,0', wrongType],
    // references
    ['Device.DHCPv4.Server.Pool.{i}.Interface', 'Device.IP.Interface.1', 'Device.IP.Interface.1'],
    ['Device.DHCPv4.Server.Pool.{i}.Interface', 'Device.IP.Interface.1.', 'Device.IP.Interface.1'],
    ['Device.DHCPv4.Server.Pool.{i}.Interface', '', ''],
    [
      'Device.DHCPv4.Server.Pool.{i}.Interface',
      'Device.IP.Interface.[Name=="lan"].',
      'Device.IP.Interface.[Name=="lan"]',
    ],
    ['Device.DHCPv4.Server.Pool.{i}.Interface', 'Device.IP.Interface.[cpe-lan]', 'Device.IP.Interface.[cpe-lan]'],
    ['Device.DHCPv4.Server.Pool.{i}.Interface', 'Device.Ethernet.Interface.1', wrongValue],
    ['Device.DHCPv4.Server.Pool.{i}.Interface', 'Device.IP.Interface.', wrongValue],
    ['Device.DHCPv4.Server.Pool.{i}.Interface', 'Device.IP.Interface.*', wrongValue],
    ['Device.DHCPv4.Server.Pool.{i}.Interface', 'Device.IP.Interface.{i}', wrongValue],
    ['Device.DHCPv4.Server.Pool.{i}.Interface', 'lan', wrongValue],
    [
      'Device.IP.Interface.{i}.LowerLayers',
      'Device.Ethernet.Link.2., Device.PPP.Interface.1',
      'Device.Ethernet.Link.2,Device.PPP.Interface.1',
    ],
    ['Device.IP.Interface.{i}.LowerLayers', 'Device.Ethernet.Link.[Name=="a,b"]', 'Device.Ethernet.Link.[Name=="a,b"]'],
  ])('%s takes %j as %j', (path, text, expected) => {
    expect(check(path, text)).toBe(expected);
  });

  it('are the device’s own where peers may not write them', () => {
    expect(check('Device.IP.Diagnostics.IPPing.DiagnosticsState', 'Complete', { byPeer: false })).toBe('Complete');
  });

  it('come from another parameter where the schema says so', () => {
    const path = 'Device.WiFi.AccessPoint.{i}.Security.ModeEnabled';
    expect(check(path, 'WPA2-Personal', { furtherValues: ['None', 'WPA2-Personal'] })).toBe('WPA2-Personal');
    expect(check(path, 'WEP-64', { furtherValues: ['None', 'WPA2-Personal'] })).toBe(wrongValue);
    expect(check(path, 'anything')).toBe('anything');
  });

  it('are never quoted in a fault', () => {
    const result = checkValue(parameter('Device.WiFi.AccessPoint.{i}.Security.KeyPassphrase'), 's3cret');
    expect(result).toMatchObject({ ok: false, fault: { kind: 'invalid-value' } });
    expect(JSON.stringify(result)).not.toContain('s3cret');
  });
});

describe('decimals', () => {
  it.each([
    ['1', '1'],
    ['-0.50', '-0.5'],
    ['+007.', '7'],
    ['.25', '0.25'],
    ['-0', '0'],
    ['-.0', '0'],
    ['.', wrongType],
    ['', wrongType],
    ['1e5', wrongType],
    ['NaN', wrongType],
    ['1,5', wrongType],
  ])('%j is %j', (text, expected) => {
    const result = checkValue(
      { type: { base: 'decimal', sizes: [], ranges: [], enumeration: [], patterns: [] } },
      text,
    );
    expect(result.ok ? result.value : `! ${result.fault.kind}`).toBe(expected);
  });
});

describe('the defaults of the schema', () => {
  it('are values of their own parameters', () => {
    const odd: string[] = [];
    for (const protocol of ['usp', 'cwmp'] as const) {
      const view = schema.view(protocol);
      for (const path of view.below('')) {
        for (const definition of view.object(path)!.parameters) {
          if (definition.default === undefined) continue;
          if (!checkValue(definition, definition.default.value, { byPeer: false }).ok) odd.push(path + definition.name);
        }
      }
    }
    expect([...new Set(odd)].sort()).toEqual([]);
  });
});

describe('patterns of XML Schema', () => {
  it('are anchored and read as XML Schema reads them', () => {
    expect(translatePattern('a|b')!.test('ab')).toBe(false);
    expect(translatePattern('^$')!.test('^$')).toBe(true);
    expect(translatePattern('\\d+')!.test('٣')).toBe(false);
    expect(translatePattern('a.b')!.test('a\u2028b')).toBe(true);
    expect(translatePattern('[\\d\\-]{2}')!.test('4-')).toBe(true);
    expect(translatePattern('')!.test('')).toBe(true);
    expect(translatePattern('\\.\\-')!.test('.-')).toBe(true);
  });
  it.each(['(', '[a', '\\i', '\\p{IsBasicLatin}', '[a-z-[aeiou]]', '(?=a)', '\\1', '\\'])(
    '%j has no equal',
    (pattern) => {
      expect(translatePattern(pattern)).toBeUndefined();
    },
  );
  it('of the schema can all be translated', () => {
    const patterns = new Set<string>();
    for (const protocol of ['usp', 'cwmp'] as const)
      for (const path of schema.view(protocol).below(''))
        for (const { type } of schema.view(protocol).object(path)!.parameters)
          for (const pattern of type.patterns) patterns.add(pattern);
    expect(patterns.size).toBeGreaterThan(20);
    expect([...patterns].filter((pattern) => !translatePattern(pattern))).toEqual([]);
  });
});
