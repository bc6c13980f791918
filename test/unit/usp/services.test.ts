import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { silentLog } from '#base';
import { type Notify, readMessage, readRecord, writeMessage, writeRecord } from '#usp';
import { covers, levelsBelow, plainPath } from '../../../src/usp/services/paths.ts';
import { Registry } from '../../../src/usp/services/registry.ts';
import { ServiceLink } from '../../../src/usp/services/service-link.ts';
import { HandClock } from '../../support/hand-clock.ts';

describe('a path without its rows', () => {
  it.each([
    ['Device.', 'Device.'],
    ['Device.A.1.B', 'Device.A.B'],
    ['Device.A.*.B.', 'Device.A.B.'],
    ['Device.A.{i}.B.{i}.', 'Device.A.B.'],
    ['Device.A.[X=="a.b]" && Y<3].B.C()', 'Device.A.B.C()'],
    ['Device.A.[X=="[["].B', 'Device.A.B'],
    ['Device.A.Ref+.B', undefined],
    ['Device.A.Ref#1+.B', undefined],
    ['Device.A.[X=="a', undefined],
  ])('%s is %s', (path, expected) => {
    expect(plainPath(path)).toBe(expected);
  });

  it('has no rows in it, whatever it was made of, and is the same again', () => {
    const word = fc.constantFrom('A', 'B2', '1', '*', '{i}', '[X=="y.z"]', '');
    fc.assert(
      fc.property(fc.array(word, { maxLength: 8 }), (words) => {
        const plain = plainPath(`Device.${words.join('.')}`)!;
        expect(plainPath(plain)).toBe(plain);
        expect(plain).not.toMatch(/\.([0-9]+|\*|\{i\}|\[)/);
      }),
    );
  });

  it('lies in what was registered or not', () => {
    expect(covers('Device.A.', 'Device.A.B')).toBe(true);
    expect(covers('Device.A.', 'Device.A')).toBe(true);
    expect(covers('Device.A.', 'Device.AB')).toBe(false);
    expect(covers('Device.A.B', 'Device.A.B')).toBe(true);
    expect(covers('Device.A.B', 'Device.A.BC')).toBe(false);
    expect(levelsBelow('Device.', 'Device.A.B.')).toBe(2);
  });
});

describe('the registry', () => {
  const one = { endpointId: 'one' };
  const two = { endpointId: 'two' };
  const registry = () =>
    new Registry<typeof one>({ isOwn: (path) => path === 'Device.Own.', allowed: () => ['Device.'] });
  const code = (result: { ok: boolean; fault?: { errCode: number } }): number => result.fault?.errCode ?? 0;

  it('gives no part to two, whole or in part, above or below', () => {
    const known = registry();
    expect(code(known.register(one, 'Device.A.B.'))).toBe(0);
    for (const path of ['Device.A.B.', 'Device.A.', 'Device.A.B.C.', 'Device.A.B.C', 'Device.A.B.C()']) {
      expect(code(known.register(two, path))).toBe(7029);
    }
    expect(code(known.register(one, 'Device.A.B.'))).toBe(0);
    expect(code(known.register(two, 'Device.A.BC.'))).toBe(0);
    expect(known.ownerOf('Device.A.B.X')).toBe(one);
    expect(known.ownerOf('Device.A.X')).toBeUndefined();
    expect(known.below('Device.').map(({ path }) => path)).toEqual(['Device.A.B.', 'Device.A.BC.']);
    expect(code(known.deregister(two, 'Device.A.B.'))).toBe(7031);
    expect(code(known.deregister(two, 'Device.X.'))).toBe(7030);
    expect(known.deregister(one, '')).toEqual({ ok: true, value: ['Device.A.B.'] });
    expect(code(known.register(two, 'Device.A.B.'))).toBe(0);
  });

  it('takes paths without rows, which the agent has not itself, and not without end', () => {
    const known = registry();
    for (const path of [
      '',
      'Device.',
      'A.',
      'Device.A.1.',
      'Device.A.{i}.',
      'Device.A.*.',
      'Device..A',
      'Device.A.[x]',
      'Device.Own.',
    ]) {
      expect(code(known.register(one, path))).toBe(7028);
    }
    for (const path of ['Device.A.b', 'Device.A.B()', 'Device.A.B!']) expect(code(known.register(one, path))).toBe(0);
    for (let n = 0; n < 61; n++) expect(code(known.register(one, `Device.X${n}.`))).toBe(0);
    expect(code(known.register(one, 'Device.Y.'))).toBe(7005);
    expect(code(known.register(two, 'Device.Y.'))).toBe(0);
  });

  it('gives to nobody what he is not trusted with', () => {
    const known = new Registry<typeof one>({
      isOwn: () => false,
      allowed: (id) => (id === 'one' ? ['Device.A.'] : []),
    });
    expect(code(known.register(one, 'Device.A.B.'))).toBe(0);
    expect(code(known.register(one, 'Device.B.'))).toBe(7006);
    expect(code(known.register(two, 'Device.A.C.'))).toBe(7006);
  });
});

describe('a link to a service', () => {
  function begin() {
    const clock = new HandClock();
    const sent: Uint8Array[] = [];
    const notified: Notify[] = [];
    const link = new ServiceLink({
      endpointId: 'service',
      ownId: 'own',
      send: (record) => void sent.push(record),
      notified: (notify) => void notified.push(notify),
      requested: () => undefined,
      clock,
      log: silentLog,
    });
    const said = (at: number) => readMessage(readRecord(sent.at(at)!).noSessionContext!.payload);
    const hear = (message: Uint8Array, fromId = 'service') =>
      link.receive(writeRecord({ version: '1.4', toId: 'own', fromId, noSessionContext: { payload: message } }));
    return { clock, link, sent, notified, said, hear };
  }
  const get = { get: { paramPaths: ['Device.A.'], maxDepth: 0 } };

  it('waits five seconds for an answer, and not for one that comes later', async () => {
    const { clock, link, said, hear } = begin();
    const asked = link.ask(get, 'getResp');
    clock.advance(5000);
    expect(await asked).toMatchObject({ ok: false, fault: { kind: 'internal' } });
    hear(writeMessage(said(0).msgId, { kind: 'response', response: { getResp: { reqPathResults: [] } } }));
    const again = link.ask(get, 'getResp');
    hear(writeMessage(said(-1).msgId, { kind: 'response', response: { getResp: { reqPathResults: [] } } }));
    expect(await again).toEqual({ ok: true, value: { reqPathResults: [] } });
  });

  it('takes an Error, and another answer than the one that was asked for, as a refusal', async () => {
    const { link, said, hear } = begin();
    const refused = link.ask(get, 'getResp');
    const error = { errCode: 7012, errMsg: 'no', paramErrs: [] };
    hear(writeMessage(said(-1).msgId, { kind: 'error', error }));
    expect(await refused).toMatchObject({ ok: false, fault: { kind: 'invalid-value', message: 'no' } });
    const wrong = link.ask(get, 'getResp');
    hear(writeMessage(said(-1).msgId, { kind: 'response', response: { setResp: { updatedObjResults: [] } } }));
    expect((await wrong).ok).toBe(false);
  });

  it('does not leave anybody waiting when the service goes', async () => {
    const { link, sent } = begin();
    const asked = link.ask(get, 'getResp');
    link.end();
    expect((await asked).ok).toBe(false);
    expect((await link.ask(get, 'getResp')).ok).toBe(false);
    expect(sent).toHaveLength(1);
  });

  it('answers what it is told where that is wanted, and listens to nobody else', () => {
    const { notified, hear, sent, said, link } = begin();
    const notify = { subscriptionId: 's', sendResp: true, objDeletion: { objPath: 'Device.A.1.' } };
    const message = writeMessage('n', { kind: 'request', request: { notify } });
    expect(hear(message, 'somebody')).toBe('taken');
    expect(notified).toEqual([]);
    hear(message);
    expect(notified).toHaveLength(1);
    expect(said(0)).toMatchObject({ msgId: 'n', body: { response: { notifyResp: { subscriptionId: 's' } } } });
    hear(writeMessage('g', { kind: 'request', request: get }));
    expect(said(-1)).toMatchObject({ msgId: 'g', body: { error: { errCode: 7001 } } });
    expect(link.receive(Buffer.from('no record'))).toBe('unreadable');
    const disconnect = { reason: 'bye', reasonCode: 7105 };
    expect(link.receive(writeRecord({ version: '1.4', toId: 'own', fromId: 'service', disconnect }))).toBe('left');
    expect(sent).toHaveLength(2);
  });
});
