import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { compileSchema } from '../../../scripts/schema/compile-schema.ts';
import { openDocuments } from '../../../scripts/schema/documents.ts';
import type { Protocol } from '../../../src/model/api.ts';
import { openSchema } from '../../../src/model/schema/index.ts';
import type { ObjectDefinition, ParameterDefinition, Schema } from '../../../src/model/schema/types.ts';
import { checkValue } from '../../../src/model/validate/index.ts';

// What is odd about the Broadband Forum's XML, one test for each oddity, by its number in the list that the compiler was written from. Counts are of TR-181 2.19.1.
const schema = openSchema(readFileSync('datamodel/tr181.bin'));
const [usp, cwmp] = [schema.view('usp'), schema.view('cwmp')];
const objectsOf = (protocol: Protocol): ObjectDefinition[] => {
  const view = schema.view(protocol);
  return view.below('').map((path) => view.object(path)!);
};
const objects = { usp: objectsOf('usp'), cwmp: objectsOf('cwmp') };
const parametersOf = (protocol: Protocol): { path: string; parameter: ParameterDefinition }[] =>
  objects[protocol].flatMap(({ path, parameters }) =>
    parameters.map((parameter) => ({ path: path + parameter.name, parameter })),
  );
const parameters = { usp: parametersOf('usp'), cwmp: parametersOf('cwmp') };
const count = (protocol: Protocol, wanted: (parameter: ParameterDefinition) => boolean): number =>
  parameters[protocol].filter(({ parameter }) => wanted(parameter)).length;
const argumentsOf = (): ParameterDefinition[] =>
  objects.usp.flatMap(({ commands, events }) => [
    ...commands.flatMap(({ input, output }) => [...input.parameters, ...output.parameters]),
    ...events.flatMap(({ args }) => args.parameters),
  ]);

const directories: string[] = [];
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});
const types = `<document><dataType name="MACAddress"><string><size maxLength="17"/><pattern value=""/></string></dataType>
  <component name="Alias" virtual="true"><parameter name="Alias" access="readOnly"><syntax><string/></syntax></parameter></component>
  <component name="_AliasUSP"><parameter name="Alias" access="writeOnceReadOnly"><syntax><string/></syntax></parameter></component>
  <component name="_AliasCWMP"><parameter name="Alias" access="readWrite"><syntax><string/></syntax></parameter></component></document>`;
/** A model of one common file that both views use. */
function directoryOf(common: string, files: Readonly<Record<string, string>> = {}): string {
  const directory = mkdtempSync(join(tmpdir(), 'tandem-quirks-'));
  directories.push(directory);
  const view = (name: string): string =>
    `<document><import file="tr-106-types.xml"><component name="Alias" ref="_Alias${name}"/></import>
     <import file="tr-181-2-common.xml" spec="urn:broadband-forum-org:nonsense.xml"><model name="_Device:2.19" ref="Device:2.19"/></import>
     <model name="Device:2.19" base="_Device:2.19"/></document>`;
  const all = {
    'tr-106-types.xml': types,
    'tr-181-2-usp.xml': view('USP'),
    'tr-181-2-cwmp.xml': view('CWMP'),
    'tr-181-2-common.xml': common,
    ...files,
  };
  for (const [name, text] of Object.entries(all)) if (text !== '') writeFileSync(join(directory, name), text);
  return directory;
}
const compiled = (common: string, files?: Readonly<Record<string, string>>): Schema =>
  openSchema(compileSchema(directoryOf(common, files)));
const device = (inside: string, before = ''): string =>
  `<document><import file="tr-106-types.xml"><component name="Alias"/></import>${before}<model name="Device:2.19">
   <object name="Device." access="readOnly" minEntries="1" maxEntries="1" version="2.0">${inside}</object></model></document>`;
const parameter = (name: string, syntax = '<string/>'): string =>
  `<parameter name="${name}" access="readWrite"><syntax>${syntax}</syntax></parameter>`;

describe('documents and imports', () => {
  it('1: files go by names without versions; of several published ones the newest is meant; a wrong spec is no matter', () => {
    const files = {
      'tr-181-2-common.xml': '',
      'tr-181-2-18-0-common.xml': device(parameter('Old')),
      'tr-181-2-19-1-common.xml': device(parameter('New')),
    };
    const view = compiled('', files).view('usp');
    expect(view.object('Device.')?.parameters.map(({ name }) => name)).toEqual(['New']);
  });

  it('2: a document that many import is read once', () => {
    const open = openDocuments(directoryOf(device('')));
    expect(open('tr-181-2-common.xml')).toBe(open('tr-181-2-common.xml'));
  });

  it('3: an import may rename what it imports', () => {
    const made = compiled(
      device('', '<component name="Rows"><object name="R.{i}."><component ref="Alias"/></object></component>').replace(
        'version="2.0">',
        'version="2.0"><component ref="Rows"/>',
      ),
    );
    expect(made.view('usp').parameter('Device.R.{i}.Alias')?.access).toBe('writeOnceReadOnly');
    expect(made.view('cwmp').parameter('Device.R.{i}.Alias')?.access).toBe('readWrite');
  });

  it('4: common data types are found where a file forgot to import them', () => {
    expect(usp.parameter('Device.GatewayInfo.MACAddress')?.type).toMatchObject({
      named: 'MACAddress',
      sizes: [{ max: 17 }],
    });
    expect(
      compiled(device(parameter('M', '<dataType ref="MACAddress"/>')))
        .view('usp')
        .parameter('Device.M')?.type.named,
    ).toBe('MACAddress');
  });

  it('5: a virtual component is what the outermost file makes of it', () => {
    const aliases = (protocol: Protocol, access: string): number =>
      count(protocol, ({ name, access: is }) => name === 'Alias' && is === access);
    expect(aliases('usp', 'writeOnceReadOnly')).toBe(268);
    expect(aliases('usp', 'readWrite') + aliases('cwmp', 'writeOnceReadOnly')).toBe(0);
    expect(
      objects.usp.filter(({ commands }) => commands.some(({ name }) => name === 'Reset()')).length,
    ).toBeGreaterThan(30);
  });

  it('6: entities inside patterns are expanded', () => {
    for (const {
      path,
      parameter: { type },
    } of parameters.usp)
      for (const pattern of type.patterns) expect(pattern, path).not.toMatch(/&\w+;/);
    const prefix = usp.parameter('Device.GatewayInfo.MACAddress')!;
    expect(checkValue(prefix, '02:00:00:00:00:01', { byPeer: true }).ok).toBe(true);
    expect(checkValue(prefix, 'octet:octet', { byPeer: true }).ok).toBe(false);
  });

  it('7: what modifies an object adds to its unique keys, and none is there twice', () => {
    for (const { path, uniqueKeys } of [...objects.usp, ...objects.cwmp]) {
      const keys = uniqueKeys.map((key) => key.parameters.join());
      expect(new Set(keys).size, path).toBe(keys.length);
    }
  });

  it('8: components stand in objects, commands and events, and may carry a path', () => {
    expect(usp.has('Device.IoTCapability.{i}.')).toBe(true);
    const trace = usp.object('Device.IP.Diagnostics.')!.command('TraceRoute()')!;
    expect(trace.output.objects.map(({ path }) => path)).toEqual(['RouteHops.{i}.']);
    const made = compiled(
      device(
        `<component ref="C" path="Device."/>`,
        `<component name="C"><object name="X.">${parameter('P')}</object></component>`,
      )
        .replace('<object name="Device."', '<object name="Device."')
        .replace('<component ref="C" path="Device."/></object>', '</object><component ref="C" path="Device."/>'),
    );
    expect(made.view('usp').parameter('Device.X.P')).toBeDefined();
  });

  it('9: a version is at least its component’s and its parent’s, and in USP at least 2.12', () => {
    const minor = (text: string): number => Number(text.split('.')[1]);
    expect(
      Math.min(
        ...objects.usp.map(({ since }) => minor(since)),
        ...parameters.usp.map(({ parameter: { since } }) => minor(since)),
      ),
    ).toBe(12);
    expect(cwmp.object('Device.WiFi.')?.since).toBe('2.0');
    for (const { path, since, parameters: own } of objects.cwmp)
      for (const one of own) expect(minor(one.since), path + one.name).toBeGreaterThanOrEqual(minor(since));
  });

  it('10: rows of hardware can not be made; some ...NumberOfEntries count no table; hints for other tools mean nothing', () => {
    expect(objects.usp.filter(({ fixedObject }) => fixedObject)).toHaveLength(25);
    expect(usp.object('Device.WiFi.Radio.{i}.')?.fixedObject).toBe(true);
    expect(count('usp', ({ customNumEntries }) => customNumEntries)).toBe(8);
    const hinted = device(
      parameter('P').replace('<parameter', '<parameter xmlns:dmr="r" dmr:previousParameter="Q" dmr:noNameCheck="true"'),
    );
    expect(compiled(hinted).view('usp').parameter('Device.P')).toBeDefined();
  });

  it('11: an empty facet says nothing; units need not be ASCII', () => {
    expect(usp.parameter('Device.Bridging.Bridge.{i}.Port.{i}.PriorityRegeneration')?.type.list?.sizes).toEqual([]);
    expect(count('usp', ({ type }) => type.units === 'µA')).toBeGreaterThan(0);
  });
});

describe('objects', () => {
  it('12: tables may have bounds', () => {
    for (const path of ['Device.WiFi.AccessPoint.{i}.AC.{i}.', 'Device.WiFi.EndPoint.{i}.AC.{i}.'])
      expect(usp.object(path)).toMatchObject({
        table: true,
        minEntries: 4,
        maxEntries: 4,
        numEntriesParameter: undefined,
      });
    expect(
      usp.object('Device.IP.Diagnostics.IPLayerCapacityAuthCode.{i}.') ??
        cwmp.object('Device.IP.Diagnostics.IPLayerCapacityAuthCode.{i}.'),
    ).toMatchObject({ minEntries: 1, maxEntries: 256 });
  });

  it('13: single objects may be optional, chosen by a parameter', () => {
    for (const kind of ['STOMP', 'WebSocket', 'MQTT', 'UDS'])
      expect(usp.object(`Device.LocalAgent.MTP.{i}.${kind}.`)).toMatchObject({
        minEntries: 0,
        maxEntries: 1,
        discriminatorParameter: 'Protocol',
      });
    const discriminated = (protocol: Protocol): number =>
      objects[protocol].filter(({ discriminatorParameter }) => discriminatorParameter !== undefined).length;
    expect([discriminated('usp'), discriminated('cwmp')]).toEqual([17, 9]);
  });

  it('14: unique keys bind always or only enabled rows, in the order of the XML, all of them', () => {
    const tables = objects.usp.filter(({ table }) => table);
    const shapes = { functional: 0, other: 0, both: 0, none: 0 };
    for (const { uniqueKeys } of tables) {
      const [functional, other] = [uniqueKeys.some((key) => key.functional), uniqueKeys.some((key) => !key.functional)];
      shapes[functional && other ? 'both' : functional ? 'functional' : other ? 'other' : 'none']++;
    }
    expect(shapes.functional + shapes.other + shapes.both + shapes.none).toBe(417);
    expect(shapes.none).toBe(20);
    expect(usp.object('Device.NAT.PortMapping.{i}.')).toMatchObject({ enableParameter: 'Enable' });
    expect(usp.object('Device.WiFi.EndPoint.{i}.Profile.{i}.')?.uniqueKeys.map((key) => key.parameters)).toContainEqual(
      ['SSID', 'Location', 'Priority'],
    );
  });

  it('15: below a mount point nothing is expanded', () => {
    expect(objects.usp.filter(({ mountPoint }) => mountPoint).map(({ path }) => path)).toEqual([
      'Device.Node.{i}.',
      'Device.ProxiedDevice.{i}.',
      'Device.ProxiedDevice.{i}.Node.{i}.',
    ]);
    expect(objects.cwmp.some(({ mountPoint }) => mountPoint)).toBe(false);
    expect(usp.children('Device.Node.{i}.')).toEqual([]);
  });

  it('16: what is deleted is not there, a status reaches what is below, a deleted base takes what a component brought', () => {
    for (const path of [
      'Device.Time.NTPServer1',
      'Device.Hosts.Host.{i}.AddressSource',
      'Device.Hosts.Host.{i}.Alias',
      'Device.Users.User.{i}.RemoteAccessCapable',
    ])
      expect([cwmp.parameter(path), usp.parameter(path)], path).toEqual([undefined, undefined]);
    const rank = { current: 0, deprecated: 1, obsoleted: 2, deleted: 3 };
    for (const { path, status, parameters: own } of [...objects.usp, ...objects.cwmp]) {
      expect(status, path).not.toBe('deleted');
      for (const one of own) expect(rank[one.status], path + one.name).toBeGreaterThanOrEqual(rank[status]);
    }
    expect(usp.object('Device.PDU.')?.parameters.every(({ status }) => status === 'deprecated')).toBe(true);
  });
});

describe('parameters', () => {
  it('17: some are written once, in USP only', () => {
    expect(count('usp', ({ access }) => access === 'writeOnceReadOnly')).toBe(279);
    expect(count('cwmp', ({ access }) => access === 'writeOnceReadOnly')).toBe(0);
    expect(usp.parameter('Device.NAT.PortMapping.{i}.Origin')?.access).toBe('writeOnceReadOnly');
    expect(cwmp.parameter('Device.NAT.PortMapping.{i}.Origin')?.access).toBe('readOnly');
  });

  it('18: hidden, secured and command parameters', () => {
    expect([count('usp', ({ hidden }) => hidden), count('cwmp', ({ hidden }) => hidden)]).toEqual([0, 4]);
    expect([count('usp', ({ secured }) => secured), count('cwmp', ({ secured }) => secured)]).toEqual([42, 44]);
    expect([count('usp', ({ command }) => command), count('cwmp', ({ command }) => command)]).toEqual([1, 66]);
    expect(cwmp.parameter('Device.WiFi.Reset')?.command).toBe(true);
    expect(usp.object('Device.WiFi.')?.command('Reset()')).toBeDefined();
  });

  it('19: active notification and forced inform, which mean something in CWMP', () => {
    const notify = (kind: string): number => count('cwmp', ({ activeNotify }) => activeNotify === kind);
    expect([notify('canDeny'), notify('forceEnabled'), notify('forceDefaultEnabled')]).toEqual([1035, 2, 8]);
    expect(count('cwmp', ({ forcedInform }) => forcedInform)).toBe(7);
  });

  it('20: types derive from types; patterns are alternatives, the empty one allows nothing at all; a list is no item', () => {
    const address = usp.parameter('Device.IP.Interface.{i}.IPv4Address.{i}.IPAddress')!;
    expect(address.type).toMatchObject({ named: 'IPv4Address', sizes: [{ max: 15 }] });
    for (const [text, good] of [
      ['', true],
      ['192.0.2.1', true],
      ['192.0.2.1 ', false],
      ['x192.0.2.1', false],
      ['300.0.2.1', false],
    ] as const)
      expect(checkValue(address, text, { byPeer: true }).ok, text).toBe(good);
    const list = usp.parameter('Device.DHCPv4.Server.Pool.{i}.DNSServers')!;
    expect(list.type.list).toBeDefined();
    expect(checkValue(list, '192.0.2.1,192.0.2.2', { byPeer: true }).ok).toBe(true);
    expect(checkValue(list, '192.0.2.1,nonsense', { byPeer: true }).ok).toBe(false);
  });

  it('21: several ranges are a union; bounds are exact beyond 2^53; some have a step', () => {
    const version = usp.parameter('Device.Time.Client.{i}.IPVersion')!;
    for (const [text, good] of [
      ['4', true],
      ['6', true],
      ['-1', true],
      ['5', false],
      ['0', false],
    ] as const)
      expect(checkValue(version, text, { byPeer: true }).ok, text).toBe(good);
    expect(parameters.usp.some(({ parameter: { type } }) => type.ranges.some(({ step }) => step === 2n))).toBe(true);
    const made = compiled(
      device(parameter('Big', '<unsignedLong><range maxInclusive="18446744073709551614"/></unsignedLong>')),
    );
    const big = made.view('usp').parameter('Device.Big')!;
    expect(checkValue(big, '18446744073709551614', { byPeer: true }).ok).toBe(true);
    expect(checkValue(big, '18446744073709551615', { byPeer: true }).ok).toBe(false);
  });

  it('22: lists: how many items, how long the whole; defaults without their brackets', () => {
    const lists = parameters.usp.filter(({ parameter }) => parameter.type.list !== undefined);
    expect(lists).toHaveLength(411);
    // 409 say so themselves; of two it is their named type that is a list.
    expect(lists.filter(({ parameter: { type } }) => type.named === 'MocaBand').map(({ path }) => path)).toEqual([
      'Device.MoCA.Interface.{i}.Band',
      'Device.MoCA.Interface.{i}.SupportedBands',
    ]);
    expect(count('cwmp', ({ type }) => type.list?.nestedBrackets === true)).toBe(9);
    expect(usp.parameter('Device.Time.Client.{i}.Servers')?.default?.value).toBe('');
    for (const {
      path,
      parameter: { type, default: value },
    } of parameters.usp)
      if (type.list && !type.list.nestedBrackets) expect(value?.value ?? '', path).not.toMatch(/^\[.*\]$/);
  });

  it('23: kinds of defaults, which are the argument’s own in arguments; flags of enumeration values', () => {
    const kind = (wanted: string): number => count('usp', ({ default: value }) => value?.kind === wanted);
    expect([kind('object'), kind('factory'), kind('implementation')]).toEqual([1091, 57, 21]);
    expect(argumentsOf().every(({ default: value }) => value === undefined || value.kind === 'parameter')).toBe(true);
    const state = cwmp.parameter('Device.IP.Diagnostics.IPPing.DiagnosticsState')!;
    expect(checkValue(state, 'Requested', { byPeer: true }).ok).toBe(true);
    expect(checkValue(state, 'Complete', { byPeer: true }).ok).toBe(false);
    expect(checkValue(state, 'Complete', { byPeer: false }).ok).toBe(true);
  });

  it('24: references name several tables, relative to where they stand, or any row', () => {
    const references = parameters.usp.flatMap(({ parameter: { type } }) => type.pathReference ?? []);
    expect(references.filter(({ refType }) => refType === 'weak')).toHaveLength(7);
    expect(references.filter(({ targetType }) => targetType === 'parameter')).toHaveLength(1);
    // To a row 65, and the one to a parameter.
    const toAny = references.filter(({ targets }) => targets.length === 0);
    expect([toAny.length, toAny.filter(({ targetType }) => targetType === 'row').length]).toEqual([66, 65]);
    expect(references.some(({ targets }) => targets.length > 1)).toBe(true);
    for (const { targets } of references) for (const target of targets) expect(target).toMatch(/^Device\.(.*\.)?$/);
    const made = compiled(
      device(
        `</object><object name="Device.A.{i}." minEntries="0" maxEntries="unbounded"><parameter name="R"><syntax><string><pathRef refType="strong" targetParent=".B. #.A. C." targetType="row"/></string></syntax></parameter></object><object name="Device.A.{i}.C.{i}." minEntries="0" maxEntries="unbounded"/><object name="Device.B.{i}." minEntries="0" maxEntries="unbounded">`,
      ),
    );
    expect(made.view('usp').parameter('Device.A.{i}.R')?.type.pathReference?.targets).toEqual([
      'Device.B.{i}.',
      'Device.A.{i}.',
      'Device.A.{i}.C.{i}.',
    ]);
  });

  it('25: the values of some are in another parameter, and one beside them', () => {
    const lists = parameters.usp.flatMap(({ parameter: { type } }) => type.enumerationReference ?? []);
    expect(lists).toHaveLength(47);
    expect(count('cwmp', ({ type }) => type.enumerationReference !== undefined)).toBe(49);
    expect(lists.some(({ nullValue }) => nullValue === '')).toBe(true);
    expect(lists.some(({ nullValue }) => nullValue === 'Auto')).toBe(true);
    expect(usp.parameter('Device.WiFi.AccessPoint.{i}.Security.ModeEnabled')?.type.enumerationReference?.target).toBe(
      'Device.WiFi.AccessPoint.{i}.Security.ModesSupported',
    );
  });

  it('26: the same path may be another contract in the other protocol', () => {
    const fetch = 'Device.PeriodicStatistics.SampleSet.{i}.FetchSamples';
    expect([usp.parameter(fetch)?.default?.value, cwmp.parameter(fetch)?.default?.value]).toEqual(['1', '0']);
    expect([usp.object('Device.GatewayInfo.')?.since, cwmp.object('Device.GatewayInfo.')?.since]).toEqual([
      '2.16',
      '2.0',
    ]);
    const other = objects.usp.filter(
      ({ path, minEntries }) =>
        path.startsWith('Device.WiFi.DataElements.') && (cwmp.object(path)?.minEntries ?? minEntries) !== minEntries,
    );
    expect(other).toHaveLength(4);
  });

  it('27: not every name begins with a capital', () => {
    const small = [...new Set(parameters.usp.map(({ parameter: { name } }) => name))].filter((name) =>
      /^[a-z]/.test(name),
    );
    const objectNames = objects.usp
      .map(
        ({ path }) =>
          path
            .replace(/\.(\{i\}\.)?$/, '')
            .split('.')
            .at(-1)!,
      )
      .filter((name) => /^[a-z]/.test(name));
    expect([...small, ...objectNames].sort()).toEqual(expect.arrayContaining(['bSTAMACAddress', 'bSTAMLD']));
  });
});

describe('commands, events and what is left out', () => {
  it('28: commands and events with their arguments, tables among them', () => {
    const commands = objects.usp.flatMap((object) => object.commands);
    const events = objects.usp.flatMap((object) => object.events);
    expect([commands.length, commands.filter(({ async }) => async).length, events.length]).toEqual([178, 83, 52]);
    expect(argumentsOf()).toHaveLength(1069);
    const inner = [
      ...commands.flatMap(({ input, output }) => [...input.objects, ...output.objects]),
      ...events.flatMap(({ args }) => args.objects),
    ];
    expect(inner).toHaveLength(69);
    expect(argumentsOf().filter(({ mandatory }) => mandatory)).toHaveLength(154);
    const activate = usp.object('Device.DeviceInfo.FirmwareImage.{i}.')!.command('Activate()')!;
    expect(activate.input.objects).toContainEqual(
      expect.objectContaining({ path: 'TimeWindow.{i}.', minEntries: 1, maxEntries: 5 }),
    );
    expect(usp.object('Device.')!.command('Reboot()')?.output.parameters).toEqual([]);
  });

  it('29: nothing but an argument is mandatory', () => {
    expect(count('usp', ({ mandatory }) => mandatory) + count('cwmp', ({ mandatory }) => mandatory)).toBe(0);
  });

  it('30: profiles are left out', () => {
    const profile =
      '</object><profile name="Baseline:1"><object ref="Device." requirement="present"><parameter ref="P" requirement="readOnly"/></object></profile><object name="Device.Q.">';
    const made = compiled(device(parameter('P') + profile));
    expect(made.view('usp').below('')).toEqual(['Device.', 'Device.Q.']);
    expect(made.view('usp').parameter('Device.P')?.access).toBe('readWrite');
  });

  it('31: CWMP has objects and parameters in place of commands and events', () => {
    expect(objects.cwmp.every(({ commands, events }) => commands.length + events.length === 0)).toBe(true);
    const only = (protocol: Protocol, other: Protocol) => {
      const known = new Set(parameters[other].map(({ path }) => path));
      return {
        objects: objects[protocol].filter(({ path }) => !schema.view(other).has(path)).length,
        parameters: parameters[protocol].filter(({ path }) => !known.has(path)).length,
      };
    };
    expect(only('cwmp', 'usp')).toEqual({ objects: 95, parameters: 918 });
    expect(only('usp', 'cwmp')).toEqual({ objects: 44, parameters: 289 });
  });
});
