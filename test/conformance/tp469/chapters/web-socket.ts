import type { Bench } from '../bench.ts';
import { WebSocketSide } from '../side/web-socket.ts';
import { WebSocketDialer } from '../side/web-socket-dialer.ts';
import { NotRunnable, type Test } from '../verdict.ts';
import { alive } from './identity.ts';
import { malformed } from './records.ts';

const on = ['ws', 'ws-server'] as const;
const needs = [19];

/** These tests look at the transport itself, whoever opens the connection. */
function socketsOf(t: Bench): WebSocketSide | WebSocketDialer {
  if (t.link instanceof WebSocketSide || t.link instanceof WebSocketDialer) return t.link;
  throw new NotRunnable('is about WebSocket');
}
/** Those that are about a connection that the agent makes. */
function side(t: Bench): WebSocketSide {
  if (t.link instanceof WebSocketSide) return t.link;
  throw new NotRunnable('is about a connection that the agent makes');
}

/** The agent comes back after a reboot and answers. */
async function comesBack(t: Bench, metric: number): Promise<void> {
  await t.reboot();
  const info = await t.values('Device.DeviceInfo.');
  t.metric(metric, Object.keys(info).length > 0, 'the GetResponse is empty');
}

export const webSocketTests: readonly Test[] = [
  { number: '7.1', title: 'A session is established', on, needs, run: (t: Bench) => comesBack(t, 2) },
  {
    number: '7.2',
    title: 'One session at a time',
    on: ['ws-server'],
    needs,
    async run(t: Bench) {
      const { link } = t;
      if (!(link instanceof WebSocketDialer)) throw new NotRunnable('is about an agent that listens');
      t.metric(0, Object.keys(await t.values('Device.DeviceInfo.')).length > 0, 'the GetResponse is empty');
      const closes = link.closes.length;
      const second = link.second();
      t.later(async () => {
        second.terminate();
        await t.time.until(() => (link.there('primary') ? true : undefined), 30);
      });
      const settled = await t.time.until(
        () => (link.closes.length > closes || second.readyState >= second.CLOSING ? true : undefined),
        30,
      );
      t.metric(1, settled === true, 'both connections stay open');
    },
  },
  {
    number: '7.4',
    title: 'A connection is closed',
    on,
    needs,
    async run(t: Bench) {
      const link = socketsOf(t);
      const before = link.connections('primary');
      const closes = link.closes.length;
      const socket = link.socket('primary');
      socket.close(1000, 'the test');
      const closed = await t.time.until(
        () => link.closes.slice(closes).find(({ what }) => what.side === 'primary'),
        30,
      );
      t.metric(1, closed !== undefined, 'the connection stays open');
      // 1006: it ended without a Close frame.
      t.metric(1, closed.what.code !== 1006, 'no Close frame came back');
      await t.connectedAgain(before);
    },
  },
  {
    number: '7.6',
    title: 'A record that can not be processed',
    on,
    needs,
    async run(t: Bench) {
      const link = socketsOf(t);
      const before = link.connections('primary');
      const closes = link.closes.length;
      await malformed(t);
      const closed = link.closes.slice(closes).find(({ what }) => what.side === 'primary');
      t.metric(1, closed !== undefined, 'the connection stays open');
      t.equal(1, closed.what.code, 1003, 'the status code of the Close frame');
      await t.connectedAgain(before);
    },
  },
  {
    number: '7.7',
    title: 'Ping and Pong',
    on,
    needs,
    async run(t: Bench) {
      const link = socketsOf(t);
      const pongs = link.pongs.length;
      const connections = link.connections('primary');
      link.socket('primary').ping();
      const pong = await t.time.until(() => link.pongs[pongs], 60);
      t.metric(1, pong !== undefined, 'no Pong came');
      link.socket('primary').pong();
      await t.pass(5);
      t.equal(2, await t.value('Device.LocalAgent.EndpointID'), t.peer.agentId, 'EndpointID');
      t.equal(2, link.connections('primary'), connections, 'the number of connections');
    },
  },
  {
    number: '7.8',
    title: 'A session is tried again',
    on: ['ws'],
    needs,
    async run(t: Bench) {
      const link = side(t);
      const values = await t.values(`${await t.controllerPath()}MTP.`);
      const number = (name: string, otherwise: number): number =>
        Number(Object.entries(values).find(([path]) => path.endsWith(`.WebSocket.${name}`))?.[1] ?? otherwise);
      const least = number('SessionRetryMinimumWaitInterval', 5);
      const factor = number('SessionRetryIntervalMultiplier', 2000) / 1000;
      const before = link.connections('primary');
      const attempts = link.attempts.length;
      const mine = () => link.attempts.slice(attempts).filter(({ what }) => what === 'primary');
      link.refusing = true;
      t.later(async () => {
        link.refusing = false;
      });
      const ended = t.time.now();
      link.socket('primary').terminate();
      await t.time.until(() => mine()[1], least * factor + least * factor ** 2 + 10);
      const [first, second] = mine();
      link.refusing = false;
      t.metric(1, first !== undefined, 'there was no new attempt');
      const waited = (first.at - ended) / 1000;
      t.metric(1, waited > least * 0.9 && waited < least * factor + 1, `the first came after ${waited.toFixed(1)} s`);
      t.metric(2, second !== undefined, 'there was no second attempt');
      const then = (second.at - first.at) / 1000;
      t.metric(
        2,
        then > least * factor * 0.9 && then < least * factor ** 2 + 1,
        `the second came after ${then.toFixed(1)} s`,
      );
      await t.connectedAgain(before);
    },
  },
  {
    number: '7.9',
    title: 'TLS',
    on,
    needs: [15, 19],
    async run(t: Bench) {
      await comesBack(t, 2);
      t.metric(1, t.link.tls !== undefined, 'the connection is without TLS');
    },
  },
  {
    number: '7.10',
    title: 'The Connect record',
    on,
    needs,
    async run(t: Bench) {
      const from = t.peer.records.length;
      await t.reboot();
      const record = await t.time.until(
        () => t.peer.records.slice(from).find(({ what }) => what.websocketConnect !== undefined),
        30,
      );
      t.metric(1, record !== undefined, 'no WebSocketConnectRecord came in 30 s');
    },
  },
  {
    number: '7.11',
    title: 'An answer to the handshake without bbf-usp-protocol',
    on: ['ws'],
    needs,
    async run(t: Bench) {
      // The judge never sends the extension.
      side(t);
      await comesBack(t, 2);
    },
  },
  {
    number: '7.12',
    title: 'A record in several frames',
    on,
    needs,
    async run(t: Bench) {
      const link = socketsOf(t);
      link.fragmentBytes = 20;
      t.later(async () => {
        link.fragmentBytes = undefined;
      });
      const info = await t.values('Device.DeviceInfo.');
      t.metric(1, Object.keys(info).length > 0, 'the GetResponse is empty');
      await alive(t);
    },
  },
];
