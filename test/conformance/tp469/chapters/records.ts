import { readMessage, type UspMessage, writeRecord } from '#lab';
import type { Bench } from '../bench.ts';
import type { Test } from '../verdict.ts';
import { alive, getEndpoint } from './identity.ts';
import { JudgeSession } from './session-context.ts';

/** A malformed record, and nothing but the transport's own answer to it. */
export async function malformed(t: Bench): Promise<void> {
  const whole = writeRecord({
    version: '1.4',
    toId: t.peer.agentId,
    fromId: t.peer.endpointId,
    noSessionContext: getEndpoint(t.peer.nextId()),
  });
  const from = t.peer.records.length;
  t.peer.sendRaw(whole.subarray(0, whole.length - 7));
  await t.pass(5);
  const answers = answersSince(t, from).filter(
    ({ body }) => body.kind !== 'error' || body.error.errCode < 7100 || body.error.errCode > 7199,
  );
  t.equal(1, answers.length, 0, 'the number of answers that are no USP Record Error');
}

/** Messages of the agent that answer something, outside of sessions. @param from position among its records */
export function answersSince(t: Bench, from: number): UspMessage[] {
  return t.peer.records.slice(from).flatMap(({ what }) => {
    const payload = what.noSessionContext?.payload;
    const message = payload && readMessage(payload);
    return message && message.body.kind !== 'request' ? [message] : [];
  });
}

const info = 'Device.DeviceInfo.';

export const recordTests: readonly Test[] = [
  {
    number: '3.1',
    title: 'A malformed record outside of a session',
    async run(t: Bench) {
      await malformed(t);
      await alive(t);
    },
  },
  {
    number: '3.8',
    title: 'A session begins',
    needs: [24],
    async run(t: Bench) {
      const session = new JudgeSession(t.peer);
      session.get(info);
      const answer = await session.answer(t, 1);
      t.equal(1, String(answer.sequenceId), '1', 'sequence_id');
      t.equal(1, String(answer.sessionId), String(session.id), 'session_id');
      session.acknowledge();
    },
  },
  {
    number: '3.9',
    title: 'A record of another session begins that one',
    needs: [24],
    async run(t: Bench) {
      const first = new JudgeSession(t.peer);
      first.get(info);
      await first.answer(t, 0);
      const second = new JudgeSession(t.peer);
      second.get(info);
      const answer = await second.answer(t, 1);
      t.equal(1, String(answer.sequenceId), '1', 'sequence_id');
      second.acknowledge();
    },
  },
  {
    number: '3.10',
    title: 'A session expires',
    needs: [5, 24],
    async run(t: Bench) {
      const controller = await t.controllerPath();
      const session = `${controller}E2ESession.`;
      await t.borrowed(session, { SessionExpiration: '60' });
      await t.borrowed(controller, { PeriodicNotifInterval: '10' });
      await t.added([
        'Device.LocalAgent.Subscription.',
        { Enable: 'true', ID: 'judge310', NotifType: 'Event', ReferenceList: 'Device.LocalAgent.Periodic!' },
      ]);
      const first = new JudgeSession(t.peer);
      first.get(info);
      await first.answer(t, 0);
      first.acknowledge();
      const three = async (): Promise<bigint[]> => {
        const from = t.peer.records.length;
        await t.pass(35);
        const ids = t.peer.records.slice(from).flatMap(({ what }) => what.sessionContext?.sessionId ?? []);
        t.metric(0, ids.length >= 3, `${ids.length} notifications in a session instead of three`);
        return ids.slice(0, 3);
      };
      t.equal(1, new Set(await three()).size, 1, 'the number of sessions');
      await t.setTo(session, { 'SessionExpiration!': '5' });
      t.equal(2, new Set(await three()).size, 3, 'the number of sessions');
    },
  },
  {
    number: '3.11',
    title: 'Records are put in their order',
    needs: [24],
    async run(t: Bench) {
      const session = new JudgeSession(t.peer);
      const [model, software, hardware] = ['ModelName', 'SoftwareVersion', 'HardwareVersion'].map(
        (name) => info + name,
      );
      session.get(model!, 1n);
      await session.answer(t, 1, { sequenceId: 1n, parameter: model! });
      session.get(software!, 4n);
      await t.pass(3);
      t.equal(2, session.answers().length, 1, 'the number of answers');
      session.get(hardware!, 2n);
      await session.answer(t, 3, { sequenceId: 2n, parameter: hardware! });
      session.get(hardware!, 3n);
      await session.answer(t, 4, { sequenceId: 3n, parameter: hardware! });
      await session.answer(t, 4, { sequenceId: 4n, parameter: software! });
      session.acknowledge();
    },
  },
  {
    number: '3.12',
    title: 'A record is kept until it is acknowledged',
    needs: [24],
    async run(t: Bench) {
      // With 0, TR-181's default, nothing is ever sent again.
      await t.borrowed(`${await t.controllerPath()}E2ESession.`, { MaxRetransmitTries: '2' });
      const session = new JudgeSession(t.peer);
      session.get(info);
      const first = await session.answer(t, 1);
      await t.pass(60);
      session.retransmit(first.sequenceId);
      const again = await t.time.until(
        () => session.heard().filter(({ sequenceId }) => sequenceId === first.sequenceId)[1],
        20,
      );
      t.metric(1, again !== undefined, 'it was not sent again');
      t.metric(1, Buffer.concat(again.payload).equals(Buffer.concat(first.payload)), 'it is another one');
      session.acknowledge();
    },
  },
  {
    number: '3.14',
    title: 'A record is not sent again without end',
    needs: [24],
    async run(t: Bench) {
      const controller = await t.controllerPath();
      await t.borrowed(`${controller}E2ESession.`, { MaxRetransmitTries: '2' });
      const session = new JudgeSession(t.peer);
      session.get(info);
      const first = await session.answer(t, 1);
      const copies = (): number => session.heard().filter(({ sequenceId }) => sequenceId === first.sequenceId).length;
      for (const wanted of [2, 3]) {
        session.retransmit(first.sequenceId);
        await t.time.until(() => (copies() >= wanted ? true : undefined), 10);
        t.equal(1, copies(), wanted, 'how often it was sent');
      }
      const from = t.peer.records.length;
      session.retransmit(first.sequenceId);
      await t.pass(10);
      t.equal(2, copies(), 3, 'how often it was sent');
      const other = t.peer.records
        .slice(from)
        .some(({ what }) => what.sessionContext !== undefined && what.sessionContext.sessionId !== session.id);
      t.metric(2, other, 'no new session was begun');
    },
  },
  {
    number: '3.15',
    title: 'A record that comes again is not answered again',
    needs: [24],
    async run(t: Bench) {
      const session = new JudgeSession(t.peer);
      session.get('Device.LocalAgent.EndpointID', 1n);
      await session.answer(t, 1);
      for (let time = 0; time < 3; time++) session.repeat();
      await t.pass(5);
      t.equal(1, session.answers().length, 1, 'the number of answers');
    },
  },
];
