import { describe, expect, it } from 'vitest';
import { type RecordContent, readRecord, type SessionContext, type UspRecord, writeRecord } from '#usp';
import { SessionPair } from '../../support/session-pair.ts';

// Somebody who can reach the agent by a way that proves nothing, and says that he is the controller.
class Stranger extends SessionPair {
  readonly diverted: UspRecord[] = [];

  say(content: RecordContent): void {
    const bytes = writeRecord({ version: '1.4', toId: 'proto::b', fromId: 'proto::a', payloadSecurity: 0, ...content });
    this.ends.b.receive(readRecord(bytes), {
      send: (record) => void this.diverted.push(readRecord(Buffer.from(record))),
      voucher: undefined,
    });
  }
  begin(sessionId: bigint, over: Partial<SessionContext> = {}): void {
    const numbers = { sequenceId: 1n, expectedId: 1n, retransmitId: 0n, payloadSarState: 0, payloadrecSarState: 0 };
    this.say({ sessionContext: { sessionId, ...numbers, payload: [Buffer.from('mine?')], ...over } });
  }
}

describe('a record in clear from a way that proves nothing', () => {
  it('neither takes the place of the session of somebody proven nor leads it elsewhere', () => {
    const pair = new Stranger({ a: { mode: 'Require' } });
    pair.send('a', 'one?');
    pair.settle();
    const { sessionId } = pair.sent[0]!.record.sessionContext!;
    pair.begin(0x999n);
    pair.begin(sessionId, { sequenceId: 2n, expectedId: 2n });
    pair.send('b', 'news');
    pair.settle();
    expect(pair.diverted).toEqual([]);
    expect(pair.heard).toEqual({ a: ['one!', 'news'], b: ['one?'] });
    expect(pair.sent.at(-1)!.record.sessionContext!.sessionId).toBe(sessionId);
  });

  it('does not end it', () => {
    const pair = new Stranger({ a: { mode: 'Require' } });
    pair.send('a', 'one?');
    pair.settle();
    pair.say({ disconnect: { reason: 'go', reasonCode: 7105 } });
    expect(pair.ends.b.status).toBe('Up');
  });

  it('begins none that notifications go into', () => {
    const pair = new Stranger();
    // Nobody proven is there yet.
    pair.voucher = undefined;
    pair.begin(0x999n);
    expect(pair.diverted.map(({ sessionContext }) => String(sessionContext!.payload[0]))).toEqual(['mine!']);
    pair.voucher = 'transport';
    pair.send('b', 'news');
    pair.settle();
    expect(pair.diverted).toHaveLength(1);
    expect(pair.heard.a).toEqual(['news']);
  });
});
