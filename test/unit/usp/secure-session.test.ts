import { afterEach, describe, expect, it } from 'vitest';
import { Secret } from '#base';
import { createPki } from '#lab';
import { openMemoryTls } from '#platform';
import type { OpenTunnel } from '#usp';
import { macFits } from '../../../src/usp/session/integrity.ts';
import { type End, SessionPair } from '../../support/session-pair.ts';

const pki = createPki('Operator');
const identity = (authority = pki, trusted = pki.caPem) => {
  const { certPem: cert, keyPem } = authority.issue({ commonName: 'endpoint', usage: 'both' });
  return { cert, key: new Secret(keyPem), ca: trusted };
};
const tunnel =
  (tls = identity()): OpenTunnel =>
  (role, events) =>
    openMemoryTls(role, tls, events);

const secure = { mode: 'Require', payloadSecurity: 'tls' } as const;
let pair: SessionPair;
const pairOf = (settings = {}, a: OpenTunnel = tunnel(), b: OpenTunnel = tunnel()): SessionPair => {
  pair = new SessionPair(
    { a: { ...secure, ...settings }, b: { payloadSecurity: 'tls', ...settings } },
    { a: { openTunnel: a }, b: { openTunnel: b } },
  );
  return pair;
};
afterEach(() => {
  for (const end of Object.values(pair.ends)) end[Symbol.dispose]();
});

/** Lets records through until it is as it should be. */
async function until(done: () => boolean): Promise<void> {
  while (!done()) {
    pair.settle();
    await new Promise((resolve) => setImmediate(resolve));
  }
}
const payloads = (from: End): string =>
  pair.sent
    .filter((sent) => sent.from === from)
    .flatMap(({ record }) => record.sessionContext?.payload ?? [])
    .map((payload) => Buffer.from(payload).toString('latin1'))
    .join('');

describe('payload security', () => {
  it('encrypts messages both ways, and who is at the other end is known from its certificate', async () => {
    pairOf();
    pair.send('a', 'hello?');
    await until(() => pair.heard.a.length === 1);
    expect(pair.heard).toEqual({ a: ['hello!'], b: ['hello?'] });
    expect(pair.vouchers).toEqual({ a: ['certificate'], b: ['certificate'] });
    expect(payloads('a') + payloads('b')).not.toContain('hello');
    expect(pair.sent.every(({ record }) => record.payloadSecurity === 1)).toBe(true);
    expect(pair.ends.a.status).toBe('Up');
    const numbers = pair.sent.filter(({ from }) => from === 'b').map(({ record }) => record.sessionContext!.sequenceId);
    expect(numbers).toEqual(numbers.map((_, index) => BigInt(index + 1)));
  });

  it('gives messages as they were, many at once and larger than a TLS record, over small records', async () => {
    pairOf({ maxRecordBytes: 4096 });
    const messages = Array.from({ length: 20 }, (_, index) =>
      `${index}:`.padEnd(index === 7 ? 100_000 : 10 + index, 'x'),
    );
    for (const message of messages) pair.send('a', message);
    await until(() => pair.heard.b.length === messages.length);
    expect(pair.heard.b).toEqual(messages);
    for (const { bytes } of pair.sent) expect(bytes.length).toBeLessThanOrEqual(4096);
  });

  it('protects the other fields of a record by a MAC, once it stands', async () => {
    pairOf();
    pair.send('a', 'one?');
    await until(() => pair.heard.a.length === 1);
    pair.sent.splice(0);
    pair.send('a', 'two?');
    await until(() => pair.sent.length > 0);
    const { record } = pair.sent[0]!;
    expect(record.macSignature).toHaveLength(32);
    expect(record.senderCert).toHaveLength(0);
    expect(macFits(record, Buffer.alloc(32))).toBe(false);
    await until(() => pair.heard.a.length === 2);
    expect(pair.heard.a).toEqual(['one!', 'two!']);
  });

  it('does not take a record whose fields were changed, or that has no MAC where the transport is no proof', async () => {
    pairOf();
    pair.voucher = 'transport';
    pair.send('a', 'one?');
    await until(() => pair.heard.a.length === 1);
    pair.voucher = undefined;
    pair.wire.splice(0);
    pair.send('a', 'two?');
    await until(() => true);
    while (pair.wire.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const [sent] = pair.wire.splice(0);
    const { writeRecord } = await import('#usp');
    const { sessionContext } = sent!.record;
    const forged = { ...sent!.record, sessionContext: { ...sessionContext!, expectedId: 99n } };
    pair.deliver({ ...sent!, bytes: writeRecord(forged) });
    pair.deliver({ ...sent!, bytes: writeRecord({ ...sent!.record, macSignature: new Uint8Array() }) });
    expect(pair.heard.b).toEqual(['one?']);
    pair.wire.push(sent!);
    await until(() => pair.heard.a.length === 2);
    expect(pair.heard.b).toEqual(['one?', 'two?']);
  });

  it('is begun anew when a record of the peer, who is certainly the one, does not fit its MAC (R-E2E.23)', async () => {
    pairOf();
    pair.send('a', 'one?');
    await until(() => pair.heard.a.length === 1);
    const { writeRecord } = await import('#usp');
    const { record } = pair.sent.filter(({ from }) => from === 'a').at(-1)!;
    const { sessionId } = record.sessionContext!;
    const wrong = { ...record, macSignature: Buffer.alloc(32) };
    pair.deliver({ from: 'a', bytes: writeRecord(wrong), record: undefined as never });
    expect(pair.heard.b).toEqual(['one?']);
    const ids = () => pair.sent.map((sent) => sent.record.sessionContext?.sessionId);
    await until(() => ids().at(-1) !== sessionId && pair.ends.a.status === 'Up' && pair.ends.b.status === 'Up');
    // Of a session that is over it is nothing.
    const before = pair.sent.length;
    pair.deliver({ from: 'a', bytes: writeRecord(wrong), record: undefined as never });
    expect(pair.sent).toHaveLength(before);
    pair.send('a', 'two?');
    await until(() => pair.heard.a.length === 2);
  });

  it('passes on what the peer has not got into the next one, encrypted anew', async () => {
    pairOf({ maxRetransmitTries: 0 });
    pair.send('a', 'one?');
    await until(() => pair.heard.a.length === 1);
    const { writeRecord } = await import('#usp');
    pair.send('b', 'news');
    while (pair.wire.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const [lost] = pair.wire.splice(0);
    const { sessionId, sequenceId } = lost!.record.sessionContext!;
    const last = pair.sent.filter(({ from }) => from === 'a').at(-1)!.record.sessionContext!;
    const asking = { ...last, sequenceId: last.sequenceId + 1n, retransmitId: sequenceId, payload: [] };
    const record = { version: '1.4', toId: 'proto::b', fromId: 'proto::a', payloadSecurity: 1, sessionContext: asking };
    pair.voucher = 'transport';
    pair.deliver({ from: 'a', bytes: writeRecord(record), record: undefined as never });
    await until(() => pair.heard.a.length === 2);
    expect(pair.heard.a).toEqual(['one!', 'news']);
    expect(pair.sent.at(-1)!.record.sessionContext!.sessionId).not.toBe(sessionId);
  });

  it('ends when plain text is put in its place, and begins anew', async () => {
    pairOf();
    pair.send('a', 'one?');
    await until(() => pair.heard.a.length === 1);
    const { writeRecord } = await import('#usp');
    const last = pair.sent.filter(({ from }) => from === 'a').at(-1)!.record.sessionContext!;
    const plain = { ...last, sequenceId: last.sequenceId + 1n, payload: [Buffer.from('plain?')] };
    const bytes = writeRecord({ version: '1.4', toId: 'proto::b', fromId: 'proto::a', sessionContext: plain });
    pair.deliver({ from: 'a', bytes, record: undefined as never });
    expect(pair.heard.b).toEqual(['one?']);
    const anew = (end: End): boolean =>
      pair.sent.some(({ from, record }) => from === end && record.sessionContext?.sessionId !== last.sessionId);
    await until(() => anew('a') && anew('b') && pair.ends.a.status === 'Up' && pair.ends.b.status === 'Up');
    pair.send('a', 'two?');
    await until(() => pair.heard.b.length === 2);
    expect(pair.heard.b).toEqual(['one?', 'two?']);
  });

  it.each([
    ['whose certificate nobody trusted has issued', () => tunnel(identity(createPki('Somebody')))],
    ['that trusts somebody else', () => tunnel(identity(pki, createPki('Somebody').caPem))],
    ['without a certificate', () => tunnel({ ca: pki.caPem } as never)],
  ])('is not established with one %s; it is tried again by the table', async (_, peer) => {
    pairOf({}, tunnel(), peer());
    pair.send('a', 'secret?');
    await until(() => pair.ends.a.retries > 0 || pair.ends.b.retries > 0);
    expect(pair.heard).toEqual({ a: [], b: [] });
    expect(payloads('a')).not.toContain('secret');
    const who = pair.ends.a.retries > 0 ? pair.ends.a : pair.ends.b;
    expect(who.status).not.toBe('Up');
  });

  it('says why it refuses a certificate, ends with a Disconnect record, and is begun by itself after the wait', async () => {
    pairOf({ mode: 'Allow' }, tunnel(identity(createPki('Somebody'))));
    pair.ends.a.reset();
    await until(() => pair.ends.b.retries > 0);
    const codes = pair.sent.flatMap(({ from, record }) =>
      from === 'b' && record.disconnect ? record.disconnect.reasonCode : [],
    );
    expect(codes).toEqual([7105]);
    // Alert, two bytes, fatal, bad_certificate.
    expect(payloads('b')).toContain('\u0015\u0003\u0003\u0000\u0002\u0002*');
    const before = pair.sent.length;
    pair.settings.b = { ...pair.settings.b, mode: 'Require' };
    pair.ends.b.settle();
    expect(pair.sent.slice(before)).toEqual([]);
    pair.clock.advance(10_000);
    while (pair.sent.length === before) await new Promise((resolve) => setImmediate(resolve));
    expect(pair.sent[before]).toMatchObject({ from: 'b', record: { sessionContext: { sequenceId: 1n } } });
    // Nobody answers: it is begun again, with what is to be said kept.
    pair.wire.splice(0);
    const sessions = () => new Set(pair.sent.slice(before).map(({ record }) => record.sessionContext?.sessionId));
    pair.send('b', 'kept');
    expect(sessions().size).toBe(1);
    pair.clock.advance(60_000);
    while (sessions().size < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(payloads('b')).not.toContain('kept');
  });
});
