import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { errorCode } from '#base';
import { type MqttLink, type MqttOptions, openMqtt } from '#platform';
import { HandClock } from '../support/hand-clock.ts';

let broker: Server | undefined;
const peers: Socket[] = [];
const links: MqttLink[] = [];
afterEach(async () => {
  for (const peer of peers.splice(0)) peer.destroy();
  for (const link of links.splice(0)) await link[Symbol.asyncDispose]();
  broker?.close();
});

/** A broker below MQTT: for what a real one does not do. @param heard with every piece after the CONNECT */
async function serve(greeting: Uint8Array, heard: (peer: Socket, piece: Buffer) => void = () => {}): Promise<number> {
  broker = createServer((peer) => {
    peers.push(peer);
    peer.on('error', () => {});
    peer.once('data', () => {
      peer.write(greeting);
      peer.on('data', (piece: Buffer) => heard(peer, piece));
    });
  });
  await new Promise<void>((resolve) => broker!.listen(0, '127.0.0.1', resolve));
  return (broker.address() as AddressInfo).port;
}

async function open(port: number, more: Partial<MqttOptions> = {}) {
  const ends: (string | undefined)[] = [];
  const heard: string[] = [];
  const link = await openMqtt(
    {
      host: '127.0.0.1',
      port,
      transport: 'tcp',
      version: 5,
      clientId: 'agent',
      keepAliveSeconds: 60,
      cleanStart: true,
      ...more,
    },
    {
      message: ({ payload }) => void heard.push(Buffer.from(payload).toString()),
      closed: (error) => void ends.push(errorCode(error)),
    },
  );
  links.push(link);
  return { link, ends, heard };
}
const failure = (work: Promise<unknown>): Promise<string | undefined> => work.then(() => '', errorCode);

const taken = { 4: Buffer.from([0x20, 2, 0, 0]), 5: Buffer.from([0x20, 3, 0, 0, 0]) };
/** A publication of 200 MiB, the first bytes of it. */
const huge = Buffer.from([0x30, 0x80, 0x80, 0x80, 0x64, 0, 1, 0x61, 0]);

describe('the MQTT link and a broker that misbehaves', () => {
  it.each([4, 5] as const)('ends at the announcement of a packet that is too large (version %i)', async (version) => {
    const port = await serve(taken[version]);
    const { ends, link } = await open(port, { version });
    peers[0]!.write(huge);
    await expect.poll(() => ends).toEqual(['MQTT_BROKEN']);
    expect(await failure(link.subscribe('a', 1))).toBe('MQTT_BROKEN');
  });

  it('does not open where such a packet comes with the first', async () => {
    expect(await failure(open(await serve(Buffer.concat([taken[5], huge]))))).toBe('MQTT_BROKEN');
  });

  it('ends at bytes that are not MQTT, instead of being deaf from then on', async () => {
    const { ends } = await open(await serve(taken[5]));
    peers[0]!.write(Buffer.from([0xff, 0x01, 0x00]));
    await expect.poll(() => ends).toEqual(['MQTT_BROKEN']);
    expect(await failure(open(await serve(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'))))).toBe('MQTT_CONNECT');
  });

  it('ends with the reason that the broker disconnects with, though the broker does not close', async () => {
    const { ends } = await open(await serve(taken[5]));
    peers[0]!.write(Buffer.from([0xe0, 1, 0x8e]));
    await expect.poll(() => ends).toEqual(['MQTT_REFUSED']);
  });

  it.each([true, false])('fails what waits when the connection breaks (clean start: %s)', async (cleanStart) => {
    const port = await serve(taken[5], (peer) => peer.destroy());
    for (const ask of [
      (link: MqttLink) => link.publish({ topic: 'a', payload: Buffer.from('x'), qos: 1 }),
      (link: MqttLink) => link.subscribe('a', 1),
      (link: MqttLink) => link.unsubscribe('a'),
    ]) {
      const { ends, link } = await open(port, { cleanStart });
      expect(await failure(ask(link))).toBe('MQTT_BROKEN');
      expect(ends).toEqual(['MQTT_BROKEN']);
      expect(await failure(ask(link))).toBe('MQTT_BROKEN');
    }
  });

  it.each([
    [4, [0x90, 3], [0x80]],
    [5, [0x90, 4], [0, 0x87]],
  ] as const)('says that a subscription was refused, and stays (version %i)', async (version, before, after) => {
    const answers: number[][] = [[...after], [...after.slice(0, -1), 1]];
    const port = await serve(taken[version], (peer, piece) =>
      // The packet's id follows the two bytes of the fixed header.
      peer.write(Buffer.from([...before, piece[2]!, piece[3]!, ...answers.shift()!])),
    );
    const { link, ends } = await open(port, { version });
    expect(await failure(link.subscribe('theirs', 1))).toBe('MQTT_REFUSED');
    expect(await link.subscribe('mine', 1)).toBe(1);
    expect(ends).toEqual([]);
  });

  it('says that a publication was refused', async () => {
    const port = await serve(taken[5], (peer, piece) =>
      peer.write(Buffer.from([0x40, 4, piece[5]!, piece[6]!, 0x97, 0])),
    );
    const { link, ends } = await open(port);
    const publishing = link.publish({ topic: 'a', payload: Buffer.from('x'), qos: 1 });
    await expect(publishing).rejects.toMatchObject({ code: 'MQTT_REFUSED', message: expect.stringContaining('151') });
    expect(ends).toEqual([]);
  });

  it('does not wait for ever, when it is disposed of, for a broker that acknowledges nothing', async () => {
    const clock = new HandClock();
    let arrived = 0;
    const port = await serve(taken[5], () => arrived++);
    const { ends, link } = await open(port, { clock });
    const publishing = failure(link.publish({ topic: 'a', payload: Buffer.from('x'), qos: 1 }));
    await expect.poll(() => arrived).toBe(1);
    const parting = link[Symbol.asyncDispose]();
    await expect.poll(() => clock.nextMs).toBe(5000);
    clock.advance(5000);
    await parting;
    expect(await publishing).toBe('MQTT_BROKEN');
    expect(ends).toEqual([]);
  });

  it('stops connecting when told to', async () => {
    const port = await serve(Buffer.alloc(0));
    const stop = new AbortController();
    const opening = failure(open(port, { signal: stop.signal }));
    await expect.poll(() => peers.length).toBe(1);
    const gone = new Promise((resolve) => peers[0]!.once('close', resolve));
    stop.abort();
    expect(await opening).toBe('MQTT_ABORTED');
    await gone;
    expect(await failure(open(port, { signal: stop.signal }))).toBe('MQTT_ABORTED');
    expect(peers).toHaveLength(1);
  });

  it('gives up a broker that never answers, and tells what was refused', async () => {
    expect(await failure(open(await serve(Buffer.alloc(0)), { connectTimeoutMs: 50 }))).toBe('MQTT_TIMEOUT');
    await expect(open(await serve(Buffer.from([0x20, 3, 0, 0x87, 0])))).rejects.toMatchObject({
      code: 'MQTT_REFUSED',
      message: expect.stringContaining('135'),
    });
  });

  it('calls a broker that does not speak TLS, and a certificate that is none, a TLS problem', async () => {
    const port = await serve(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect(await failure(open(port, { transport: 'tls' }))).toBe('MQTT_TLS');
    expect(await failure(open(port, { transport: 'tls', tls: { cert: 'none' } }))).toBe('MQTT_TLS');
  });

  it('says what the broker allows', async () => {
    const port = await serve(Buffer.from([0x20, 8, 0, 0, 5, 0x27, 0, 0, 0x10, 0]));
    const { link } = await open(port);
    expect(link.connack).toMatchObject({ sessionPresent: false, maximumPacketSize: 4096 });
  });
});
