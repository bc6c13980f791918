import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { errorCode } from '#base';
import { type MqttLink, type MqttOptions, openMqtt } from '#platform';
import { type ClientPacket, readPackets } from '../conformance/tp469/side/mqtt-packet.ts';
import { HandClock } from '../support/hand-clock.ts';

// What CONNACK of MQTT 5 may ask of a client; a broker that does, and notes what it gets.
let broker: Server | undefined;
let link: MqttLink | undefined;
let peer: Socket | undefined;
afterEach(async () => {
  vi.useRealTimers();
  peer?.destroy();
  await link?.[Symbol.asyncDispose]();
  broker?.close();
  link = peer = broker = undefined;
});

async function open(properties: readonly number[], more: Partial<MqttOptions> = {}) {
  const packets: ClientPacket[] = [];
  const ends: (string | undefined)[] = [];
  broker = createServer((socket) => {
    peer = socket;
    let rest: Buffer = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('data', (piece: Buffer) => {
      const read = readPackets(Buffer.concat([rest, piece]), () => 5);
      rest = read.rest;
      packets.push(...read.packets);
      if (read.packets[0]?.type === 'connect')
        socket.write(Buffer.from([0x20, 3 + properties.length, 0, 0, properties.length, ...properties]));
    });
  });
  await new Promise<void>((resolve) => broker!.listen(0, '127.0.0.1', resolve));
  const { port } = broker.address() as AddressInfo;
  const options = { host: '127.0.0.1', port, transport: 'tcp', version: 5, clientId: 'c', cleanStart: true } as const;
  link = await openMqtt(
    { ...options, keepAliveSeconds: 60, ...more },
    { message: () => {}, closed: (error) => void ends.push(errorCode(error)) },
  );
  const published = () => packets.flatMap((packet) => (packet.type === 'publish' ? [packet] : []));
  const pings = () => packets.filter(({ type }) => type === 'pingreq').length;
  return { packets, published, pings, ends };
}
const publication = (payload: string | Buffer, qos: 0 | 1 | 2 = 1, retain = false) => ({
  topic: 'a',
  payload: Buffer.from(payload),
  qos,
  retain,
});
const acknowledge = (id: number, reason = 0): void =>
  void peer!.write(Buffer.from([0x40, 3, id >> 8, id & 0xff, reason]));

describe('an MQTT 5 broker with limits', () => {
  it('gets no more publications at a time than it takes, and the others in their order (4.9)', async () => {
    const { published } = await open([0x21, 0, 2]);
    const done: string[] = [];
    for (const text of ['1', '2', '3', '4', '5']) void link!.publish(publication(text)).then(() => done.push(text));
    await expect.poll(() => published().length).toBe(2);
    // What has no QoS is no part of it, and shows that nothing else has gone before.
    await link!.publish(publication('q', 0));
    await expect.poll(() => published().map(({ payload }) => payload.toString())).toEqual(['1', '2', 'q']);
    for (const at of [1, 0]) acknowledge(published()[at]!.id);
    await expect.poll(() => published().map(({ payload }) => payload.toString())).toEqual(['1', '2', 'q', '3', '4']);
    acknowledge(published()[3]!.id);
    await expect.poll(() => published().at(-1)?.payload.toString()).toBe('5');
    for (const { id } of published().slice(4)) acknowledge(id);
    await expect.poll(() => done).toEqual(['2', '1', '3', '4', '5']);
  });

  it('gets the highest QoS that it takes, and nothing retained where it keeps nothing', async () => {
    const { published } = await open([0x24, 1, 0x25, 0]);
    void link!.publish(publication('x', 2, true)).catch(() => {});
    await expect.poll(() => published()).toMatchObject([{ qos: 1, retain: false }]);
  });

  it('without limits gets what was asked for', async () => {
    const { published } = await open([]);
    void link!.publish(publication('x', 2, true)).catch(() => {});
    await expect.poll(() => published()).toMatchObject([{ qos: 2, retain: true }]);
  });

  it('that acknowledges nothing is let go before it costs more than 16 MiB', async () => {
    const { ends } = await open([]);
    const large = Buffer.alloc(4 << 20);
    const refused: (string | undefined)[] = [];
    for (let count = 0; count < 5; count++) {
      link!.publish(publication(large)).catch((error) => refused.push(errorCode(error)));
    }
    await expect.poll(() => ends).toEqual(['MQTT_BROKEN']);
    expect(refused).toEqual(Array(5).fill('MQTT_BROKEN'));
  });
});

describe('a publication', () => {
  it('was heard by nobody where the broker says so (3.4.2.1), whichever is acknowledged first', async () => {
    const { published } = await open([]);
    const heard = ['1', '2'].map((text) => link!.publish(publication(text)));
    await expect.poll(() => published().length).toBe(2);
    const [first, second] = published().map(({ id }) => id);
    acknowledge(second!, 16);
    acknowledge(first!);
    expect(await Promise.all(heard)).toEqual([true, false]);
  });
});

describe('a broker that does not say whether it has taken a subscription', () => {
  it('is not waited for without end', async () => {
    const clock = new HandClock();
    const { packets } = await open([], { clock });
    const asked = [link!.subscribe('a', 1), link!.unsubscribe('b')].map((one) => one.then(() => '', errorCode));
    await expect.poll(() => packets.filter(({ type }) => /subscribe/.test(type)).length).toBe(2);
    clock.advance(29_999);
    const said = Promise.all(asked);
    expect(await Promise.race([said, new Promise((resolve) => setImmediate(resolve, 'waits'))])).toBe('waits');
    clock.advance(1);
    expect(await said).toEqual(['MQTT_TIMEOUT', 'MQTT_TIMEOUT']);
  });
});

describe('keep alive', () => {
  const useTimers = (): void => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] });
  };

  it('is what the broker says, also where none is configured (3.2.2.3.14)', async () => {
    useTimers();
    const { pings } = await open([0x13, 0, 30], { keepAliveSeconds: 0 });
    vi.advanceTimersByTime(30_000);
    await expect.poll(pings).toBe(1);
  });

  it('is none where neither has one', async () => {
    useTimers();
    const { pings, packets } = await open([], { keepAliveSeconds: 0 });
    vi.advanceTimersByTime(3_600_000);
    await link!.publish(publication('last', 0));
    await expect.poll(() => packets.at(-1)?.type).toBe('publish');
    expect(pings()).toBe(0);
  });
});
