import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type UspRecord, writeRecord } from '#usp';
import { Reassembly, segmentsOf } from '../../../src/usp/session/segments.ts';
import { type End, SessionPair } from '../../support/session-pair.ts';

describe('segmentation', () => {
  it('is undone by reassembly, whatever the sizes', () => {
    const unit = fc.uint8Array({ maxLength: 600 });
    fc.assert(
      fc.property(fc.array(unit, { minLength: 1, maxLength: 6 }), fc.integer({ min: 16, max: 900 }), (units, room) => {
        const segments = segmentsOf(units, room);
        for (const { payload } of segments) {
          const size = payload.reduce((sum, part) => sum + part.length + 6, 0);
          expect(size).toBeLessThanOrEqual(room);
        }
        const reassembly = new Reassembly(1 << 20);
        const results = segments.map((segment) => reassembly.add(segment));
        expect(results.slice(0, -1).every((result) => result === undefined)).toBe(true);
        expect(results.at(-1)).toEqual(Buffer.concat(units));
      }),
    );
  });

  it('never holds more than its limit', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 60 }), (states) => {
        const reassembly = new Reassembly(1000);
        for (const payloadSarState of states) {
          const result = reassembly.add({ payloadSarState, payloadrecSarState: 0, payload: [Buffer.alloc(300)] });
          if (Buffer.isBuffer(result)) expect(result.length).toBeLessThanOrEqual(1000);
          else if (result) return;
        }
      }),
    );
  });
});

describe('a session over a bad transport', () => {
  // What the transport does with the next record: hand over one of those under way, hand one over twice, lose it, or let time pass.
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ act: fc.constant('deliver' as const), which: fc.nat(5) }) },
    { weight: 1, arbitrary: fc.record({ act: fc.constant('duplicate' as const), which: fc.nat(5) }) },
    { weight: 2, arbitrary: fc.record({ act: fc.constant('lose' as const), which: fc.nat(5) }) },
    { weight: 1, arbitrary: fc.record({ act: fc.constant('wait' as const), which: fc.nat(5) }) },
    { weight: 3, arbitrary: fc.record({ act: fc.constant('send' as const), which: fc.nat(1) }) },
  );

  it('gives every message once and in order, as long as no session has to be given up', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.constantFrom(0, 512), (steps, maxRecordBytes) => {
        const settings = { mode: 'Require' as const, maxRecordBytes };
        const pair = new SessionPair({ a: settings, b: settings });
        // Only one of them begins, so that there is one session from the start.
        pair.ends.a.settle();
        pair.settle();
        const said: Record<End, string[]> = { a: [], b: [] };
        const say = (from: End): void => {
          const message = `${from}${said[from].length}${'.'.repeat(said[from].length % 3 === 0 ? 900 : 3)}`;
          said[from].push(message);
          pair.send(from, message);
        };
        for (const { act, which } of steps) {
          const one = pair.wire[which % Math.max(1, pair.wire.length)];
          if (act === 'send') say(which === 0 ? 'a' : 'b');
          else if (act === 'wait') pair.clock.advance(1000);
          else if (one && act === 'deliver') pair.deliver(one);
          else if (one && act === 'duplicate') pair.deliver({ ...one });
          else if (one) pair.wire.splice(pair.wire.indexOf(one), 1);
        }
        // From here on nothing is lost: a last word each way shows the other what it misses.
        say('a');
        say('b');
        for (let round = 0; round < 40; round++) {
          pair.settle();
          pair.clock.advance(10_000);
        }
        pair.settle();
        for (const [from, to] of [
          ['a', 'b'],
          ['b', 'a'],
        ] as const) {
          const sessions = new Set(pair.sent.map(({ record }) => record.sessionContext?.sessionId));
          if (sessions.size === 1) expect(pair.heard[to]).toEqual(said[from]);
          // Whatever was given up, nothing comes twice and nothing overtakes.
          const positions = pair.heard[to].map((message) => said[from].indexOf(message));
          expect(positions).toEqual([...new Set(positions)].sort((x, y) => x - y));
          expect(positions.every((position) => position >= 0)).toBe(true);
        }
      }),
      { numRuns: 150 },
    );
  });
});

describe('any record at all', () => {
  const uint64 = fc.oneof(fc.bigInt({ min: 0n, max: 6n }), fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }));
  const state = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer());
  const record: fc.Arbitrary<Partial<UspRecord>> = fc.record(
    {
      version: fc.oneof(fc.constant('1.4'), fc.string()),
      payloadSecurity: fc.integer({ min: 0, max: 2 }),
      macSignature: fc.uint8Array({ maxLength: 80 }),
      senderCert: fc.oneof(
        fc.uint8Array({ maxLength: 80 }),
        fc.constant(Buffer.from('-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n')),
      ),
      noSessionContext: fc.record({ payload: fc.uint8Array({ maxLength: 60 }) }),
      sessionContext: fc.record({
        sessionId: uint64,
        sequenceId: uint64,
        expectedId: uint64,
        retransmitId: uint64,
        payloadSarState: state,
        payloadrecSarState: state,
        payload: fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 3 }),
      }),
      disconnect: fc.record({ reason: fc.string(), reasonCode: fc.nat() }),
    },
    { requiredKeys: [] },
  );

  it('is taken or refused without a throw, and a sound session works after it', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 25 }), (records) => {
        const pair = new SessionPair();
        for (const over of records) {
          const bytes = writeRecord({ version: '1.4', toId: 'proto::b', fromId: 'proto::a', ...over });
          pair.deliver({ from: 'a', bytes, record: undefined as never });
          pair.wire.splice(0);
        }
        pair.heard.b.splice(0);
        const sound = { sessionId: 0xabcdefn, sequenceId: 1n, expectedId: 1n, retransmitId: 0n };
        const bytes = writeRecord({
          version: '1.4',
          toId: 'proto::b',
          fromId: 'proto::a',
          sessionContext: { ...sound, payloadSarState: 0, payloadrecSarState: 0, payload: [Buffer.from('sound?')] },
        });
        pair.deliver({ from: 'a', bytes, record: undefined as never });
        expect(pair.heard.b).toEqual(['sound?']);
        expect(pair.wire.at(-1)!.record.sessionContext).toMatchObject({ sessionId: 0xabcdefn, sequenceId: 1n });
      }),
      { numRuns: 200 },
    );
  });
});
