import { writeMessage } from '#lab';
import type { Bench } from '../bench.ts';
import { NotRunnable, type Test } from '../verdict.ts';
import { answersSince } from './records.ts';
import { addController, removeSecond, withoutSecond } from './second-controller.ts';

const getEndpoint = (msgId: string): { payload: Uint8Array } => ({
  payload: writeMessage(msgId, {
    kind: 'request',
    request: { get: { paramPaths: ['Device.LocalAgent.EndpointID'], maxDepth: 0 } },
  }),
});

/** Nothing is said to a request, and the agent goes on working. */
async function unanswered(t: Bench, msgId: string, send: () => void): Promise<void> {
  const records = t.peer.records.length;
  send();
  await t.pass(5);
  t.metric(1, (await t.peer.answerTo(msgId, 0)) === undefined, 'the agent answered');
  const sessions = t.peer.records.slice(records).filter(({ what }) => what.sessionContext);
  t.equal(1, answersSince(t, records).length + sessions.length, 0, 'the number of answers');
  await alive(t);
}

/** It may have ended the connection; then it comes back. */
async function alive(t: Bench): Promise<void> {
  const answers = async (): Promise<boolean> => {
    try {
      return (await t.value('Device.LocalAgent.EndpointID')) === t.peer.agentId;
    } catch {
      return false;
    }
  };
  for (let seconds = 0; seconds < 60 && !(await answers()); seconds += 5) await t.pass(5);
  t.metric(0, await answers(), 'the agent no longer answers');
}

export { alive, getEndpoint };

export const identityTests: readonly Test[] = [
  {
    number: '2.1',
    title: 'A message from the Endpoint ID of the agent itself',
    run(t: Bench) {
      const id = t.peer.nextId();
      return unanswered(t, id, () =>
        t.peer.sendRecord({ toId: t.peer.agentId, fromId: t.peer.agentId, noSessionContext: getEndpoint(id) }),
      );
    },
  },
  {
    number: '2.2',
    title: 'A message to another Endpoint ID',
    run(t: Bench) {
      const id = t.peer.nextId();
      return unanswered(t, id, () =>
        t.peer.sendRecord({ toId: 'proto::nobody', fromId: t.peer.agentId, noSessionContext: getEndpoint(id) }),
      );
    },
  },
  {
    number: '2.6',
    title: 'A connection while the time is not known',
    needs: [24],
    async run() {
      throw new NotRunnable('the judge can not take the time away from the agent');
    },
  },
  {
    number: '2.7',
    title: 'A record with an invalid signature',
    needs: [24],
    run(t: Bench) {
      const id = t.peer.nextId();
      return unanswered(t, id, () =>
        t.peer.sendRecord({ macSignature: Buffer.alloc(32, 0x5a), noSessionContext: getEndpoint(id) }),
      );
    },
  },
  {
    number: '2.8',
    title: 'An expired certificate',
    needs: [24],
    async run(t: Bench) {
      const { link } = t;
      if (!link.show) throw new NotRunnable('the judge is the client');
      const before = link.connections('primary');
      const restore = link.show('expired');
      t.later(async () => {
        restore();
        await t.connectedAgain(before, 400);
      });
      link.cut('primary');
      await t.pass(60);
      t.equal(1, link.connections('primary'), before, 'the number of connections');
    },
  },
  {
    number: '2.9',
    title: 'A controller that is not trusted has the UntrustedRole',
    needs: [12],
    async run(t: Bench) {
      const untrusted = await t.value('Device.LocalAgent.ControllerTrust.UntrustedRole');
      t.metric(1, untrusted !== undefined && untrusted !== '', 'there is no UntrustedRole');
      const { copy, path } = await withoutSecond(t);
      await removeSecond(t, path);
      const before = t.link.connections('secondary');
      const row = await addController(t, copy, ['AssignedRole']);
      await t.time.until(() => (t.link.connections('secondary') > before ? true : undefined), 60);
      await t.second.ask({ get: { paramPaths: ['Device.LocalAgent.'], maxDepth: 0 } }, 5);
      const values = await t.values(row);
      const role = values[`${row}AssignedRole`] || values[`${row}InheritedRole`];
      t.equal(1, role, untrusted, 'the role of the secondary controller');
    },
  },
  {
    number: '2.27',
    title: 'A secured parameter is read by a SecuredRole only',
    needs: [12, 40],
    async run(t: Bench) {
      const secured = t.descriptor.use?.securedParameter;
      if (!secured) throw new NotRunnable('needs use.securedParameter');
      const role = await t.value(`${await t.controllerPath(t.second)}AssignedRole`);
      const trust = 'Device.LocalAgent.ControllerTrust.';
      const read = async (): Promise<string | undefined> => {
        const reply = await t.ask('get', { paramPaths: [secured.path], maxDepth: 0 }, t.second);
        const [object] = t.expect(0, reply).reqPathResults[0]?.resolvedPathResults ?? [];
        return Object.values(object?.resultParams ?? {})[0];
      };
      await t.borrowed(trust, { SecuredRoles: '' });
      t.equal(1, await read(), '', 'the value for a role that is none of SecuredRoles');
      await t.setTo(trust, { 'SecuredRoles!': role ?? '' });
      const value = await read();
      t.metric(2, value !== undefined && value !== '', 'the value is empty for a SecuredRole');
      if (secured.value !== undefined) t.equal(2, value, secured.value, 'the value');
    },
  },
];
