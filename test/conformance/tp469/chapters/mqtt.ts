import { writeMessage, writeRecord } from '#lab';
import type { Bench } from '../bench.ts';
import { MqttBroker } from '../side/mqtt-broker.ts';
import { NotRunnable, type Test } from '../verdict.ts';

const on = ['mqtt5', 'mqtt311'] as const;
const five = ['mqtt5'] as const;

function broker(t: Bench): MqttBroker {
  if (t.link instanceof MqttBroker) return t.link;
  throw new NotRunnable('is about MQTT');
}

/** `Device.MQTT.Client.1.`: the only one that is enabled. */
async function client(t: Bench): Promise<string> {
  const enabled = Object.entries(await t.values('Device.MQTT.Client.*.Enable')).filter(([, value]) => value === 'true');
  t.metric(0, enabled.length > 0, 'no Device.MQTT.Client. is enabled');
  return enabled[0]![0].slice(0, -'Enable'.length);
}

/** A Get on a topic of its own. @returns what came for it, packet and all */
async function getOver(t: Bench, topic: string, replyTo: string, qos: 0 | 1 = 0) {
  const link = broker(t);
  const from = link.packets.length;
  const msgId = t.peer.nextId();
  const get = { paramPaths: ['Device.LocalAgent.EndpointID'], maxDepth: 0 };
  const record = writeRecord({
    version: '1.4',
    toId: t.peer.agentId,
    fromId: t.peer.endpointId,
    noSessionContext: { payload: writeMessage(msgId, { kind: 'request', request: { get } }) },
  });
  link.sendTo(topic, replyTo, record, qos);
  const answer = await t.peer.answerTo(msgId);
  t.metric(0, answer?.kind === 'response' && answer.response.getResp !== undefined, 'no GetResponse came');
  // The last publication before the answer was read is the one that carried it.
  const published = link.of('publish', from).at(-1);
  t.metric(0, published !== undefined, 'the answer did not come in a PUBLISH packet');
  return published.what;
}

/** For the time of a test the broker behaves otherwise; the agent connects anew when it is over. */
function otherwise(t: Bench, change: (manners: MqttBroker['manners']) => void): MqttBroker {
  const link = broker(t);
  const before = { ...link.manners };
  change(link.manners);
  t.later(async () => {
    Object.assign(link.manners, before);
    const count = link.connections('primary');
    link.cut();
    await t.connectedAgain(count);
  });
  return link;
}

/** Retries as the plan has them. @param from when the connection ended */
function retried(t: Bench, at: readonly number[], from: number, least: number, factor: number): void {
  const [first, second] = at;
  t.metric(1, first !== undefined, 'there was no new attempt');
  const waited = (first - from) / 1000;
  t.metric(1, waited < least * factor + 1, `the first came after ${waited.toFixed(1)} s`);
  if (second === undefined) return;
  const then = (second - first) / 1000;
  t.metric(
    2,
    then > least * factor * 0.9 && then < least * factor ** 2 + 1,
    `the second came after ${then.toFixed(1)} s`,
  );
}

async function retryOf(t: Bench): Promise<{ least: number; factor: number }> {
  const row = await client(t);
  const values = await t.values(row);
  return {
    least: Number(values[`${row}ConnectRetryTime`] ?? 5),
    factor: Number(values[`${row}ConnectRetryIntervalMultiplier`] ?? 2000) / 1000,
  };
}

const profile = (objects: Readonly<Record<string, string>>): string[] =>
  Object.entries(objects).flatMap(([object, names]) => names.split(' ').map((name) => object + name));

/** MQTTClientBase:1, MQTTClientCon:1, MQTTClientSubscribe:1, MQTTAgent:1 and what MQTTController:1 and :2 have in common (TR-181). */
const required = (older: boolean): string[] =>
  profile({
    'Device.MQTT.': 'ClientNumberOfEntries',
    'Device.MQTT.Capabilities.': 'ProtocolVersionsSupported TransportProtocolSupported',
    'Device.MQTT.Client.{i}.': `Name Enable Status ProtocolVersion BrokerAddress BrokerPort TransportProtocol CleanSession KeepAliveTime ClientID Username Password ConnectRetryTime ConnectRetryIntervalMultiplier ConnectRetryMaxInterval ResponseInformation SubscriptionNumberOfEntries${older ? ' MessageRetryTime' : ''}`,
    'Device.MQTT.Client.{i}.Stats.':
      'BrokerConnectionEstablished MQTTMessagesSent MQTTMessagesReceived ConnectionErrors',
    'Device.MQTT.Client.{i}.Subscription.{i}.': 'Topic QoS Enable',
    'Device.LocalAgent.MTP.{i}.MQTT.': 'Reference ResponseTopicConfigured ResponseTopicDiscovered',
    'Device.LocalAgent.Controller.{i}.MTP.{i}.MQTT.': 'Topic',
  });

export const mqttTests: readonly Test[] = [
  {
    number: '11.1',
    title: 'The required profiles',
    on,
    async run(t: Bench) {
      const resp = t.expect(
        1,
        await t.ask('getSupportedDm', {
          objPaths: ['Device.MQTT.', 'Device.LocalAgent.'],
          firstLevelOnly: false,
          returnCommands: false,
          returnEvents: false,
          returnParams: true,
          returnUniqueKeySets: false,
        }),
      );
      const known = new Set(
        resp.reqObjResults.flatMap(({ supportedObjs }) =>
          supportedObjs.flatMap(({ supportedObjPath, supportedParams }) =>
            supportedParams.map(({ paramName }) => supportedObjPath + paramName),
          ),
        ),
      );
      const missing = required(t.descriptor.features.includes(35)).filter((name) => !known.has(name));
      t.equal(2, missing, [], 'what is missing');
    },
  },
  {
    number: '11.2',
    title: 'The CONNECT packet',
    on,
    async run(t: Bench) {
      const link = broker(t);
      const from = link.packets.length;
      await t.reboot();
      const connect = link.of('connect', from)[0]?.what;
      t.metric(1, connect !== undefined, 'no CONNECT packet came');
      t.metric(2, connect.version === 4 || connect.version === 5, `the version is ${connect.version}`);
      if (connect.version === 5) {
        const own = connect.properties.userProperties?.find(([name]) => name === 'usp-endpoint-id')?.[1];
        t.equal(3, own, t.peer.agentId, 'usp-endpoint-id');
      }
      t.metric(
        4,
        connect.username !== undefined && connect.password !== undefined,
        'user name or password are missing',
      );
    },
  },
  {
    number: '11.3',
    title: 'TLS',
    on,
    needs: [15],
    async run(t: Bench) {
      await t.reboot();
      t.metric(0, Object.keys(await t.values('Device.DeviceInfo.')).length > 0, 'the GetResponse is empty');
      if (t.link.tls === undefined) throw new NotRunnable('the transport of the descriptor is without TLS');
      t.metric(1, /^TLSv1\.[23]$/.test(t.link.tls), `the version is ${t.link.tls}`);
    },
  },
  {
    number: '11.4',
    title: 'A client identifier that the broker assigns',
    on: five,
    async run(t: Bench) {
      const row = await client(t);
      // The agent connects anew when it has its identifier back.
      t.later(() => t.pass(15));
      await t.borrowed(row, { ClientID: '' });
      const link = otherwise(t, () => {});
      link.manners.connack = { ...link.manners.connack, assignedClientId: 'assigned-by-the-judge' };
      const from = link.packets.length;
      await t.reboot();
      t.equal(1, link.of('connect', from)[0]?.what.clientId, '', 'the client identifier');
      // It is kept on flash first.
      for (let waited = 0; waited < 10 && (await t.value(`${row}ClientID`)) === ''; waited++) await t.pass(1);
      t.equal(2, await t.value(`${row}ClientID`), 'assigned-by-the-judge', 'ClientID');
    },
  },
  {
    number: '11.5',
    title: 'The client identifier stays',
    on,
    async run(t: Bench) {
      const row = await client(t);
      const id = await t.value(`${row}ClientID`);
      const link = broker(t);
      const used = link.of('connect').at(-1)?.what.clientId;
      const from = link.packets.length;
      await t.reboot();
      const now = link.of('connect', from)[0]?.what.clientId;
      t.equal(1, now, id || used, 'the client identifier');
    },
  },
  {
    number: '11.6',
    title: 'A connection is tried again while the broker is away',
    on,
    async run(t: Bench) {
      const { least, factor } = await retryOf(t);
      const link = otherwise(t, (manners) => {
        manners.refusing = true;
      });
      const from = link.attempts.length;
      await t.subject.reboot();
      await t.time.until(() => link.attempts[from + 2], least * factor + least * factor ** 2 + 60);
      const [first, ...later] = link.attempts.slice(from);
      t.metric(1, first !== undefined, 'it does not connect after the reboot');
      retried(t, later, first, least, factor);
      t.metric(2, later.length >= 2, 'there was no second attempt');
      const before = link.connections('primary');
      link.manners.refusing = false;
      await t.connectedAgain(before);
    },
  },
  {
    number: '11.7',
    title: 'Keep alive as the broker says',
    on: five,
    async run(t: Bench) {
      const row = await client(t);
      await t.borrowed(row, { KeepAliveTime: '60' });
      const link = otherwise(t, () => {});
      link.manners.connack = { ...link.manners.connack, serverKeepAlive: 30 };
      const from = link.packets.length;
      await t.reboot();
      t.equal(1, link.of('connect', from)[0]?.what.keepAlive, 60, 'Keep Alive of the CONNECT packet');
      const last = (): number => link.packets.filter(({ what }) => what.type !== 'pingreq').at(-1)!.at;
      await t.time.passReally(46);
      const ping = link.of('pingreq', from)[0];
      t.metric(2, ping !== undefined, 'no PINGREQ packet came');
      t.metric(2, ping.at - last() <= 45_500, `it came after ${((ping.at - last()) / 1000).toFixed(1)} s`);
    },
  },
  {
    number: '11.8',
    title: 'The SUBSCRIBE packet',
    on: five,
    async run(t: Bench) {
      const link = otherwise(t, () => {});
      link.manners.connack = {
        responseInformation: 'judge/given/by/the/broker',
        userProperties: [['subscribe-topic', 'judge/subscribe/topic']],
      };
      const from = link.packets.length;
      await t.reboot();
      t.equal(
        1,
        link.of('connect', from)[0]?.what.properties.requestResponseInformation,
        1,
        'Request Response Information',
      );
      await t.time.until(() => (link.of('subscribe', from).length > 1 ? true : undefined), 5);
      const filters = link.of('subscribe', from).flatMap(({ what }) => what.topics.map(({ filter }) => filter));
      t.metric(2, filters.includes('judge/subscribe/topic'), `the topics are ${filters.join(', ')}`);
      t.metric(3, filters.includes('judge/given/by/the/broker'), `the topics are ${filters.join(', ')}`);
    },
  },
  {
    number: '11.9',
    title: 'A subscription of the data model',
    on,
    async run(t: Bench) {
      const link = broker(t);
      const topic = link.version === 5 ? 'newTopic-11-9' : 'newTopic-11-9/#';
      const from = link.packets.length;
      const [row] = await t.added([`${await client(t)}Subscription.`, { Enable: 'true', Topic: topic }]);
      const subscribed = await t.time.until(
        () => link.of('subscribe', from).find(({ what }) => what.topics.some(({ filter }) => filter === topic)),
        30,
      );
      t.metric(1, subscribed !== undefined, 'no SUBSCRIBE packet has the topic');
      await getOver(t, 'newTopic-11-9', link.topicOf('primary'));
      await t.setTo(row!, { 'Enable!': 'false' });
      const gone = await t.time.until(
        () => link.of('unsubscribe', from).find(({ what }) => what.topics.includes(topic)),
        30,
      );
      t.metric(3, gone !== undefined, 'no UNSUBSCRIBE packet has the topic');
    },
  },
  {
    number: '11.10',
    title: 'No topic to subscribe to',
    on: five,
    async run(t: Bench) {
      const row = await client(t);
      for (const one of await t.rows(`${row}Subscription.`)) await t.tryDelete(true, one);
      const agent = Object.entries(await t.values('Device.LocalAgent.MTP.*.MQTT.ResponseTopicConfigured')).find(
        ([, value]) => value !== '',
      );
      const link = broker(t);
      const count = link.connections('primary');
      if (agent) {
        const object = agent[0].slice(0, agent[0].lastIndexOf('.') + 1);
        t.later(async () => {
          // It has no way to be told until the broker names a topic.
          link.manners.connack = { responseInformation: agent[1] };
          await t.connectedAgain(count, 300);
          link.manners.connack = {};
          await t.setTo(object, { 'ResponseTopicConfigured!': agent[1] });
        });
        await t.setAway(object, { 'ResponseTopicConfigured!': '' });
      }
      const from = link.packets.length;
      await t.subject.reboot();
      const left = await t.time.until(() => link.of('disconnect', from)[0], 60);
      t.metric(1, left !== undefined, 'no DISCONNECT packet came');
    },
  },
  {
    number: '11.11',
    title: 'Every subscription fails',
    on,
    async run(t: Bench) {
      await t.borrowed(await t.controllerPath(), { PeriodicNotifInterval: '60' });
      await t.added([
        'Device.LocalAgent.Subscription.',
        {
          Enable: 'true',
          ID: 'judge1111',
          NotifType: 'Event',
          ReferenceList: 'Device.LocalAgent.Periodic!',
          Persistent: 'true',
        },
      ]);
      const link = otherwise(t, (manners) => {
        manners.failSubscriptions = true;
      });
      const from = link.packets.length;
      await t.subject.reboot();
      await t.time.until(() => link.of('subscribe', from)[0], 60);
      t.metric(0, link.of('subscribe', from).length > 0, 'no SUBSCRIBE packet came');
      await t.pass(120);
      t.metric(1, link.of('disconnect', from).length > 0, 'no DISCONNECT packet came');
      // What it says when it ends the connection before is none of these (TR-369 R-MTP.7).
      const begun = link.packets.findIndex(({ what }, at) => at >= from && what.type === 'connect');
      t.equal(2, link.of('publish', begun).length, 0, 'the number of PUBLISH packets');
    },
  },
  {
    number: '11.12',
    title: 'The PUBLISH packet',
    on,
    async run(t: Bench) {
      const link = otherwise(t, () => {});
      const topic = 'judge/published/to';
      if (link.version === 5) link.manners.connack = { responseInformation: topic };
      await t.reboot();
      const own = link.agentTopic;
      const answer = await getOver(t, own, link.topicOf('primary'));
      if (link.version === 5) {
        t.equal(2, answer.properties.responseTopic, topic, 'the Response Topic');
        t.equal(4, answer.properties.contentType, 'usp.msg', 'the Content Type');
      } else {
        const reply = /\/reply-to=([^/]+)$/.exec(answer.topic)?.[1];
        t.equal(3, reply, own.replaceAll('/', '%2F'), 'what is behind reply-to=');
      }
    },
  },
  {
    number: '11.13',
    title: 'QoS of a subscription',
    on,
    async run(t: Bench) {
      const link = broker(t);
      const table = `${await client(t)}Subscription.`;
      const from = link.packets.length;
      for (const [metric, qos] of [
        [1, 0],
        [2, 1],
      ] as const) {
        const topic = `newTopic-11-13-QoS${qos}`;
        const filter = link.version === 5 ? topic : `${topic}/#`;
        await t.added([table, { Enable: 'true', Topic: filter, QoS: String(qos) }]);
        const asked = await t.time.until(
          () =>
            link
              .of('subscribe', from)
              .flatMap(({ what }) => what.topics)
              .find((one) => one.filter === filter),
          30,
        );
        t.equal(0, asked?.qos, qos, `the QoS of the SUBSCRIBE packet for ${filter}`);
        await getOver(t, topic, link.topicOf('primary'), qos);
        t.metric(metric, true, '');
      }
    },
  },
  {
    number: '11.14',
    title: 'The topic to reply to',
    on,
    async run(t: Bench) {
      const link = broker(t);
      const replyTo = `${link.topicOf('primary')}/reply/here`;
      const answer = await getOver(t, link.agentTopic, replyTo);
      if (link.version === 5) {
        t.equal(1, answer.topic, replyTo, 'the Topic Name');
        t.metric(1, (answer.properties.responseTopic ?? '') !== '', 'there is no Response Topic');
      } else {
        const [topic, own] = answer.topic.split('/reply-to=');
        t.equal(2, topic, replyTo, 'the Topic Name');
        t.equal(2, own, link.agentTopic.replaceAll('/', '%2F'), 'what is behind reply-to=');
      }
    },
  },
  {
    number: '11.15',
    title: 'Both Content Types are understood',
    on: five,
    async run(t: Bench) {
      const link = broker(t);
      t.later(async () => {
        link.manners.contentType = undefined;
      });
      for (const contentType of ['usp.msg', 'application/vnd.bbf.usp.msg']) {
        link.manners.contentType = contentType;
        const answer = await t.peer.ask({ get: { paramPaths: ['Device.DeviceInfo.'], maxDepth: 0 } });
        t.metric(1, answer?.kind === 'response', `no GetResponse for ${contentType}`);
      }
    },
  },
  {
    number: '11.16',
    title: 'A connection is tried again after a DISCONNECT',
    on,
    async run(t: Bench) {
      const { least, factor } = await retryOf(t);
      const link = broker(t);
      const [attempts, ends] = [link.attempts.length, link.ends.length];
      const before = link.connections('primary');
      link.dismiss();
      await t.connectedAgain(before);
      const waited = (link.attempts[attempts]! - link.ends[ends]!) / 1000;
      t.metric(
        1,
        waited > least * 0.9 && waited < least * factor + 1,
        `the next attempt came after ${waited.toFixed(1)} s`,
      );
    },
  },
  {
    number: '11.17',
    title: 'The Connect record',
    on,
    async run(t: Bench) {
      const link = broker(t);
      const [records, from] = [t.peer.records.length, link.packets.length];
      await t.reboot();
      const found = await t.time.until(
        () => t.peer.records.slice(records).find(({ what }) => what.mqttConnect !== undefined),
        30,
      );
      t.metric(1, found !== undefined, 'no MQTTConnectRecord came in 30 s');
      const { version, subscribedTopic } = found.what.mqttConnect!;
      t.equal(1, version, link.version === 5 ? 1 : 0, 'version');
      const filters = link.of('subscribe', from).flatMap(({ what }) => what.topics.map(({ filter }) => filter));
      t.metric(
        1,
        filters.some((filter) => filter === subscribedTopic || filter === `${subscribedTopic}/#`),
        `${subscribedTopic} is not subscribed to`,
      );
    },
  },
];
