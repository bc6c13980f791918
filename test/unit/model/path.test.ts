import { describe, expect, it } from 'vitest';
import type { Protocol } from '../../../src/model/api.ts';
import {
  fillInstances,
  formatPath,
  instancesOf,
  isConcrete,
  leafNameOf,
  objectPathOf,
  parentObjectPath,
  parsePath,
  schemaPathOf,
  tablePathOf,
  toSchemaPath,
} from '../../../src/model/path/index.ts';

function read(text: string, protocol: Protocol = 'usp') {
  const result = parsePath(text, protocol);
  if (!result.ok) throw new Error(`${text}: ${result.fault.message} at ${result.fault.position}`);
  return result.value;
}
function fault(text: string, protocol: Protocol = 'usp') {
  const result = parsePath(text, protocol);
  if (result.ok) throw new Error(`${text} was taken`);
  return result.fault;
}

describe('paths that both protocols write', () => {
  it.each(['usp', 'cwmp'] as const)('%s: objects, rows, wildcards, schema form, parameters', (protocol) => {
    expect(read('Device.WiFi.SSID.1.SSID', protocol)).toEqual({
      protocol,
      segments: [
        { kind: 'name', name: 'Device' },
        { kind: 'name', name: 'WiFi' },
        { kind: 'name', name: 'SSID' },
        { kind: 'instance', instance: 1 },
      ],
      leaf: { kind: 'parameter', name: 'SSID' },
    });
    expect(read('Device.IP.Interface.*.', protocol)).toMatchObject({
      segments: [{}, {}, {}, { kind: 'wildcard' }],
      leaf: { kind: 'object' },
    });
    expect(read('Device.IP.Interface.{i}.Name', protocol).segments[3]).toEqual({ kind: 'schema' });
    expect(read('Device.X_ACME-COM_Thing.', protocol).segments[1]).toEqual({ kind: 'name', name: 'X_ACME-COM_Thing' });
    expect(read('Device', protocol)).toMatchObject({ segments: [], leaf: { kind: 'parameter', name: 'Device' } });
  });

  it.each([
    ['Device..', 7],
    ['.Device.', 0],
    ['1.', 0],
    ['Device.IP.Interface.0.', 20],
    ['Device.IP.Interface.01.', 20],
    ['Device.IP.Interface.4294967296.', 20],
    ['Device.IP.Interface.1', 21],
    ['Device.IP.Interface.1.2.', 22],
    ['Device.IP.Interface.-1.', 20],
    ['Device.IP.Inter face.', 15],
    ['Device.IP.Interface.{j}.', 20],
    ['Device.IP.Interface.{i}', 23],
    ['Device.IP.\u0000', 10],
    ['Device.IP.Ünter.', 10],
    [' Device.', 0],
  ])('refuse %j at %i', (text, position) => {
    expect(fault(text, 'usp').position).toBe(position);
    expect(fault(text, 'cwmp').position).toBe(position);
  });

  it('have an end', () => {
    expect(read('A.'.repeat(32)).segments).toHaveLength(32);
    expect(fault('A.'.repeat(33)).message).toMatch(/32 levels/);
    expect(fault('A'.repeat(4097)).position).toBe(4096);
    expect(fault('A'.repeat(1025), 'cwmp').position).toBe(1024);
  });
});

describe('paths of CWMP', () => {
  it('address rows by alias', () => {
    expect(read('Device.IP.Interface.[cpe-1 wan.b].Name', 'cwmp').segments[3]).toEqual({
      kind: 'alias',
      alias: 'cpe-1 wan.b',
    });
    expect(fault('Device.IP.Interface.[].', 'cwmp').position).toBe(21);
    expect(fault(`Device.IP.Interface.[${'a'.repeat(65)}].`, 'cwmp').message).toMatch(/\]/);
    expect(fault('Device.IP.Interface.[a', 'cwmp').position).toBe(22);
  });
  it('have a root and know nothing of USP forms', () => {
    expect(read('', 'cwmp')).toEqual({ protocol: 'cwmp', segments: [], leaf: { kind: 'object' } });
    for (const text of ['Device.Reboot()', 'Device.Boot!', 'Device.NAT.PortMapping.1.Interface+.Name'])
      expect(fault(text, 'cwmp').message).toMatch(/unexpected/);
  });
});

describe('paths of USP', () => {
  it('end in commands and events', () => {
    expect(read('Device.IP.Interface.[Name=="eth0"].Reset()').leaf).toEqual({ kind: 'command', name: 'Reset()' });
    expect(read('Device.Boot!').leaf).toEqual({ kind: 'event', name: 'Boot!' });
    expect(fault('Device.Reboot().').position).toBe(15);
    expect(fault('Device.Boot!x').position).toBe(12);
    expect(fault('').message).toBe('the path is empty');
  });

  it('search and address by unique key', () => {
    expect(read('Device.NAT.PortMapping.[RemoteHost==""&&ExternalPort==0&&Protocol=="TCP"].').segments[3]).toEqual({
      kind: 'search',
      terms: [
        { steps: [{ name: 'RemoteHost' }], operator: '==', constant: { text: '', quoted: true } },
        { steps: [{ name: 'ExternalPort' }], operator: '==', constant: { text: '0', quoted: false } },
        { steps: [{ name: 'Protocol' }], operator: '==', constant: { text: 'TCP', quoted: true } },
      ],
    });
    expect(read('Device.IP.Interface.[ Type == "Normal" && Stats.ErrorsSent>=10 ].Status').segments[3]).toMatchObject({
      terms: [
        { operator: '==' },
        { steps: [{ name: 'Stats' }, { name: 'ErrorsSent' }], operator: '>=', constant: { text: '10' } },
      ],
    });
    const escaped = read('Device.WiFi.SSID.[SSID=="a%22b%25].c"].').segments[3];
    expect(escaped).toMatchObject({ terms: [{ constant: { text: 'a"b%].c', quoted: true } }] });
    expect(
      read('Device.IP.Interface.*.IPv6Address.[ValidLifetime<2021-06-06T08:00:00Z].IPAddress').segments[5],
    ).toMatchObject({
      terms: [{ operator: '<', constant: { text: '2021-06-06T08:00:00Z', quoted: false } }],
    });
  });

  it.each([
    ['Device.IP.Interface.[].', 21],
    ['Device.IP.Interface.{Type=="Normal"}.Status', 20],
    ['Device.IP.Interface.[Type=="Normal"&&IPv4Address.*.AddressingType=="Static"].Status', 49],
    ['Device.IP.Interface.[Type="Normal"].', 25],
    ['Device.IP.Interface.[Type=="Normal].', 27],
    ['Device.IP.Interface.[Type==].', 27],
    ['Device.IP.Interface.[Type=="a"||Type=="b"].', 30],
    ['Device.IP.Interface.[Type=="a"]', 31],
    ['Device.IP.Interface.[Type=="a"].[Type=="b"].', 32],
    ['Device.[Type=="a"', 17],
  ])('refuse %j at %i', (text, position) => {
    expect(fault(text).position).toBe(position);
  });

  it('follow references', () => {
    expect(read('Device.NAT.PortMapping.1.Interface+.Name')).toMatchObject({
      segments: [{}, {}, {}, {}, { kind: 'reference', name: 'Interface', item: 1 }],
      leaf: { name: 'Name' },
    });
    expect(read('Device.WiFi.SSID.1.LowerLayers#*+.Name').segments[4]).toMatchObject({ item: '*' });
    expect(read('Device.WiFi.SSID.1.LowerLayers#12+.').segments[4]).toMatchObject({ item: 12 });
    expect(read('Device.WiFi.AccessPoint.[SSIDReference+.SSID=="MyHome"].').segments[3]).toMatchObject({
      terms: [{ steps: [{ name: 'SSIDReference', follow: 1 }, { name: 'SSID' }] }],
    });
    for (const text of ['A.B+', 'A.B#+.', 'A.B#0+.', 'A.B#1.', 'A.B+.1.', 'A.[B+==1].']) fault(text);
  });

  it('bound the search terms of the whole path', () => {
    const terms = (count: number) => Array.from({ length: count }, () => 'A==1').join('&&');
    expect(read(`T.[${terms(8)}].U.[${terms(8)}].`).segments).toHaveLength(4);
    expect(fault(`T.[${terms(8)}].U.[${terms(9)}].`).message).toMatch(/too many/);
  });

  it('are written back canonically', () => {
    for (const [text, canonical] of [
      ['A.[ B == "x%22%25%41" && C~=1 ].D#1+.E#2+.F', 'A.[B=="x%22%25%2541"&&C~=1].D+.E#2+.F'],
      ['Device.Reboot()', 'Device.Reboot()'],
      ['Device.IP.Interface.*.', 'Device.IP.Interface.*.'],
    ] as const)
      expect(formatPath(read(text))).toBe(canonical);
  });
});

describe('concrete paths', () => {
  it('turn into schema paths and back', () => {
    expect(toSchemaPath('Device.A.1.B.22.C3')).toBe('Device.A.{i}.B.{i}.C3');
    expect(toSchemaPath('Device.A.1.2')).toBe('Device.A.{i}.2');
    expect(instancesOf('Device.A.1.B.22.C3')).toEqual([1, 22]);
    expect(fillInstances('Device.A.{i}.B.{i}.C.{i}.', [1, 22])).toBe('Device.A.1.B.22.C.{i}.');
    expect(schemaPathOf(read('Device.A.*.B.[C==1].D').segments)).toBe('Device.A.{i}.B.{i}.');
    expect(schemaPathOf(read('Device.A.1.B+.D').segments)).toBeUndefined();
    expect(isConcrete(read('Device.A.1.B'))).toBe(true);
    expect(isConcrete(read('Device.A.*.B'))).toBe(false);
  });
  it('know their parents', () => {
    expect(objectPathOf('Device.A.1.B')).toBe('Device.A.1.');
    expect(objectPathOf('Device.A.1.')).toBe('Device.A.1.');
    expect(leafNameOf('Device.A.1.B!')).toBe('B!');
    expect(parentObjectPath('Device.WiFi.SSID.1.')).toBe('Device.WiFi.');
    expect(parentObjectPath('Device.WiFi.SSID.{i}.')).toBe('Device.WiFi.');
    expect(parentObjectPath('Device.WiFi.SSID.')).toBe('Device.WiFi.');
    expect(parentObjectPath('Device.')).toBe('');
    expect(tablePathOf('Device.WiFi.SSID.1.')).toBe('Device.WiFi.SSID.');
    expect(tablePathOf('Device.WiFi.SSID.')).toBe('Device.WiFi.SSID.');
  });
});
