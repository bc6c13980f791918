import { describe, expect, it } from 'vitest';
import type { Access, Change } from '#model';
import { heardBy, wantsResult } from '../../../src/usp/notify/hearing.ts';

const origin = { by: 'device' } as const;
const row = 'Device.WiFi.SSID.1.';
const changes: Readonly<Record<string, Change>> = {
  Param: { kind: 'value', path: `${row}SSID`, type: 'string', value: 'x', origin },
  Obj: { kind: 'created', path: row, uniqueKeys: { Alias: 'a', Name: 'n' }, origin },
  InstantiatedObj: { kind: 'deleted', path: row, origin },
  CommandEvent: { kind: 'event', path: 'Device.Boot!', args: {}, origin },
};

describe('a change', () => {
  it.each(Object.keys(changes))('is heard with the right for it, %s, and with no other', (needed) => {
    const only = (granted: string): Access => ({ allows: (target, right) => target === granted && right === 'n' });
    for (const granted of Object.keys(changes)) {
      const heard = heardBy({ protocol: 'usp', access: only(granted) }, changes[needed]!);
      expect(heard?.kind).toBe(granted === needed ? changes[needed]!.kind : undefined);
    }
    expect(heardBy({ protocol: 'usp' }, changes[needed]!)).toBe(changes[needed]);
  });

  it('tells of a new row the keys that may be read', () => {
    const access: Access = { allows: (target, _, path) => target !== 'Param' || path.endsWith('.Alias') };
    expect(heardBy({ protocol: 'usp', access }, changes.Obj!)).toMatchObject({ uniqueKeys: { Alias: 'a' } });
    expect(heardBy({ protocol: 'usp', access }, changes.Obj!)).not.toHaveProperty('uniqueKeys.Name');
  });

  it.each([
    ['Both', true, true],
    ['Success', true, false],
    ['Failure', false, true],
  ] as const)('of a transfer is told where its result is wanted: %s', (wanted, success, failure) => {
    const ended = (FaultCode: string): Change => ({
      kind: 'event',
      path: 'Device.LocalAgent.TransferComplete!',
      args: { FaultCode },
      origin,
    });
    expect([wantsResult(wanted, ended('0')), wantsResult(wanted, ended('7022'))]).toEqual([success, failure]);
    for (const change of Object.values(changes)) expect(wantsResult(wanted, change)).toBe(true);
  });
});
