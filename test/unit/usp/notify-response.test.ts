import { expect, it } from 'vitest';
import { type Body, readMessage, readRecord, writeMessage, writeRecord } from '#usp';
import { HandClock } from '../../support/hand-clock.ts';
import { soleSession } from '../../support/sole-session.ts';

it('only a NotifyResp says that a notification has come: after anything else it is sent again (R-NOT.6a)', () => {
  const clock = new HandClock();
  const session = soleSession({ clock });
  const sent: string[] = [];
  const evidence = { encrypted: true, chain: [], end: 'controller' as const };
  const send = (record: Uint8Array): void => {
    const { noSessionContext } = readRecord(record);
    if (noSessionContext) sent.push(readMessage(noSessionContext.payload).msgId);
  };
  const answer = (body: Body): void => {
    const payload = writeMessage(sent.at(-1)!, body);
    const addressed = { version: '1.4', toId: 'os::agent', fromId: 'proto::c' };
    const record = readRecord(writeRecord({ ...addressed, noSessionContext: { payload } }));
    session.receive(record, { reply: () => {}, reject: () => {}, evidence });
  };
  session.connected({ kind: 'websocket', connect: { websocketConnect: {} }, evidence, send });
  session.notify({ subscriptionId: 's', sendResp: true, objDeletion: { objPath: 'Device.X.1.' } }, 0);
  answer({ kind: 'error', error: { errCode: 7003, errMsg: 'not now', paramErrs: [] } });
  answer({ kind: 'response', response: { getResp: { reqPathResults: [] } } });
  expect([session.queue.waiting, sent]).toEqual([1, ['ab-1']]);
  clock.advance(5000);
  expect(sent).toEqual(['ab-1', 'ab-1']);
  answer({ kind: 'response', response: { notifyResp: { subscriptionId: 's' } } });
  expect(session.queue.waiting).toBe(0);
});
