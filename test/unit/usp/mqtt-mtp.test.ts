import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Emitter, errorCode, Secret, silentLog, standardRetry } from '#base';
import type { MqttLink, PublishedMessage } from '#platform';
import type { ControllerSession } from '../../../src/usp/exchange/controller-session.ts';
import { LateAnswers } from '../../../src/usp/exchange/late-answers.ts';
import type { Link } from '../../../src/usp/exchange/link.ts';
import type { MqttClientConfig, MqttListening } from '../../../src/usp/exchange/mqtt-config.ts';
import { type MqttFound, type MqttUser, runMqtt } from '../../../src/usp/exchange/mqtt-mtp.ts';
import { MqttStats } from '../../../src/usp/exchange/mqtt-stats.ts';
import { covers } from '../../../src/usp/exchange/mqtt-topics.ts';
import { HandClock } from '../../support/hand-clock.ts';

const config: MqttClientConfig = {
  path: 'Device.MQTT.Client.1.',
  host: 'broker',
  port: 1883,
  transport: 'tcp',
  version: 5,
  clientId: '',
  username: '',
  password: new Secret(''),
  keepAliveSeconds: 60,
  cleanStart: true,
  sessionExpirySeconds: 0,
  requestResponseInfo: true,
  requestProblemInfo: true,
  interface: '',
  alpn: [],
  receiveMaximum: 65_535,
  maximumPacketSize: 0,
  topicAliasMaximum: 0,
  publishExpirySeconds: 0,
  userProperties: {},
  retry: standardRetry,
  will: undefined,
};
const listening: MqttListening = { subscriptions: [], responseTopic: '', qos: 1 };

interface Given {
  readonly version?: 4 | 5;
  readonly clientId?: string;
  readonly listening?: Partial<MqttListening>;
  readonly connack?: Partial<MqttLink['connack']>;
  readonly refuses?: readonly string[];
  readonly users?: readonly string[];
  readonly late?: LateAnswers;
  /** Bytes of the publications that come before the broker has taken a subscription. */
  readonly before?: readonly number[];
}

/** A broker that notes what it is asked. */
function begin(given: Given) {
  const stop = new AbortController();
  const late = given.late ?? new LateAnswers();
  const changes = new Emitter<void>((error) => {
    throw error;
  });
  const seen = {
    asked: [] as string[],
    published: [] as PublishedMessage[],
    links: [] as Link[],
    assigned: [] as string[],
    found: undefined as MqttFound | undefined,
    clientId: '',
    up: false,
    /** Publications that were looked at. */
    received: 0,
    listening: { ...listening, ...given.listening },
    users: (given.users ?? []).map(user),
  };
  function user(address: string): MqttUser {
    const session = {
      connected: (link: Link) => {
        link.send(Buffer.from(JSON.stringify(link.connect)));
        seen.links.push(link);
      },
      disconnected: (link: Link) => {
        seen.links = seen.links.filter((one) => one !== link);
      },
      leave: (link: Link) => {
        seen.asked.push('farewell');
        seen.links = seen.links.filter((one) => one !== link);
      },
    } as unknown as ControllerSession;
    return { session, address, retainResponse: false, retainNotify: address.includes('retain') };
  }
  const link: MqttLink = {
    peer: { encrypted: false, chain: [] },
    connack: { sessionPresent: false, userProperties: {}, ...given.connack },
    subscribe: async (topic, qos) => {
      seen.asked.push(`+${topic} ${qos}`);
      if (given.refuses?.includes(topic)) throw new Error('refused');
      return qos;
    },
    unsubscribe: async (topic) => void seen.asked.push(`-${topic}`),
    publish: async (message) => seen.published.push(message) > 0,
    [Symbol.asyncDispose]: async () => void seen.asked.push('DISCONNECT'),
  };
  const run = runMqtt({
    config: { ...config, ...(given.version && { version: given.version }), clientId: given.clientId ?? '' },
    endpointId: 'os::1-2',
    open: async ({ clientId }, _, events) => {
      seen.clientId = clientId;
      for (const bytes of given.before ?? [])
        events.message({ topic: 'x', payload: Buffer.alloc(bytes, 0xff), userProperties: {} });
      return link;
    },
    log: {
      ...silentLog,
      warn: (text) => {
        if (text === 'a record can not be read') seen.received++;
      },
    },
    listening: () => seen.listening,
    controllers: () => seen.users,
    changes,
    stats: new MqttStats(new HandClock()),
    late,
    found: (found) => {
      seen.found = found;
    },
    assigned: (clientId) => void seen.assigned.push(clientId),
    signal: stop.signal,
    stands: () => {
      seen.up = true;
    },
  });
  run.catch(() => {});
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return { seen, run, stop, changes, settled, user };
}

describe('what an MQTT client listens to (R-MQTT.15, R-MQTT.21)', () => {
  it.each<[string, Given, string[], string]>([
    ['the configured topic', { listening: { responseTopic: 'a/b' } }, ['+a/b 1'], 'a/b'],
    ['below it with 3.1.1', { version: 4, listening: { responseTopic: 'a/b' } }, ['+a/b/# 1'], 'a/b'],
    [
      'the response information before it',
      { listening: { responseTopic: 'a/b' }, connack: { responseInformation: 'r/i' } },
      ['+r/i 1'],
      'r/i',
    ],
    [
      'what the broker says, once',
      { connack: { userProperties: { 'subscribe-topic': ['s/1', 's/2', 's/1'] }, responseInformation: 's/2' } },
      ['+s/1 1', '+s/2 1'],
      's/2',
    ],
    ['one topic of the broker', { connack: { userProperties: { 'subscribe-topic': 's' } } }, ['+s 1'], 's'],
    [
      'the table with its own QoS, and nothing that a filter of it has',
      {
        listening: { responseTopic: 'a/b/c', subscriptions: [{ path: 'x', topic: 'a/+/#', qos: 2 }] },
      },
      ['+a/+/# 2'],
      'a/b/c',
    ],
    [
      'the first topic that is no filter, where nothing else says who we are',
      { listening: { subscriptions: ['a/#', 'b/c'].map((topic) => ({ path: topic, topic, qos: 0 as const })) } },
      ['+a/# 0', '+b/c 0'],
      'b/c',
    ],
  ])('%s', async (_, given, asked, replyTo) => {
    const { seen, settled, stop, run } = begin({ users: ['c'], ...given });
    await settled();
    expect(seen.up).toBe(true);
    expect(seen.asked).toEqual(asked);
    expect(seen.found?.replyTo).toBe(replyTo);
    const hello = seen.published[0]!;
    expect(JSON.parse(Buffer.from(hello.payload).toString())).toEqual({
      mqttConnect: { version: given.version === 4 ? 0 : 1, subscribedTopic: replyTo },
    });
    if (given.version === 4) expect(hello.topic).toBe(`c/reply-to=${replyTo.replaceAll('/', '%2F')}`);
    else expect(hello).toMatchObject({ topic: 'c', responseTopic: replyTo, contentType: 'usp.msg' });
    stop.abort();
    await run;
    expect(seen.asked.slice(-2)).toEqual(['farewell', 'DISCONNECT']);
    expect(seen.links).toEqual([]);
  });

  it('is nothing where nobody says so: it disconnects and is misconfigured (R-MQTT.16)', async () => {
    const { seen, run } = begin({ listening: { subscriptions: [{ path: 'x', topic: 'a/#', qos: 1 }] } });
    expect(await run.catch(errorCode)).toBe('USP_NO_TOPIC');
    expect(seen).toMatchObject({ asked: ['DISCONNECT'], up: false, published: [] });
  });

  it('is enough when the broker takes one, and not when it takes none (R-MQTT.17)', async () => {
    const topics = { 'subscribe-topic': ['s/1', 's/2'] };
    const one = begin({ connack: { userProperties: topics }, refuses: ['s/1'], users: ['c'] });
    await one.settled();
    expect(one.seen.up).toBe(true);
    expect([...one.seen.found!.filters]).toEqual([
      ['s/1', false],
      ['s/2', true],
    ]);
    // Nobody is told to answer to what the broker refused.
    expect(one.seen.found!.replyTo).toBe('s/2');
    const none = begin({ connack: { userProperties: topics }, refuses: ['s/1', 's/2'], users: ['c'] });
    expect(await none.run.catch(errorCode)).toBe('USP_NOT_SUBSCRIBED');
    expect(none.seen.published).toEqual([]);
  });
});

describe('where an MQTT client is reached', () => {
  it.each<[string, Given, string]>([
    [
      'not at a topic of its own that the broker refused',
      { listening: { responseTopic: 'own' }, connack: { userProperties: { 'subscribe-topic': 's' } } },
      's',
    ],
    [
      'at the response information, whatever else (R-MQTT.21)',
      { connack: { responseInformation: 'own', userProperties: { 'subscribe-topic': 's' } } },
      'own',
    ],
    [
      'at its own where all that is taken are filters',
      { listening: { responseTopic: 'own', subscriptions: [{ path: 'x', topic: 's/+', qos: 1 }] } },
      'own',
    ],
  ])('%s', async (_, given, replyTo) => {
    const { seen, settled } = begin({ ...given, refuses: ['own'] });
    await settled();
    expect(seen.found?.replyTo).toBe(replyTo);
  });

  it('is told to nobody before; what comes meanwhile is kept, within limits', async () => {
    const kept = begin({ listening: { responseTopic: 'own' }, users: ['c'], before: Array(12).fill(1 << 20) });
    await kept.settled();
    // 8 MiB of the first, each of one MiB.
    expect(kept.seen.received).toBe(8);
    const many = begin({ listening: { responseTopic: 'own' }, users: ['c'], before: Array(70).fill(1) });
    await many.settled();
    expect(many.seen.received).toBe(64);
  });
});

describe('an MQTT client that stands', () => {
  it('takes over topics and controllers without connecting again (R-MQTT.34)', async () => {
    const { seen, changes, settled, user } = begin({ listening: { responseTopic: 'old' }, users: ['c'] });
    await settled();
    const [first] = seen.users;
    seen.users = [first!, user('retain/d')];
    changes.emit();
    await settled();
    expect(seen.links).toHaveLength(2);
    expect(seen.published.map(({ topic, retain }) => [topic, retain])).toEqual([
      ['c', false],
      ['retain/d', true],
    ]);
    seen.listening = { ...seen.listening, responseTopic: 'new' };
    changes.emit();
    await settled();
    expect(seen.asked).toEqual(['+old 1', '+new 1', '-old']);
    // Both hear where the agent is now.
    expect(seen.published.slice(2).map(({ topic, responseTopic }) => [topic, responseTopic])).toEqual([
      ['c', 'new'],
      ['retain/d', 'new'],
    ]);
    seen.users = [seen.users[1]!];
    changes.emit();
    await settled();
    expect(seen.links).toHaveLength(1);
  });

  it('goes by the identifier that it has, that the broker gives, or with 3.1.1 by its Endpoint ID (R-MQTT.8, R-MQTT.9)', () => {
    expect(begin({ clientId: 'mine' }).seen.clientId).toBe('mine');
    expect(begin({}).seen.clientId).toBe('');
    expect(begin({ version: 4 }).seen.clientId).toBe('os::1-2');
  });

  it('passes on the identifier that the broker gave, and no other', async () => {
    const given = begin({ connack: { assignedClientId: 'given' }, listening: { responseTopic: 'a' } });
    await given.settled();
    expect(given.seen.assigned).toEqual(['given']);
    const own = begin({ clientId: 'mine', connack: { assignedClientId: 'given' }, listening: { responseTopic: 'a' } });
    await own.settled();
    expect(own.seen.assigned).toEqual([]);
  });

  it('sends behind its greeting what an earlier connection could not answer any more, the newest sixteen', async () => {
    const late = new LateAnswers();
    for (let n = 0; n < 20; n++) late.add({ address: `a/${n}`, record: Buffer.from('late'), retain: n === 19 });
    const { seen, settled } = begin({ listening: { responseTopic: 'own' }, users: ['c'], late });
    await settled();
    expect(seen.published.map(({ topic }) => topic)).toEqual([
      'c',
      ...Array.from({ length: 16 }, (_, n) => `a/${n + 4}`),
    ]);
    expect(seen.published.at(-1)).toMatchObject({ retain: true, responseTopic: 'own' });
    expect(late.take()).toEqual([]);
  });

  it('does not send what the broker does not take', async () => {
    const { seen, settled } = begin({
      listening: { responseTopic: 'a' },
      users: ['c'],
      connack: { maximumPacketSize: 200 },
    });
    await settled();
    seen.links[0]!.send(Buffer.alloc(200));
    expect(seen.published).toHaveLength(1);
  });
});

describe('topic filters', () => {
  it.each([
    ['a/b', 'a/b', true],
    ['a/b', 'a/c', false],
    ['a/+', 'a/b', true],
    ['a/+', 'a/b/c', false],
    ['a/#', 'a', true],
    ['a/#', 'a/b/c', true],
    ['#', 'a', true],
    ['#', '$SYS/a', false],
    ['+/a', '$SYS/a', false],
    ['$SYS/#', '$SYS/a', true],
    ['a/+', 'a/#', false],
    ['a/#', 'a/+/#', true],
    ['a', 'a/b', false],
    ['a/b', 'a', false],
  ])('%s has %s below it: %s', (filter, topic, expected) => {
    expect(covers(filter, topic)).toBe(expected);
  });

  it('have below them what they are themselves, unless the broker keeps it', () => {
    const level = fc.constantFrom('a', 'b', '+', '');
    fc.assert(
      fc.property(fc.array(level, { minLength: 1, maxLength: 5 }), (levels) => {
        expect(covers(levels.join('/'), levels.join('/'))).toBe(true);
        expect(covers([...levels.slice(0, -1), '#'].join('/'), levels.join('/'))).toBe(true);
      }),
    );
  });
});
