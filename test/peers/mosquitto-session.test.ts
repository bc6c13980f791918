import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { errorCode, Secret } from '#base';
import { type MqttMessage, type MqttOptions, openMqtt } from '#platform';
import { hasMosquitto, startMosquitto } from '../support/mosquitto.ts';

const directories: string[] = [];
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

/** A file that the broker can read, though it was started by root and reads as somebody else. */
function file(text: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'tandem-mosquitto-file-'));
  directories.push(directory);
  chmodSync(directory, 0o755);
  writeFileSync(join(directory, 'file'), text, { mode: 0o644 });
  return join(directory, 'file');
}

async function open(port: number, more: Partial<MqttOptions> = {}) {
  const heard: MqttMessage[] = [];
  const link = await openMqtt(
    {
      host: '127.0.0.1',
      port,
      transport: 'tcp',
      version: 5,
      clientId: '',
      keepAliveSeconds: 30,
      cleanStart: true,
      ...more,
    },
    { message: (message) => void heard.push(message), closed: () => {} },
  );
  return { link, heard };
}

describe.skipIf(!hasMosquitto)('what a real mosquitto does for the MQTT link (needs mosquitto)', () => {
  it('takes a password, and no other', async () => {
    const salt = randomBytes(12);
    const hash = pbkdf2Sync('right', salt, 101, 64, 'sha512');
    const passwords = file(`agent:$7$101$${salt.toString('base64')}$${hash.toString('base64')}\n`);
    await using broker = await startMosquitto(`allow_anonymous false\npassword_file ${passwords}`);
    const as = (password: string) => open(broker.port, { username: 'agent', password: new Secret(password) });
    const { link } = await as('right');
    await using _ = link;
    expect(await link.subscribe('a', 1)).toBe(1);
    expect(await as('wrong').catch(errorCode)).toBe('MQTT_REFUSED');
  });

  it.each([4, 5] as const)(
    'carries user properties where there are any, until it is unsubscribed (version %i)',
    async (version) => {
      await using broker = await startMosquitto();
      const userProperties = { publish: { one: '1' } };
      const { link, heard } = await open(broker.port, { version, clientId: 'agent', userProperties });
      await using _ = link;
      await link.subscribe('a', 2);
      const publication = { topic: 'a', payload: Buffer.from('x'), qos: 2 } as const;
      await link.publish(publication);
      await expect.poll(() => heard.length).toBe(1);
      expect({ ...heard[0]!.userProperties }).toEqual(version === 5 ? { one: '1' } : {});
      await link.unsubscribe('a');
      await link.publish(publication);
      await link.subscribe('b', 1);
      await link.publish({ ...publication, topic: 'b' });
      await expect.poll(() => heard.length).toBe(2);
      expect(heard.map(({ topic }) => topic)).toEqual(['a', 'b']);
    },
  );

  it('has its will published when it is lost, not when it goes', async () => {
    await using broker = await startMosquitto();
    const watcher = await open(broker.port);
    await using _ = watcher.link;
    await watcher.link.subscribe('gone/#', 1);
    // A line that the test can cut.
    const ends: Socket[] = [];
    const line = createServer((near) => {
      const far = connect(broker.port, '127.0.0.1');
      ends.push(near, far);
      for (const end of [near, far]) end.on('error', () => {});
      near.pipe(far).pipe(near);
    });
    await new Promise<void>((resolve) => line.listen(0, '127.0.0.1', resolve));
    const port = (line.address() as AddressInfo).port;
    const will = (topic: string) => ({ topic, payload: Buffer.from('w'), qos: 1, contentType: 'usp.msg' }) as const;
    const orderly = await open(port, { will: will('gone/orderly') });
    await orderly.link[Symbol.asyncDispose]();
    await open(port, { will: will('gone/lost') });
    for (const end of ends) end.destroy();
    await expect.poll(() => watcher.heard.length).toBe(1);
    expect(watcher.heard[0]).toMatchObject({ topic: 'gone/lost', contentType: 'usp.msg' });
    line.close();
  });

  it('keeps a session for as long as it is asked to, and what was published meanwhile', async () => {
    await using broker = await startMosquitto();
    const kept = { clientId: 'agent', cleanStart: false, sessionExpirySeconds: 600 };
    const first = await open(broker.port, kept);
    expect(first.link.connack.sessionPresent).toBe(false);
    await first.link.subscribe('a', 1);
    await first.link[Symbol.asyncDispose]();
    const other = await open(broker.port);
    await using _ = other.link;
    await other.link.publish({ topic: 'a', payload: Buffer.from('meanwhile'), qos: 1 });
    const second = await open(broker.port, kept);
    await using __ = second.link;
    expect(second.link.connack.sessionPresent).toBe(true);
    await expect.poll(() => second.heard.map(({ payload }) => String(payload))).toEqual(['meanwhile']);
  });

  it('comes without an id to a broker, also where a session is to be kept', async () => {
    await using broker = await startMosquitto();
    for (const version of [4, 5] as const) {
      const { link } = await open(broker.port, { version, cleanStart: false });
      await using _ = link;
      expect(await link.subscribe('a', 1)).toBe(1);
    }
  });

  it('is not sent what is larger than its limit', async () => {
    await using broker = await startMosquitto();
    const { link, heard } = await open(broker.port, { packetLimitBytes: 1000 });
    await using _ = link;
    await link.subscribe('a', 1);
    const other = await open(broker.port);
    await using __ = other.link;
    await other.link.publish({ topic: 'a', payload: Buffer.alloc(2000), qos: 1 });
    await other.link.publish({ topic: 'a', payload: Buffer.alloc(900), qos: 1 });
    await expect.poll(() => heard.map(({ payload }) => payload.length)).toEqual([900]);
  });
});
