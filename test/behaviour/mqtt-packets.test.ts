import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { type MqttOptions, openMqtt } from '#platform';
import { readPackets } from '../conformance/tp469/side/mqtt-packet.ts';

/** Packets of the client, whole, by their type (MQTT 5.0 2.1.2). */
async function record(more: Partial<MqttOptions>): Promise<{ type: number; bytes: Buffer }[]> {
  const packets: { type: number; bytes: Buffer }[] = [];
  const answers: Readonly<Record<number, (id: Buffer) => number[]>> = {
    1: () => [0x20, 3, 0, 0, 0],
    3: (id) => [0x40, 4, ...id, 0, 0],
    8: (id) => [0x90, 4, ...id, 0, 1],
    10: (id) => [0xb0, 4, ...id, 0, 0],
  };
  const server = createServer((peer) => {
    peer.on('error', () => {});
    // Small packets on the loopback interface, each in a piece of its own: the client waits for the answer to each.
    peer.on('data', (bytes) => {
      const type = bytes[0]! >> 4;
      packets.push({ type, bytes });
      // Of a publication with QoS 1 to a topic of one letter the id follows fixed header and topic.
      const answer = answers[type]?.(type === 3 ? bytes.subarray(5, 7) : bytes.subarray(2, 4));
      if (answer) peer.write(Buffer.from(answer));
      // Publications of QoS 1 to the client: PUBACK comes back.
      if (type === 8) peer.write(Buffer.from([0x32, 7, 0, 1, 0x61, 0, 9, 0, 0x78]));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const options = { host: '127.0.0.1', port, transport: 'tcp', version: 5, clientId: 'c', cleanStart: true } as const;
  const link = await openMqtt({ ...options, keepAliveSeconds: 60, ...more }, { message: () => {}, closed: () => {} });
  await link.subscribe('a', 1);
  await expect.poll(() => packets.some(({ type }) => type === 4)).toBe(true);
  await link.publish({ topic: 'a', payload: Buffer.from('x'), qos: 1 });
  await link.unsubscribe('a');
  await link[Symbol.asyncDispose]();
  await expect.poll(() => packets.some(({ type }) => type === 14)).toBe(true);
  await new Promise((resolve) => server.close(resolve));
  return packets;
}

const types = { connect: 1, publish: 3, puback: 4, subscribe: 8, unsubscribe: 10, disconnect: 14 };
const property = (name: string): Buffer => Buffer.from([0x26, 0, name.length, ...Buffer.from(name), 0, 1, 0x31]);

describe('MQTT packets of the client', () => {
  it('each kind carries the user properties that are for it, and no others', async () => {
    const userProperties = Object.fromEntries(Object.keys(types).map((kind) => [kind, { [`of-${kind}`]: '1' }]));
    const packets = await record({ userProperties });
    for (const [kind, type] of Object.entries(types)) {
      const { bytes } = packets.find((packet) => packet.type === type)!;
      const found = Object.keys(types).filter((name) => bytes.includes(property(`of-${name}`)));
      expect(found).toEqual([kind]);
    }
  });

  it('carry none in 3.1.1', async () => {
    const userProperties = { connect: { one: '1' }, publish: { one: '1' } };
    // The answers of this broker are those of MQTT 5; only what is sent first is looked at.
    const first = await new Promise<Buffer>((resolve) => {
      const server = createServer((peer) => {
        peer.once('data', (bytes) => {
          resolve(bytes);
          peer.destroy();
          server.close();
        });
      });
      server.listen(0, '127.0.0.1', () => {
        const { port } = server.address() as AddressInfo;
        const options = { host: '127.0.0.1', port, transport: 'tcp', version: 4, clientId: 'c' } as const;
        openMqtt(
          { ...options, cleanStart: true, keepAliveSeconds: 60, userProperties },
          { message: () => {}, closed: () => {} },
        ).catch(() => {});
      });
    });
    expect(first.includes(property('one'))).toBe(false);
  });

  it('CONNECT announces what the client takes, PUBLISH how long it lives', async () => {
    const packets = await record({
      receiveMaximum: 7,
      packetLimitBytes: 4096,
      topicAliasMaximum: 9,
      requestProblemInfo: false,
      publishExpirySeconds: 30,
    });
    const of = (type: number) => {
      const { bytes } = packets.find((packet) => packet.type === type)!;
      return readPackets(bytes, () => 5).packets[0]!;
    };
    expect(of(1)).toMatchObject({
      properties: { receiveMaximum: 7, maximumPacketSize: 4096, topicAliasMaximum: 9, requestProblemInformation: 0 },
    });
    expect(of(3)).toMatchObject({ properties: { messageExpiry: 30 } });
    const plain = await record({});
    const { bytes } = plain.find(({ type }) => type === 3)!;
    expect(readPackets(bytes, () => 5).packets[0]).toMatchObject({ properties: {} });
    expect(bytes.includes(Buffer.from([2, 0, 0, 0]))).toBe(false);
  });
});
