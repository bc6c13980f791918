import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkReferences, listItems, meansRow } from '../../../src/usp/notify/reference-list.ts';
import { readSettings } from '../../../src/usp/notify/trigger-config.ts';

describe('settings of a subscription', () => {
  it.each([
    ['Device.A.Enable=true', [['Device.A.', 'Enable', 'true']]],
    ['Device.A.Name="a b"', [['Device.A.', 'Name', 'a b']]],
    ['Device.A.Name=""', [['Device.A.', 'Name', '']]],
    ['Device.A.Name="100%25, %22so%22"', [['Device.A.', 'Name', '100%, "so"']]],
    ['Device.A.Name="50%"', [['Device.A.', 'Name', '50%']]],
    [
      'Device.A.[B=="x,y"&&C==1].D=1, Device.E.F=a=b',
      [
        ['Device.A.[B=="x,y"&&C==1].', 'D', '1'],
        ['Device.E.', 'F', 'a=b'],
      ],
    ],
    ['', []],
  ])('%s', (text, expected) => {
    const read = readSettings(text);
    expect(read.ok && read.value.map(({ path, name, value }) => [path, name, value])).toEqual(expected);
  });

  it.each(['Device.A', '=1', 'Device.A.=1', 'Name=1', 'Device.A.[B=="x"].C'])('are not %s', (text) => {
    expect(readSettings(text).ok).toBe(false);
  });

  it('are read or refused whatever the text is, and quoted text comes through', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        readSettings(text);
        const escaped = text.replace(/[%",[\]=]/g, (character) => `%${character.charCodeAt(0).toString(16)}`);
        const read = readSettings(`Device.A.B="${escaped}"`);
        expect(read.ok && read.value[0]!.value).toBe(text);
      }),
    );
  });
});

describe('a list of references', () => {
  it('is cut at its commas only, whatever it holds', () => {
    expect(listItems('Device.A.[B=="x,]y"].C, Device.D!,,')).toEqual(['Device.A.[B=="x,]y"].C', 'Device.D!']);
    fc.assert(fc.property(fc.string({ maxLength: 300 }), (text) => listItems(text).length <= text.length));
  });

  it('fits its type', () => {
    expect(checkReferences('Event', ['Device.Boot!', 'Device.LocalAgent.'])).toBeUndefined();
    expect(checkReferences('Event', ['Device.Boot!', 'Device.Reboot()'])).toMatchObject({ kind: 'invalid-value' });
  });

  it.each([
    ['Device.A.{i}.B.', 'Device.A.3.B.7.', true],
    ['Device.A.[X=="1.2."].B.', 'Device.A.3.B.7.', true],
    ['Device.A.*.', 'Device.A.3.', true],
    ['Device.A.', 'Device.A.3.B.7.', false],
    ['Device.A.3.', 'Device.A.3.B.7.', false],
    ['Device.Ref+.B.', 'Device.C.1.', true],
  ])('%s means %s: %s', (path, row, expected) => {
    expect(meansRow({ kind: 'deleted', path: row, origin: { by: 'device' } }, [path])).toBe(expected);
  });
});
