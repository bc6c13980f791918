import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileSchema, compileVoice } from '../../../scripts/schema/compile-schema.ts';
import { openSchema, type Schema } from '../../../src/model/schema/index.ts';

const types = `<?xml version="1.0"?>
<!DOCTYPE e [
  <!ENTITY digit "[0-9]">
  <!ENTITY pair "&digit;{2}">
]>
<dm:document xmlns:dm="urn:x">
  <dataType name="Clock"><string><size maxLength="9"/><pattern value=""/><pattern value="&pair;:&pair;"/></string></dataType>
  <dataType name="ShortClock" base="Clock"><size maxLength="5"/></dataType>
  <dataType name="_AliasUSP"><string><size maxLength="64"/></string></dataType>
  <component name="Alias" virtual="true">
    <parameter name="Alias" access="readOnly"><syntax><string/></syntax></parameter>
  </component>
  <component name="_AliasUSP">
    <parameter name="Alias" access="writeOnceReadOnly" version="1.0"><syntax><dataType ref="_AliasUSP"/></syntax></parameter>
  </component>
  <component name="_AliasCWMP">
    <parameter name="Alias" access="readWrite" version="1.0"><syntax><string><size maxLength="64"/></string></syntax></parameter>
  </component>
</dm:document>`;

const common = `<document>
  <import file="tr-069-biblio.xml"/>
  <import file="tr-106-types.xml"><component name="Alias"/></import>
  <component name="Rows">
    <object name="Row.{i}." access="readWrite" minEntries="0" maxEntries="unbounded" numEntriesParameter="RowNumberOfEntries" version="2.3">
      <uniqueKey functional="false"><parameter ref="Alias"/></uniqueKey>
      <component ref="Alias"/>
      <parameter name="Time" access="readWrite" version="2.1"><syntax><dataType ref="ShortClock"/><default type="object" value=""/></syntax></parameter>
      <parameter name="Mode" access="readWrite"><syntax>
        <list maxItems="3"/><string><enumeration value="A"/><enumeration value="B" status="deprecated"/></string><default type="object" value="[A]"/>
      </syntax></parameter>
      <parameter name="Peer" access="readWrite"><syntax><string><pathRef refType="strong" targetParent="#.Row." targetType="row"/></string></syntax></parameter>
      <parameter name="Gone" access="readOnly" status="deleted"><syntax><boolean/></syntax></parameter>
    </object>
    <object name="Row.{i}.Old." minEntries="1" maxEntries="1" access="readOnly" status="deprecated">
      <parameter name="Left" access="readOnly"><syntax><unsignedLong><range minInclusive="1" maxInclusive="18446744073709551615"/></unsignedLong></syntax></parameter>
    </object>
    <object name="Row.{i}.Dead." minEntries="1" maxEntries="1" access="readOnly" status="deleted">
      <parameter name="X" access="readOnly"><syntax><boolean/></syntax></parameter>
    </object>
  </component>
  <model name="Device:2.19">
    <object name="Device." access="readOnly" minEntries="1" maxEntries="1" version="2.0">
      <parameter name="RowNumberOfEntries" access="readOnly"><syntax><unsignedInt/></syntax></parameter>
      <component ref="Rows" version="2.5"/>
    </object>
  </model>
</document>`;

const usp = `<document>
  <import file="tr-106-types.xml"><component name="Alias" ref="_AliasUSP"/></import>
  <import file="common.xml"><model name="_Device:2.19" ref="Device:2.19"/></import>
  <component name="Answer"><object name="Hop.{i}." minEntries="0" maxEntries="unbounded"><parameter name="Host"><syntax><string/></syntax></parameter></object></component>
  <model name="Device:2.19" base="_Device:2.19">
    <object base="Device.Row.{i}.">
      <uniqueKey functional="true"><parameter ref="Time"/></uniqueKey>
      <parameter base="Mode" version="2.14"><syntax><list/><string><enumeration value="B" access="readOnly"/><enumeration value="C"/></string></syntax></parameter>
      <command name="Probe()" async="true" version="2.13">
        <input><parameter name="Host" mandatory="true"><syntax><string/><default type="object" value="h"/></syntax></parameter></input>
        <output><component ref="Answer"/></output>
      </command>
      <event name="Seen!" version="2.13"><parameter name="By"><syntax><string/></syntax></parameter></event>
    </object>
  </model>
</document>`;

const cwmp = `<document>
  <import file="tr-106-types.xml"><component name="Alias" ref="_AliasCWMP"/></import>
  <import file="common.xml"><model name="_Device:2.19" ref="Device:2.19"/></import>
  <model name="Device:2.19" base="_Device:2.19">
    <object base="Device.Row.{i}."><parameter base="Peer" status="deleted"/></object>
  </model>
</document>`;

let directory: string;
let schema: Schema;
const row = 'Device.Row.{i}.';

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tandem-schema-'));
  const files = { 'tr-106-types.xml': types, 'common.xml': common, 'tr-181-2-usp.xml': usp, 'tr-181-2-cwmp.xml': cwmp };
  for (const [file, text] of Object.entries(files)) writeFileSync(join(directory, file), text);
  schema = openSchema(compileSchema(directory));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('the schema compiler', () => {
  it('expands a virtual component as the protocol renames it', () => {
    const uspAlias = schema.view('usp').parameter(`${row}Alias`);
    expect(uspAlias).toMatchObject({ access: 'writeOnceReadOnly', type: { named: 'Alias', sizes: [{ max: 64 }] } });
    expect(schema.view('cwmp').parameter(`${row}Alias`)?.access).toBe('readWrite');
  });

  it('derives types, with entities expanded, from a file that is not imported', () => {
    const { type } = schema.view('usp').parameter(`${row}Time`)!;
    expect(type).toMatchObject({ base: 'string', named: 'ShortClock', sizes: [{ max: 5 }] });
    expect(type.patterns).toEqual(['', '[0-9]{2}:[0-9]{2}']);
    expect(schema.view('usp').parameter(`${row}Old.Left`)?.type.ranges).toEqual([
      { min: 1n, max: 18446744073709551615n, step: undefined },
    ]);
  });

  it('merges what a protocol modifies, and leaves the other view as it was', () => {
    expect(schema.view('usp').parameter(`${row}Mode`)).toMatchObject({
      since: '2.14',
      default: { kind: 'object', value: 'A' },
      type: {
        list: { maxItems: 3 },
        enumeration: [
          { value: 'A', writable: true },
          { value: 'B', writable: false, status: 'deprecated' },
          { value: 'C', writable: true },
        ],
      },
    });
    expect(
      schema
        .view('cwmp')
        .parameter(`${row}Mode`)
        ?.type.enumeration.map((item) => item.value),
    ).toEqual(['A', 'B']);
    expect(schema.view('usp').object(row)?.uniqueKeys).toEqual([
      { functional: false, parameters: ['Alias'] },
      { functional: true, parameters: ['Time'] },
    ]);
    expect(schema.view('cwmp').object(row)?.uniqueKeys).toHaveLength(1);
  });

  it('drops what is deleted and hands a status down', () => {
    expect(schema.view('usp').parameter(`${row}Gone`)).toBeUndefined();
    expect(schema.view('usp').parameter(`${row}Peer`)).toBeDefined();
    expect(schema.view('cwmp').parameter(`${row}Peer`)).toBeUndefined();
    expect(schema.view('usp').has(`${row}Dead.`)).toBe(false);
    expect(schema.view('usp').parameter(`${row}Old.Left`)?.status).toBe('deprecated');
  });

  it('clamps versions by the component’s and, in USP, by the first that USP knew', () => {
    expect(schema.view('cwmp').object(row)?.since).toBe('2.5');
    expect(schema.view('cwmp').parameter(`${row}Time`)?.since).toBe('2.5');
    expect(schema.view('usp').parameter(`${row}Time`)?.since).toBe('2.12');
  });

  it('makes references absolute and keeps the order of definitions', () => {
    expect(schema.view('usp').parameter(`${row}Peer`)?.type.pathReference?.targets).toEqual([row]);
    expect(
      schema
        .view('usp')
        .object(row)
        ?.parameters.map((parameter) => parameter.name),
    ).toEqual(['Alias', 'Time', 'Mode', 'Peer']);
    expect(schema.view('usp').object(row)).toMatchObject({ table: true, minEntries: 0, maxEntries: undefined });
    expect(schema.view('usp').below('')).toEqual(['Device.', row, `${row}Old.`]);
  });

  it('describes commands and events, whose arguments have defaults of their own', () => {
    const object = schema.view('usp').object(row)!;
    expect(object.command('Probe()')).toMatchObject({
      async: true,
      input: {
        objects: [],
        parameters: [{ name: 'Host', mandatory: true, default: { kind: 'parameter', value: 'h' } }],
      },
      output: { objects: [{ path: 'Hop.{i}.', table: true }], parameters: [{ name: 'Hop.{i}.Host' }] },
    });
    expect(object.event('Seen!')?.args.parameters.map((parameter) => parameter.name)).toEqual(['By']);
    expect(schema.view('cwmp').object(row)?.commands).toEqual([]);
  });

  it('takes the newest of documents that were published one by one, and puts a service below Device.Services.', () => {
    const published = (parameter: string): string => `<document>
      <import file="tr-106-types.xml"><component name="Alias" ref="_AliasUSP"/></import>
      <model name="VoiceService:2.0" isService="true">
        <parameter name="VoiceServiceNumberOfEntries" access="readOnly"><syntax><unsignedInt/></syntax></parameter>
        <object name="VoiceService.{i}." numEntriesParameter="VoiceServiceNumberOfEntries" access="readOnly" minEntries="0" maxEntries="unbounded" version="1.1">
          <parameter name="${parameter}" access="readWrite" version="2.0.3"><syntax><string><pathRef refType="weak" targetParent=".Line."/></string></syntax></parameter>
        </object>
        <object name="VoiceService.{i}.Line.{i}." access="readWrite" minEntries="0" maxEntries="unbounded"/>
      </model></document>`;
    const root = `<document><import file="tr-104-2-common.xml"><model name="_VoiceService:2.0" ref="VoiceService:2.0"/></import>
      <model name="VoiceService:2.0" base="_VoiceService:2.0" isService="true"/></document>`;
    for (const name of ['tr-104-2-0-2-usp.xml', 'tr-104-2-0-2-cwmp.xml']) writeFileSync(join(directory, name), root);
    writeFileSync(join(directory, 'tr-104-2-0-9-common.xml'), published('Older'));
    writeFileSync(join(directory, 'tr-104-2-0-10-common.xml'), published('Newer'));
    const view = openSchema(compileVoice(directory)).view('usp');
    expect(view.below('')).toEqual([
      'Device.Services.',
      'Device.Services.VoiceService.{i}.',
      'Device.Services.VoiceService.{i}.Line.{i}.',
    ]);
    expect(view.object('Device.Services.VoiceService.{i}.')).toMatchObject({ since: '1.1', table: true });
    expect(view.object('Device.Services.VoiceService.{i}.Line.{i}.')?.since).toBe('1.1');
    expect(view.parameter('Device.Services.VoiceService.{i}.Older')).toBeUndefined();
    expect(view.parameter('Device.Services.VoiceService.{i}.Newer')).toMatchObject({
      since: '2.0',
      type: { pathReference: { targets: ['Device.Services.VoiceService.{i}.Line.{i}.'] } },
    });
  });

  it('makes the same bytes of the same XML', () => {
    expect(compileSchema(directory).equals(compileSchema(directory))).toBe(true);
  });

  it('names the file and the item that it can’t resolve', () => {
    writeFileSync(join(directory, 'tr-181-2-cwmp.xml'), cwmp.replace('base="Peer"', 'base="Pear"'));
    expect(() => compileSchema(directory)).toThrow(/tr-181-2-cwmp.xml: Device.Row.\{i\}.Pear/);
  });
});
