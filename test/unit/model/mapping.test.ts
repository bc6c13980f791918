import { describe, expect, it } from 'vitest';
import { silentLog, systemClock } from '#base';
import { createDataModel } from '#model';
import { FakeBus } from '../../support/fake-bus.ts';
import { MemoryState } from '../../support/memory-state.ts';
import { mappingForm, schemaTable, shippedMappings } from '../../support/model-fixture.ts';

const ports = {
  bus: new FakeBus({}),
  uci: {
    load: () => undefined,
    packages: () => [],
    revision: () => undefined,
    preview: () => '',
    hold: () => Promise.reject(new Error('nothing is written here')),
    replace: async () => {},
    text: () => undefined,
  },
  files: { readText: () => undefined, list: () => [], exists: () => false },
  scripts: { run: async () => ({}) },
  state: new MemoryState(),
  clock: systemClock,
  log: silentLog,
  uniqueName: () => 'x',
};
const problemsOf = (mapping: unknown) =>
  createDataModel(
    schemaTable(),
    [{ file: 'test.json', text: JSON.stringify(mapping) }],
    ports,
    {},
    undefined,
    mappingForm,
  ).problems.map(({ path, reason }) => `${path}: ${reason}`);

const listed = (object: Record<string, unknown>, item: string) => ({
  sources: { network: { uci: 'network' } },
  'Device.Bridging.Bridge.{i}.': { rows: 'network/device' },
  'Device.Bridging.Bridge.{i}.VLANPort.{i}.': { rows: 'network/bridge-vlan/ports[]', item, ...object },
});

describe('checking a mapping against the schema', () => {
  it('finds nothing to say about the ones that ship', () => {
    expect(createDataModel(schemaTable(), shippedMappings(), ports).problems).toEqual([]);
  });

  it.each([
    [{ 'Device.Nothing.': {} }, 'Device.Nothing.: is not an object of the schema'],
    [{ 'Device.WiFi.': { Colour: 'x' } }, 'Device.WiFi.Colour: is not a parameter of the schema'],
    [{ 'Device.WiFi.SSID.{i}.': { SSID: { is: 'x' } } }, 'Device.WiFi.SSID.{i}.: is a table and needs rows'],
    [
      { 'Device.DeviceInfo.': { ModelName: 'board/model' } },
      "Device.DeviceInfo.ModelName: 'board' is not a source of this file",
    ],
    [
      { 'Device.DeviceInfo.': { ModelName: 'model' } },
      "Device.DeviceInfo.ModelName: names an option ('model'), but the row is no section; a member of an answer is $item/model",
    ],
    [
      { 'Device.DeviceInfo.': { ModelName: { is: 'a', at: '$x' } } },
      "Device.DeviceInfo.ModelName: has either 'at' or 'is'",
    ],
    [
      { 'Device.DeviceInfo.': { ModelName: { at: '$x', as: 'rot13' } } },
      'Device.DeviceInfo.ModelName/as: is one of bool,',
    ],
    [{ sources: { a: { uci: 'x', file: 'y' } } }, 'sources/a: has one of uci, ubus, file, script, handler, value'],
    [listed({}, 'Port'), "Device.Bridging.Bridge.{i}.VLANPort.{i}.item: 'Port' has no parameter in braces"],
    [listed({}, '{Port}'), "Device.Bridging.Bridge.{i}.VLANPort.{i}.item: 'Port' is not mapped"],
    [
      listed({ Untagged: '$item' }, '{Untagged}'),
      "Device.Bridging.Bridge.{i}.VLANPort.{i}.Untagged: is part of the item: it needs 'at' $item and a pick",
    ],
    [
      listed({ add: { vlan: '1' }, Untagged: { at: '$item', pick: 't' } }, '{Untagged}'),
      'Device.Bridging.Bridge.{i}.VLANPort.{i}.add: has no options where rows are items',
    ],
    [
      listed({ rows: 'network/bridge-vlan', Untagged: { at: '$item', pick: 't' } }, '{Untagged}'),
      'Device.Bridging.Bridge.{i}.VLANPort.{i}.item: needs rows that are items of a list in sections',
    ],
    [
      listed({ rows: 'nowhere/bridge-vlan/ports[]' }, '{Untagged}'),
      "Device.Bridging.Bridge.{i}.VLANPort.{i}.rows: 'nowhere' is not a UCI source of this file",
    ],
    [{ Device: {} }, 'Device: an object path ends in a dot'],
  ])('%j', (mapping, problem) => {
    expect(problemsOf(mapping).join('\n')).toContain(problem);
  });

  it('takes nothing from a file that is broken', () => {
    const text = JSON.stringify({ 'Device.DeviceInfo.': { ModelName: { is: 'X' }, Nope: { is: 'Y' } } });
    const { model } = createDataModel(schemaTable(), [{ file: 'broken.json', text }], ports);
    expect(model.supported('usp').object('Device.DeviceInfo.')).toBeUndefined();
  });
});
