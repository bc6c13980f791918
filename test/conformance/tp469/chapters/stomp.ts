import type { Bench } from '../bench.ts';
import { StompServer } from '../side/stomp-server.ts';
import { NotRunnable, type Test } from '../verdict.ts';
import { alive } from './identity.ts';
import { malformed } from './records.ts';

const on = ['stomp'] as const;
const needs = [17];

function server(t: Bench): StompServer {
  if (t.link instanceof StompServer) return t.link;
  throw new NotRunnable('is about STOMP');
}

/** The agent's own MTP row for STOMP: `Device.LocalAgent.MTP.1.STOMP.` */
async function own(t: Bench): Promise<string> {
  const values = await t.values('Device.LocalAgent.MTP.');
  const found = Object.entries(values).find(
    ([name, value]) =>
      name.endsWith('.Protocol') && value === 'STOMP' && values[name.replace(/Protocol$/, 'Enable')] === 'true',
  );
  t.metric(0, found !== undefined, 'no MTP of the agent has the Protocol STOMP');
  return found[0].replace(/Protocol$/, 'STOMP.');
}

async function connection(t: Bench): Promise<string> {
  const enabled = Object.entries(await t.values('Device.STOMP.Connection.*.Enable')).filter(
    ([, value]) => value === 'true',
  );
  t.metric(0, enabled.length > 0, 'no Device.STOMP.Connection. is enabled');
  return enabled[0]![0].slice(0, -'Enable'.length);
}

/** What is configured comes back with the agent's first state: it may have no way to be told otherwise. */
async function destined(t: Bench, destination: string): Promise<void> {
  const row = await own(t);
  const before = (await t.value(`${row}Destination`)) ?? '';
  const link = server(t);
  t.later(async () => {
    const count = link.connections('primary');
    if (link.destinations.length === 0) {
      link.connected = { 'subscribe-dest': before };
      await t.connectedAgain(count, 400);
      link.connected = {};
    }
    await t.setTo(row, { 'Destination!': before });
    await t.pass(2);
  });
  await t.setAway(row, { 'Destination!': destination });
}

async function answered(t: Bench): Promise<StompServer['frames'][number]['what']> {
  const link = server(t);
  const from = link.frames.length;
  const info = await t.values('Device.DeviceInfo.');
  t.metric(0, Object.keys(info).length > 0, 'the GetResponse is empty');
  const frame = link.of('SEND', from).at(-1);
  t.metric(0, frame !== undefined, 'the answer did not come in a SEND frame');
  return frame.what;
}

const required = [
  ...['Reference', 'Destination'].map((name) => `Device.LocalAgent.Controller.{i}.MTP.{i}.STOMP.${name}`),
  'Device.STOMP.ConnectionNumberOfEntries',
  ...[
    'Alias',
    'Enable',
    'Status',
    'Host',
    'Port',
    'VirtualHost',
    'ServerRetryInitialInterval',
    'ServerRetryIntervalMultiplier',
    'ServerRetryMaxInterval',
  ].map((name) => `Device.STOMP.Connection.{i}.${name}`),
];

export const stompTests: readonly Test[] = [
  {
    number: '6.1',
    title: 'The required profiles',
    on,
    needs,
    async run(t: Bench) {
      const resp = t.expect(
        1,
        await t.ask('getSupportedDm', {
          objPaths: ['Device.STOMP.', 'Device.LocalAgent.'],
          firstLevelOnly: false,
          returnCommands: false,
          returnEvents: false,
          returnParams: true,
          returnUniqueKeySets: false,
        }),
      );
      const known = resp.reqObjResults.flatMap(({ supportedObjs }) =>
        supportedObjs.flatMap(({ supportedObjPath, supportedParams }) =>
          supportedParams.map(({ paramName }) => supportedObjPath + paramName),
        ),
      );
      t.equal(
        2,
        required.filter((name) => !known.includes(name)),
        [],
        'what is missing',
      );
    },
  },
  {
    number: '6.2',
    title: 'A session is established',
    on,
    needs,
    async run(t: Bench) {
      const link = server(t);
      const from = link.frames.length;
      await t.reboot();
      const first = link.frames.slice(from).find(({ what }) => /^(STOMP|CONNECT)$/.test(what.command));
      t.metric(1, first !== undefined, 'no STOMP frame came');
      t.metric(1, link.of('SUBSCRIBE', from).length > 0, 'no SUBSCRIBE frame came');
    },
  },
  {
    number: '6.3',
    title: 'A connection is tried again while the server is away',
    on,
    needs,
    async run(t: Bench) {
      const link = server(t);
      const values = await t.values(await connection(t));
      const number = (name: string, otherwise: number): number =>
        Number(Object.entries(values).find(([path]) => path.endsWith(name))?.[1] ?? otherwise);
      const initial = number('.ServerRetryInitialInterval', 60);
      const factor = number('.ServerRetryIntervalMultiplier', 2000) / 1000;
      const before = link.connections('primary');
      link.refusing = true;
      t.later(async () => {
        link.refusing = false;
        await t.connectedAgain(before, 400);
      });
      const from = link.attempts.length;
      await t.subject.reboot();
      await t.time.until(() => link.attempts[from + 2], initial * factor + initial * factor ** 2 + 60);
      const [first, second, third] = link.attempts.slice(from);
      t.metric(1, first !== undefined && second !== undefined, 'there was no new attempt');
      const waited = (second - first) / 1000;
      // Any time up to these (TR-181 ServerRetryIntervalMultiplier).
      t.metric(1, waited <= initial + 1, `the first came after ${waited.toFixed(1)} s`);
      t.metric(2, third !== undefined, 'there was no second attempt');
      const then = (third - second) / 1000;
      t.metric(2, then <= initial * factor + 1, `the second came after ${then.toFixed(1)} s`);
    },
  },
  {
    number: '6.4',
    title: 'The headers of a message',
    on,
    needs,
    async run(t: Bench) {
      const { headers, body } = await answered(t);
      t.equal(1, headers['content-length'], String(body.length), 'content-length');
      t.equal(2, headers['content-type'], 'application/vnd.bbf.usp.msg', 'content-type');
      t.equal(3, headers['reply-to-dest'], server(t).destinations[0], 'reply-to-dest');
    },
  },
  {
    number: '6.5',
    title: 'A destination that the server gives',
    on,
    needs,
    async run(t: Bench) {
      const link = server(t);
      const given = '/queue/given-by-the-judge';
      link.connected = { 'subscribe-dest': given };
      t.later(async () => {
        link.connected = {};
        await t.reboot();
      });
      await t.reboot();
      t.metric(1, link.destinations.includes(given), `it listens at ${link.destinations.join(', ')}`);
      t.equal(2, (await answered(t)).headers['reply-to-dest'], given, 'reply-to-dest');
    },
  },
  {
    number: '6.6',
    title: 'A destination that is configured',
    on,
    needs,
    async run(t: Bench) {
      const wanted = '/queue/configured-by-the-judge';
      await destined(t, wanted);
      await t.reboot();
      t.metric(1, server(t).destinations.includes(wanted), `it listens at ${server(t).destinations.join(', ')}`);
      t.equal(2, (await answered(t)).headers['reply-to-dest'], wanted, 'reply-to-dest');
    },
  },
  {
    number: '6.7',
    title: 'No destination',
    on,
    needs,
    async run(t: Bench) {
      const link = server(t);
      await destined(t, '');
      const [frames, ends] = [link.frames.length, link.ends.length];
      await t.subject.reboot();
      const ended = await t.time.until(() => {
        const came = link.frames.slice(frames).some(({ what }) => /^(STOMP|CONNECT)$/.test(what.command));
        return came && link.ends.length > ends && link.alone ? true : undefined;
      }, 200);
      t.metric(1, ended === true, 'the session was not ended');
    },
  },
  {
    number: '6.8',
    title: 'Heart-beats',
    on,
    needs: [17, 18],
    async run(t: Bench) {
      const link = server(t);
      const row = await connection(t);
      await t.borrowed(row, { EnableHeartbeats: 'true', IncomingHeartbeat: '10000', OutgoingHeartbeat: '15000' });
      link.connected = { 'heart-beat': '10000,15000' };
      t.later(async () => {
        link.connected = {};
        await t.reboot();
      });
      const from = link.frames.length;
      await t.reboot();
      const connect = link.frames.slice(from).find(({ what }) => /^(STOMP|CONNECT)$/.test(what.command));
      t.equal(1, connect?.what.headers['heart-beat']?.replace(/ /g, ''), '15000,10000', 'heart-beat');
      const began = t.time.now();
      const beats = link.beats.length;
      for (let passed = 0; passed < 60; passed += 5) {
        link.beat();
        await t.pass(5);
      }
      // A frame is as good as a heart-beat.
      const signs = [
        ...link.beats.slice(beats),
        ...link.frames.filter(({ at }) => at >= began).map(({ at }) => at),
      ].sort((a, b) => a - b);
      let longest = 0;
      for (const [index, at] of signs.entries()) longest = Math.max(longest, at - (signs[index - 1] ?? began));
      t.metric(2, signs.length >= 3, `${signs.length} heart-beats came in 60 s`);
      t.metric(2, longest <= 16_500, `there was nothing for ${(longest / 1000).toFixed(1)} s`);
    },
  },
  {
    number: '6.9',
    title: 'A record that can not be processed',
    on,
    needs,
    async run(t: Bench) {
      await malformed(t);
      await t.pass(60);
      await alive(t);
    },
  },
  {
    number: '6.10',
    title: 'The destination is changed',
    on,
    needs,
    async run(t: Bench) {
      const link = server(t);
      const from = link.frames.length;
      const wanted = '/queue/changed-by-the-judge';
      await destined(t, wanted);
      await t.time.until(() => (link.destinations.includes(wanted) ? true : undefined), 60);
      await t.pass(2);
      const order = link.frames.slice(from).flatMap(({ what }) => (/SUBSCRIBE$/.test(what.command) ? [what] : []));
      t.metric(
        1,
        order.some(({ command }) => command === 'UNSUBSCRIBE'),
        'no UNSUBSCRIBE frame came',
      );
      const left = order.findIndex(({ command }) => command === 'UNSUBSCRIBE');
      t.metric(
        2,
        order.slice(left).some(({ command, headers }) => command === 'SUBSCRIBE' && headers.destination === wanted),
        'no SUBSCRIBE frame with the new destination came behind it',
      );
    },
  },
  {
    number: '6.11',
    title: 'TLS',
    on,
    needs: [15, 17],
    async run(t: Bench) {
      await t.reboot();
      await answered(t);
      if (t.link.tls === undefined) throw new NotRunnable('the transport of the descriptor is without TLS');
      t.metric(1, /^TLSv1\.[23]$/.test(t.link.tls), `the version is ${t.link.tls}`);
    },
  },
  {
    number: '6.12',
    title: 'The Connect record',
    on,
    needs,
    async run(t: Bench) {
      const from = t.peer.records.length;
      await t.reboot();
      const found = await t.time.until(
        () => t.peer.records.slice(from).find(({ what }) => what.stompConnect !== undefined),
        30,
      );
      t.metric(1, found !== undefined, 'no STOMPConnectRecord came in 30 s');
      const { version, subscribedDestination } = found.what.stompConnect!;
      t.equal(2, version, 0, 'version');
      t.metric(3, server(t).destinations.includes(subscribedDestination), `it listens not at ${subscribedDestination}`);
    },
  },
];
