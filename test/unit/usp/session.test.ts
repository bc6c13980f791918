import { describe, expect, it } from 'vitest';
import { createPki } from '#lab';
import { recordError, type SessionContext, signerOf, writeMessage, writeRecord } from '#usp';
import { type End, SessionPair } from '../../support/session-pair.ts';

const context = (over: Partial<SessionContext>): SessionContext => ({
  sessionId: 7n,
  sequenceId: 1n,
  expectedId: 1n,
  retransmitId: 0n,
  payloadSarState: 0,
  payloadrecSarState: 0,
  payload: [],
  ...over,
});
const text = (value: string): Buffer => Buffer.from(value);

/** One endpoint, `b`, and what a test writes to it by hand. */
class Judge extends SessionPair {
  give(over: Partial<SessionContext>, payloadSecurity = 0): void {
    const record = { version: '1.4', toId: 'proto::b', fromId: 'proto::a', payloadSecurity };
    const bytes = writeRecord({ ...record, sessionContext: context(over) });
    this.deliver({ from: 'a', bytes, record: undefined as never });
  }
  /** What `b` has sent since the last look. */
  answers(): { session: bigint; sequence: bigint; expected: bigint; retransmit: bigint; text: string }[] {
    return this.wire.splice(0).flatMap(({ record: { sessionContext } }) =>
      sessionContext
        ? [
            {
              session: sessionContext.sessionId,
              sequence: sessionContext.sequenceId,
              expected: sessionContext.expectedId,
              retransmit: sessionContext.retransmitId,
              text: Buffer.concat(sessionContext.payload).toString(),
            },
          ]
        : [],
    );
  }
}

describe('a session context', () => {
  it('is begun by the peer, answered in it, each side with a sequence of its own', () => {
    const pair = new Judge();
    pair.give({ payload: [text('one?')] });
    expect(pair.answers()).toEqual([{ session: 7n, sequence: 1n, expected: 2n, retransmit: 0n, text: 'one!' }]);
    expect(pair.ends.b.status).toBe('Up');
    pair.give({ sequenceId: 2n, expectedId: 2n, payload: [text('two?')] });
    expect(pair.answers()).toMatchObject([{ sequence: 2n, expected: 3n, text: 'two!' }]);
  });

  it('keeps what comes before its turn and answers nothing until the turn is there', () => {
    const pair = new Judge();
    pair.give({ payload: [text('1?')] });
    pair.answers();
    // TP-469 3.11: the expected_id of the peer may run ahead of what was sent.
    pair.give({ sequenceId: 4n, expectedId: 4n, payload: [text('4?')] });
    expect(pair.answers()).toEqual([]);
    pair.give({ sequenceId: 2n, expectedId: 2n, payload: [text('2?')] });
    expect(pair.answers()).toMatchObject([{ sequence: 2n, text: '2!' }]);
    pair.give({ sequenceId: 3n, expectedId: 3n, payload: [text('3?')] });
    expect(pair.answers()).toMatchObject([
      { sequence: 3n, text: '3!' },
      { sequence: 4n, text: '4!' },
    ]);
  });

  it('asks for what is missing after a while, and begins anew when it never comes', () => {
    const pair = new Judge();
    pair.give({ payload: [text('1')] });
    pair.give({ sequenceId: 3n, payload: [text('3')] });
    expect(pair.answers()).toEqual([]);
    pair.clock.advance(10_000);
    expect(pair.answers()).toMatchObject([{ session: 7n, retransmit: 2n, text: '' }]);
    pair.clock.advance(600_000);
    const rest = pair.answers();
    expect(rest.slice(0, 4).every(({ retransmit }) => retransmit === 2n)).toBe(true);
    expect(rest.at(-1)).toMatchObject({ sequence: 1n, expected: 1n, retransmit: 0n, text: '' });
    expect(rest.at(-1)!.session).not.toBe(7n);
  });

  it('ignores duplicates', () => {
    const pair = new Judge();
    for (let count = 0; count < 4; count++) pair.give({ payload: [text('once?')] });
    expect(pair.answers()).toHaveLength(1);
    expect(pair.heard.b).toEqual(['once?']);
  });

  it('gives way to another session of the peer', () => {
    const pair = new Judge();
    pair.give({ payload: [text('old?')] });
    pair.answers();
    pair.give({ sessionId: 8n, payload: [text('new?')] });
    expect(pair.answers()).toMatchObject([{ session: 8n, sequence: 1n, text: 'new!' }]);
    // What is late of the session before is not a third one.
    pair.give({ sessionId: 7n, sequenceId: 2n, payload: [text('late?')] });
    expect(pair.answers()).toEqual([]);
    expect(pair.heard.b).toEqual(['old?', 'new?']);
  });

  it('sends a record again when asked, as often as it may', () => {
    const pair = new Judge({ b: { maxRetransmitTries: 2 } });
    pair.give({ payload: [text('set?')] });
    const [first] = pair.answers();
    pair.clock.advance(60_000);
    pair.give({ sequenceId: 2n, retransmitId: 1n });
    expect(pair.answers()).toEqual([first]);
    pair.give({ sequenceId: 3n, retransmitId: 1n });
    expect(pair.answers()).toEqual([first]);
    pair.give({ sequenceId: 4n, retransmitId: 1n });
    const [restarted, ...more] = pair.answers();
    expect(more).toEqual([]);
    // What the peer never got goes into the new session.
    expect(restarted).toMatchObject({ sequence: 1n, text: 'set!' });
    expect(restarted!.session).not.toBe(7n);
  });

  it('passes on what the peer has not got, whole, in its order, and once', () => {
    const pair = new Judge({ b: { maxRetransmitTries: 0, maxRecordBytes: 260 } });
    const long = `${'long '.repeat(60)}?`;
    pair.give({ payload: [text('one?')] });
    pair.give({ sequenceId: 2n, expectedId: 2n, payload: [text(long)] });
    pair.give({ sequenceId: 3n, expectedId: 2n, payload: [text('three?')] });
    const before = pair.answers();
    expect(before.length).toBeGreaterThan(4);
    // It has the first segment of the long one and asks for the second.
    pair.give({ sequenceId: 4n, expectedId: 3n, retransmitId: 3n });
    const again = pair.answers();
    expect(again.map((record) => record.text).join('')).toBe(`${long.slice(0, -1)}!three!`);
    expect(again.map(({ sequence }) => sequence)).toEqual(again.map((_, index) => BigInt(index + 1)));
    const { session } = again[0]!;
    pair.give({ sessionId: session, retransmitId: 1n });
    pair.clock.advance(60_000);
    expect(pair.answers().map((record) => record.text)).toEqual(['']);
  });

  it('gives what waited for a new session into the one that the peer begins', () => {
    const pair = new Judge();
    for (const sessionId of [9n, 10n]) pair.give({ sessionId, payloadSarState: 2, payload: [text('no beginning')] });
    pair.answers();
    pair.send('b', 'news');
    expect(pair.answers()).toEqual([]);
    pair.give({ sessionId: 11n, payload: [text('ask?')] });
    expect(pair.answers()).toMatchObject([
      { session: 11n, text: 'ask!' },
      { session: 11n, text: 'news' },
    ]);
  });

  it('begins anew when it is asked for a record that was acknowledged', () => {
    const pair = new Judge();
    pair.give({ payload: [text('a?')] });
    pair.give({ sequenceId: 2n, expectedId: 2n });
    pair.answers();
    pair.give({ sequenceId: 3n, expectedId: 2n, retransmitId: 1n });
    expect(pair.answers()[0]!.session).not.toBe(7n);
  });

  it('does not take another payload security in its midst', () => {
    const pair = new Judge({}, { b: { openTunnel: () => ({ feed() {}, send() {}, [Symbol.dispose]() {} }) } });
    pair.give({ payload: [text('a?')] });
    pair.answers();
    pair.give({ sequenceId: 2n, payload: [text('b?')] }, 1);
    expect(pair.heard.b).toEqual(['a?']);
    const [restarted] = pair.answers();
    expect(restarted!.session).not.toBe(7n);
  });

  it('restarts by the table when it keeps failing', () => {
    const pair = new Judge();
    const failing = (): bigint[] => {
      pair.give({ sessionId: 9n, sequenceId: 1n, payloadSarState: 2, payload: [text('x')] });
      return pair.answers().map(({ session }) => session);
    };
    expect(failing()).toHaveLength(1);
    expect(pair.ends.b.retries).toBe(1);
    pair.give({ sessionId: 10n, payloadSarState: 3, payload: [text('x')] });
    expect(pair.answers()).toEqual([]);
    expect(pair.ends.b.status).toBe('Down');
    // Second row of the table: 10 to 20 s.
    pair.clock.advance(9_999);
    expect(pair.answers()).toEqual([]);
    pair.clock.advance(10_001);
    const [anew] = pair.answers();
    pair.give({ sessionId: anew!.session, payload: [text('well?')] });
    expect(pair.answers()).toMatchObject([{ text: 'well!' }]);
    expect(pair.ends.b.retries).toBe(0);
  });

  it('expires without activity; what we say next begins another', () => {
    const pair = new Judge({ b: { expirationSeconds: 5 } });
    pair.give({ payload: [text('a?')] });
    pair.clock.advance(4_000);
    pair.send('b', 'still');
    pair.clock.advance(4_000);
    expect(pair.answers().map(({ session }) => session)).toEqual([7n, 7n]);
    pair.clock.advance(1_001);
    expect(pair.ends.b.status).toBe('Down');
    pair.send('b', 'later');
    const [anew] = pair.answers();
    expect(anew).toMatchObject({ sequence: 1n, text: 'later' });
    expect(anew!.session).not.toBe(7n);
    // The peer goes on with the old one: it is told of a new one.
    pair.clock.advance(6_000);
    pair.give({ sequenceId: 2n, payload: [text('b?')] });
    expect(pair.heard.b).toEqual(['a?']);
    expect(pair.answers()).toHaveLength(1);
  });

  it('is not tried for longer than it would live, and then again when it is needed (R-E2E.11)', () => {
    const pair = new Judge({ b: { expirationSeconds: 60, mode: 'Require', maxRetransmitTries: 0 } });
    for (const sessionId of [9n, 10n]) pair.give({ sessionId, payloadSarState: 2, payload: [text('no beginning')] });
    expect(pair.ends.b.retries).toBe(2);
    pair.answers();
    // After 15 s the next one, which is broken too; after 30 s another.
    pair.clock.advance(15_000);
    const [third] = pair.answers();
    pair.give({ sessionId: third!.session, payloadSarState: 2, payload: [text('no beginning')] });
    pair.send('b', 'left');
    pair.clock.advance(30_000);
    const [fourth] = pair.answers();
    expect(fourth).toMatchObject({ text: 'left' });
    pair.give({ sessionId: fourth!.session, retransmitId: 1n });
    // 60 s more would be too late.
    pair.clock.advance(4_000_000);
    expect(pair.answers()).toEqual([]);
    expect(pair.ends.b).toMatchObject({ status: 'Down', retries: 0 });
    pair.send('b', 'news');
    expect(pair.answers()).toMatchObject([
      { sequence: 1n, text: 'left' },
      { sequence: 2n, text: 'news' },
    ]);
  });

  it('cuts messages to the size of a record and puts them together again', () => {
    const pair = new SessionPair({ a: { mode: 'Require', maxRecordBytes: 512 } });
    const large = 'x'.repeat(5000);
    pair.send('a', large);
    expect(pair.wire.length).toBeGreaterThan(9);
    for (const { bytes } of pair.wire) expect(bytes.length).toBeLessThanOrEqual(512);
    const states = pair.wire.map(({ record }) => record.sessionContext!.payloadSarState);
    expect(states).toEqual([1, ...states.slice(1, -1).map(() => 2), 3]);
    pair.settle();
    expect(pair.heard.b).toEqual([large]);
  });

  it('is not begun where it is only allowed, and always where it is required', () => {
    const pair = new SessionPair();
    pair.send('a', 'plain');
    expect(pair.wire[0]!.record.noSessionContext).toBeDefined();
    const strict = new SessionPair({ b: { mode: 'Require' } });
    strict.ends.b.settle();
    expect(strict.wire[0]!.record.sessionContext).toMatchObject({ sequenceId: 1n, payload: [] });
    expect(strict.ends.b.status).toBe('Negotiating');
    strict.settle();
    strict.send('a', 'hello?');
    strict.settle();
    expect(strict.ends.b.status).toBe('Up');
    expect(strict.heard.a).toEqual(['hello!']);
  });
});

describe('what may not be', () => {
  const request = writeMessage('m1', {
    kind: 'request',
    request: { getSupportedProtocol: { controllerSupportedProtocolVersions: '1.4' } },
  });
  const disconnects = (pair: SessionPair): unknown[] =>
    pair.wire.splice(0).map(({ record }) => record.disconnect?.reasonCode ?? Object.keys(record).at(-1));
  const give = (pair: SessionPair, from: End, record: object): void =>
    pair.deliver({
      from,
      bytes: writeRecord({ version: '1.4', toId: 'proto::b', fromId: 'proto::a', ...record }),
      record: undefined as never,
    });

  it('a session that is forbidden: Disconnect 7106, and a Connect record before anything else', () => {
    const pair = new Judge({ b: { mode: 'Forbid' } });
    pair.give({ payload: [text('a?')] });
    expect(disconnects(pair)).toEqual([recordError.sessionNotAllowed, 'websocketConnect']);
    expect(pair.heard.b).toEqual([]);
  });

  it('a session that is forbidden from now on: Disconnect 7105', () => {
    const pair = new Judge();
    pair.give({ payload: [text('a?')] });
    pair.wire.splice(0);
    pair.settings.b = { ...pair.settings.b, mode: 'Forbid' };
    pair.ends.b.settle();
    expect(disconnects(pair)[0]).toBe(recordError.sessionTerminated);
    expect(pair.ends.b.status).toBe('Down');
  });

  it('after a Disconnect record of the peer a Connect record comes before anything else, once (R-MTP.8)', () => {
    const pair = new SessionPair();
    const connect = { websocketConnect: {} };
    pair.send('a', 'before?');
    pair.settle();
    pair.sent.splice(0);
    pair.wire.push({
      from: 'a',
      bytes: pair.ends.a.record({ disconnect: { reason: 'away', reasonCode: 0 } }),
      record: undefined as never,
    });
    pair.settle();
    // To one who leaves nothing is said.
    expect(pair.sent).toEqual([]);
    for (const text of ['one?', 'two?']) pair.send('a', text);
    pair.settle();
    const types = pair.sent.filter(({ from }) => from === 'b').map(({ record }) => Object.keys(record).at(-1));
    expect(types).toEqual(['websocketConnect', 'noSessionContext', 'noSessionContext']);
    // A connection that came to stand since has said it already.
    const gone = { from: 'a', bytes: pair.ends.a.record({ disconnect: { reason: '', reasonCode: 0 } }) } as const;
    pair.deliver({ ...gone, record: undefined as never });
    pair.ends.b.record(connect);
    pair.sent.splice(0);
    pair.send('a', 'three?');
    pair.settle();
    expect(pair.sent.filter(({ from }) => from === 'b')).toHaveLength(1);
  });

  it('payload security that is not there: Disconnect 7102', () => {
    const pair = new Judge();
    pair.give({ payload: [text('hello')] }, 1);
    expect(disconnects(pair)[0]).toBe(recordError.secureSessionUnsupported);
  });

  it('a request outside of a session that is required: an Error message', () => {
    const pair = new SessionPair({ b: { mode: 'Require' } });
    give(pair, 'a', { noSessionContext: { payload: request } });
    expect(pair.wire).toHaveLength(1);
    expect(pair.wire[0]!.record.noSessionContext!.payload).toSatisfy((bytes: Buffer) => bytes.includes('m1'));
    expect(pair.heard.b).toEqual([]);
  });

  it.each([
    ['a version that is none', { version: 'x', noSessionContext: { payload: request } }, true],
    ['no version', { version: '', noSessionContext: { payload: request } }, true],
    ['an unknown payload_security', { payloadSecurity: 9, noSessionContext: { payload: request } }, true],
    ['an unknown SAR state', { sessionContext: context({ payloadSarState: 17, payload: [request] }) }, true],
    ['no session_id', { sessionContext: context({ sessionId: 0n, payload: [request] }) }, true],
    ['no sequence_id', { sessionContext: context({ sequenceId: 0n, payload: [request] }) }, true],
    ['TLS without a session', { payloadSecurity: 1, noSessionContext: { payload: request } }, false],
    ['no payload', { noSessionContext: { payload: new Uint8Array() } }, false],
    ['no record type', {}, false],
    ['no request in it', { version: '', noSessionContext: { payload: text('\u0001') } }, false],
  ])('%s: refused, with an Error message where there is a request', (_, record, answered) => {
    const pair = new SessionPair();
    give(pair, 'a', record);
    expect(pair.heard.b).toEqual([]);
    expect(pair.wire).toHaveLength(answered ? 1 : 0);
  });

  it('a future version is taken, and answered in ours', () => {
    const pair = new SessionPair();
    give(pair, 'a', { version: '1.9', noSessionContext: { payload: text('a?') } });
    give(pair, 'a', { version: '1.1', noSessionContext: { payload: text('b?') } });
    expect(pair.wire.map(({ record }) => record.version)).toEqual(['1.4', '1.1']);
  });
});

describe('a signature', () => {
  const pki = createPki('Operator');
  const { certPem, keyPem } = pki.issue({ commonName: 'a', usage: 'both' });
  const signed = (): SessionPair => {
    const pair = new SessionPair({}, { a: { signer: signerOf(certPem, keyPem)! } });
    pair.voucher = undefined;
    // To nobody in particular nothing is told, but answers are given.
    pair.deliver({
      from: 'b',
      bytes: writeRecord({
        version: '1.4',
        toId: 'proto::a',
        fromId: 'proto::b',
        noSessionContext: { payload: text('hello?') },
      }),
      record: undefined as never,
    });
    return pair;
  };

  it('is given where the transport is no proof, and holds', () => {
    const pair = signed();
    expect(pair.wire[0]!.record.macSignature.length).toBeGreaterThan(60);
    expect(Buffer.from(pair.wire[0]!.record.senderCert).toString()).toBe(certPem);
    pair.settle();
    expect(pair.heard.b).toEqual(['hello!']);
  });

  it('proves nothing of a message in clear, which it does not cover', () => {
    const pair = signed();
    pair.settle();
    expect(pair.vouchers.b).toEqual([undefined]);
  });

  it('makes a record ignored whose other fields were changed, or that another has signed', () => {
    const pair = signed();
    const [{ record }] = pair.wire.splice(0) as [SessionPair['wire'][number]];
    const other = pki.issue({ commonName: 'x', usage: 'both' }).certPem;
    for (const over of [
      { version: '1.3' },
      { senderCert: Buffer.from(other) },
      { senderCert: new Uint8Array() },
      { macSignature: record.macSignature.subarray(1) },
    ]) {
      pair.deliver({ from: 'a', bytes: writeRecord({ ...record, ...over }), record: undefined as never });
    }
    expect(pair.heard.b).toEqual([]);
    pair.deliver({ from: 'a', bytes: writeRecord(record), record: undefined as never });
    expect(pair.heard.b).toEqual(['hello!']);
  });
});
