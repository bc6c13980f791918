import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type Change, type CommandResult, compileMappings, openSchema, type View } from '#model';
import type { BlobTable } from '#platform';
import { FakeBus } from '../../support/fake-bus.ts';
import { type ModelFixture, mappingForm, openModel, schemaTable } from '../../support/model-fixture.ts';

// Commands and events that a mapping file says.
const usp: View = { protocol: 'usp' };
let open: ModelFixture | undefined;
afterEach(async () => {
  await open?.[Symbol.asyncDispose]();
  open = undefined;
});

const mapping = {
  sources: { example: { uci: 'example' } },
  'Device.X_EXAMPLE-COM_Lamp.{i}.': {
    rows: 'example/lamp',
    let: { port: 'port' },
    Port: { at: 'port', type: 'string' },
    'Blink()': {
      ubus: ['lamp.$port', 'blink'],
      args: { times: '$in.Times', fast: '$in.Fast', colour: 'red', lamp: '$id' },
      returns: { Done: 'yes' },
      input: { Times: { type: 'unsignedInt', mandatory: true }, Fast: { type: 'boolean' } },
      output: { Count: { type: 'unsignedInt' }, Done: { type: 'string' } },
    },
    'Dim()': { script: '/lamp-dim', output: { Said: { type: 'string' }, Count: { type: 'unsignedInt' } } },
    'Broken!': {
      on: 'lamp.broken',
      row: 'lamp',
      from: { Volts: 'power/volts' },
      args: { Volts: { type: 'int' }, Why: { type: 'string' } },
    },
  },
};
const example = "config lamp 'hall'\n\toption port 'p1'\n\nconfig lamp 'attic'\n\toption port '../x'\n";

async function start(answer: (args: BlobTable) => BlobTable) {
  const calls: BlobTable[] = [];
  const bus = new FakeBus({
    'lamp.p1 blink': (args) => {
      calls.push(args);
      return answer(args);
    },
  });
  open = await openModel({
    bus,
    packages: { example },
    mappings: [{ file: 'test.json', text: JSON.stringify(mapping) }],
  });
  const { model } = open;
  const operate = async (path: string, args: Readonly<Record<string, string>>): Promise<CommandResult[]> => {
    const result = await model.operate(usp, { path, args, commandKey: '', origin: { by: 'usp', peer: 'c' } });
    if (!result.ok) throw new Error(result.fault.message);
    return result.value.map((outcome) => outcome.result);
  };
  return { model, bus, calls, operate };
}

describe('a command of a mapping', () => {
  it('is one call, with what the row and the request say', async () => {
    const { calls, operate } = await start(() => ({ Count: 3, Secret: 'x' }));
    expect(await operate('Device.X_EXAMPLE-COM_Lamp.1.Blink()', { Times: '3', Fast: 'true' })).toEqual([
      { ok: true, value: { Count: '3', Done: 'yes' } },
    ]);
    expect(calls).toEqual([{ times: 3, fast: true, colour: 'red', lamp: 'hall' }]);
  });

  it('tells a script which row it is about', async () => {
    const { operate } = await start(() => ({}));
    const script =
      '#!/bin/sh\nid=$(sed -n \'s/.*"id":"\\([a-z]*\\)".*/\\1/p\')\necho "{\\"Said\\":\\"$id\\",\\"Count\\":\\"few\\"}"\n';
    writeFileSync(join(open!.root, 'lamp-dim'), script, { mode: 0o755 });
    expect(await operate('Device.X_EXAMPLE-COM_Lamp.2.Dim()', {})).toEqual([{ ok: true, value: { Said: 'attic' } }]);
    writeFileSync(join(open!.root, 'lamp-dim'), '#!/bin/sh\necho first >&2\necho dark already >&2\nexit 3\n');
    expect(await operate('Device.X_EXAMPLE-COM_Lamp.2.Dim()', {})).toMatchObject([
      { fault: { path: 'Device.X_EXAMPLE-COM_Lamp.2.Dim()', message: '/lamp-dim failed: dark already' } },
    ]);
  });

  it('leaves out arguments that were not given', async () => {
    const { calls, operate } = await start(() => ({}));
    await operate('Device.X_EXAMPLE-COM_Lamp.1.Blink()', { Times: '1' });
    expect(calls).toEqual([{ times: 1, colour: 'red', lamp: 'hall' }]);
  });

  it('calls nothing where a variable is no name', async () => {
    const { calls, operate } = await start(() => ({}));
    expect(await operate('Device.X_EXAMPLE-COM_Lamp.2.Blink()', { Times: '1' })).toMatchObject([
      { ok: false, fault: { kind: 'command-failed' } },
    ]);
    expect(calls).toEqual([]);
  });

  it('fails as a value when the device does', async () => {
    const { operate } = await start(() => {
      throw new Error('burnt out');
    });
    expect(await operate('Device.X_EXAMPLE-COM_Lamp.1.Blink()', { Times: '1' })).toMatchObject([
      { ok: false, fault: { kind: 'command-failed' } },
    ]);
  });
});

describe('an event of a mapping', () => {
  it('is told for the row that it is about', async () => {
    const { model, bus } = await start(() => ({}));
    const heard: Change[] = [];
    await model.watch(usp, { paths: ['Device.X_EXAMPLE-COM_Lamp.'], kinds: ['event'] }, (change) => heard.push(change));
    await bus.sendEvent('lamp.broken', { lamp: 'attic', power: { volts: -3 }, Why: 'old', more: 'x' });
    await bus.sendEvent('lamp.broken', { lamp: 'nowhere' });
    await bus.sendEvent('lamp.broken', { lamp: 'hall', power: { volts: 'many' } });
    await expect.poll(() => heard.length).toBe(2);
    // What is not of the argument's type is not passed on.
    expect(heard[1]).toMatchObject({ path: 'Device.X_EXAMPLE-COM_Lamp.1.Broken!', args: {} });
    expect(heard[0]).toMatchObject({
      kind: 'event',
      path: 'Device.X_EXAMPLE-COM_Lamp.2.Broken!',
      args: { Volts: '-3', Why: 'old' },
    });
  });
});

describe('what is wrong with a command or event', () => {
  const types = 'string, int, unsignedInt, long, unsignedLong, decimal, boolean, dateTime, base64, hexBinary';
  const problems = (object: unknown): string[] =>
    compileMappings(
      openSchema(schemaTable()),
      [{ file: 't.json', text: JSON.stringify(object) }],
      {},
      undefined,
      mappingForm,
    ).problems.map(({ path, reason }) => `${path}: ${reason}`);
  it.each([
    [{ 'Device.': { 'Fly()': { script: '/x' } } }, 'Device.Fly(): is not a command of the schema'],
    [{ 'Device.': { 'Reboot()': {} } }, 'Device.Reboot(): has one of ubus, script, handler'],
    [
      { 'Device.': { 'Reboot()': { ubus: ['a', 'b'], args: { x: '$in.Nothing' } } } },
      "Device.Reboot(): has no argument 'Nothing'",
    ],
    [{ 'Device.': { 'Landed!': { on: 'x' } } }, 'Device.Landed!: is not an event of the schema'],
    [{ 'Device.': { 'Boot!': {} } }, "Device.Boot!: needs 'on'"],
    [
      { 'Device.': { 'X_A_Go()': { script: '/x', input: { A: { type: 'colour' } } } } },
      `Device.X_A_Go()/input/A/type: is one of ${types}`,
    ],
  ])('%j', (object, problem) => {
    expect(problems(object)).toContain(problem);
  });
});
