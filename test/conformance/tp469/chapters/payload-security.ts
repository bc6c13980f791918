import type { Bench } from '../bench.ts';
import { NotRunnable, type Test } from '../verdict.ts';
import { alive, getEndpoint } from './identity.ts';
import { answersSince } from './records.ts';
import { JudgeSession } from './session-context.ts';
import { macOf, TlsSession } from './tls-session.ts';

const needs = [23];
const path = 'Device.DeviceInfo.';
/** A fatal alert, as nobody has to be asked for it: handshake_failure. */
const alert = Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28]);
/** Begins as every ClientHello does. */
const hello = (payload: Uint8Array | undefined): boolean => payload?.[0] === 0x16 && payload[5] === 0x01;

function identities(t: Bench) {
  if (!t.payloadTls) throw new NotRunnable('the judge has no certificates for TLS inside of records');
  return t.payloadTls;
}

/** A session of TLS that stands. */
async function established(t: Bench): Promise<TlsSession> {
  const { ca, own } = identities(t);
  const tls = new TlsSession(t, { ca, identity: own });
  t.later(async () => tls[Symbol.dispose]());
  t.metric(0, await tls.settled(), `TLS was not established: ${tls.failure ?? 'nothing came'}`);
  return tls;
}

/** Answers and records of sessions, since a position. */
const spoken = (t: Bench, from: number): unknown[] => [
  ...answersSince(t, from),
  ...t.peer.records.slice(from).filter(({ what }) => what.sessionContext),
];

export const payloadSecurityTests: readonly Test[] = [
  {
    number: '3.2',
    title: 'Integrity of what is not payload',
    needs,
    async run(t: Bench) {
      if (t.link.tls !== undefined) throw new NotRunnable('the transport protects the integrity already');
      const from = t.peer.records.length;
      t.peer.sendRecord({ noSessionContext: getEndpoint(t.peer.nextId()) });
      await t.pass(5);
      t.equal(1, spoken(t, from).length, 0, 'the number of messages');
    },
  },
  {
    number: '3.3',
    title: 'A session that begins with an invalid signature',
    needs,
    async run(t: Bench) {
      const { ca, own } = identities(t);
      // Without the fault it works: silence alone proves nothing.
      (await established(t))[Symbol.dispose]();
      const from = t.peer.records.length;
      const tls = new TlsSession(t, { ca, identity: own, seal: () => Buffer.alloc(32, 0x5a) });
      t.later(async () => tls[Symbol.dispose]());
      await t.pass(5);
      t.equal(1, spoken(t, from).length, 0, 'the number of records of a session');
      t.metric(1, tls.keys === undefined, 'TLS was established');
      await alive(t);
    },
  },
  {
    number: '3.4',
    title: 'TLS for the integrity of records',
    needs,
    async run(t: Bench) {
      const tls = await established(t);
      const answer = await tls.get('Device.LocalAgent.');
      t.metric(1, answer?.message.body.kind === 'response', 'no GetResponse came');
      const { record } = answer;
      t.metric(1, record.macSignature.length > 0, 'there is no mac_signature');
      const wanted = macOf(record, tls.keys!.server);
      t.metric(2, wanted.equals(Buffer.from(record.macSignature)), 'the mac_signature is wrong');
    },
  },
  {
    number: '3.5',
    title: 'TLS can not be established',
    needs,
    async run(t: Bench) {
      const { ca, untrusted } = identities(t);
      const session = `${await t.controllerPath()}E2ESession.`;
      const values = await t.values(session);
      const least = Number(values[`${session}SessionRetryMinimumWaitInterval`] ?? 5);
      const factor = Number(values[`${session}SessionRetryIntervalMultiplier`] ?? 2000) / 1000;
      // The agent begins sessions of its own where they are required and none is left.
      const anew = async (): Promise<void> => {
        const count = t.link.connections('primary');
        await t.subject.reset();
        await t.connectedAgain(count, 200);
      };
      await anew();
      const controller = await t.controllerPath();
      await t.borrowed(controller, { PeriodicNotifInterval: '60' });
      await t.added([
        'Device.LocalAgent.Subscription.',
        { Enable: 'true', ID: 'judge35', NotifType: 'Event', ReferenceList: 'Device.LocalAgent.Periodic!' },
      ]);
      const from = t.peer.records.length;
      t.later(anew);
      await t.setAway(session, { SessionMode: 'Require', PayloadSecurity: 'TLS' });
      const hellos = () => t.peer.records.slice(from).filter(({ what }) => hello(what.sessionContext?.payload[0]));
      const answered = new Set<bigint>();
      const look = (): true | undefined => {
        for (const { what } of hellos()) {
          const context = what.sessionContext!;
          if (answered.has(context.sessionId)) continue;
          answered.add(context.sessionId);
          t.peer.sendRecord({
            payloadSecurity: 1,
            sessionContext: { ...context, sequenceId: 1n, expectedId: 2n, retransmitId: 0n, payload: [alert] },
          });
        }
        return hellos().length >= 3 ? true : undefined;
      };
      await t.time.until(look, 130);
      const [first, second, third] = hellos();
      t.metric(
        2,
        first !== undefined && second !== undefined && third !== undefined,
        `${hellos().length} sessions were begun`,
      );
      // The first retry may come at once (R-E2E.10).
      const waited = (third.at - second.at) / 1000;
      t.metric(
        2,
        waited >= least * 0.9 && waited <= least * factor ** 2 + 1,
        `the session was begun again after ${waited.toFixed(1)} s`,
      );
      const tls = new TlsSession(t, { ca, identity: untrusted });
      await tls.settled();
      await tls.get(path);
      const alerted = tls.session.heard().some(({ payload }) => payload.some((part) => part[0] === 0x15));
      t.metric(1, alerted || /alert/i.test(tls.failure ?? ''), `no alert came: ${tls.failure ?? 'nothing did'}`);
      tls[Symbol.dispose]();
    },
  },
  {
    number: '3.6',
    title: 'TLS is not negotiated anew',
    needs,
    async run(t: Bench) {
      const tls = await established(t);
      let again = false;
      tls.socket.renegotiate({ rejectUnauthorized: true }, (error) => {
        again = error === null;
      });
      await t.pass(5);
      t.metric(1, !again, 'the agent negotiated anew');
      const other = await established(t);
      t.metric(1, (await other.get(path)) !== undefined, 'no GetResponse came after it');
    },
  },
  {
    number: '3.7',
    title: 'Certificates within records',
    needs,
    async run(t: Bench) {
      const { ca, other } = identities(t);
      const tls = await established(t);
      const names = tls.socket.getPeerCertificate().subjectaltname ?? '';
      t.metric(1, names.includes(t.peer.agentId), `the subjectAltName of the agent is "${names}"`);
      tls[Symbol.dispose]();
      for (const [metric, identity, who] of [
        [2, undefined, 'a controller without a certificate'],
        [3, other, "another's certificate"],
      ] as const) {
        const wrong = new TlsSession(t, { ca, ...(identity && { identity }) });
        t.later(async () => wrong[Symbol.dispose]());
        await wrong.settled();
        t.metric(metric, (await wrong.get(path)) === undefined, `${who} was answered`);
      }
      await alive(t);
    },
  },
  {
    number: '3.13',
    title: 'A record of another payload security',
    needs,
    async run(t: Bench) {
      const tls = await established(t);
      const from = t.peer.records.length;
      const plain = new JudgeSession(t.peer, 0);
      const [last] = tls.session.heard().slice(-1);
      const msgId = t.peer.nextId();
      t.peer.sendRecord({
        sessionContext: {
          sessionId: tls.session.id,
          sequenceId: tls.session.sequence + 1n,
          expectedId: (last?.sequenceId ?? 0n) + 1n,
          retransmitId: 0n,
          payloadSarState: 0,
          payloadrecSarState: 0,
          payload: [getEndpoint(msgId).payload],
        },
      });
      await t.pass(10);
      t.equal(1, plain.answers().length + tls.messages.length, 0, 'the number of answers');
      const ids = t.peer.records.slice(from).flatMap(({ what }) => what.sessionContext?.sessionId ?? []);
      t.metric(
        2,
        ids.some((id) => id !== tls.session.id),
        'the agent began no other session',
      );
    },
  },
];
