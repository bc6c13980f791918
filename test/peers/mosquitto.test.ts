import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorCode, Secret } from '#base';
import { createPki } from '#lab';
import { type MqttMessage, type MqttOptions, openMqtt } from '#platform';
import { freePort, hasMosquitto, startMosquitto } from '../support/mosquitto.ts';

const options = (port: number, more: Partial<MqttOptions> = {}): MqttOptions => ({
  host: '127.0.0.1',
  port,
  transport: 'tcp',
  version: 5,
  clientId: '',
  keepAliveSeconds: 30,
  cleanStart: true,
  ...more,
});

describe.skipIf(!hasMosquitto)('the MQTT link against a real mosquitto (needs mosquitto)', () => {
  it('carries content type, response topic and payload, in MQTT 5 and 3.1.1', async () => {
    await using broker = await startMosquitto();
    const heard: MqttMessage[] = [];
    const events = { message: (message: MqttMessage) => void heard.push(message), closed: () => {} };
    await using five = await openMqtt(options(broker.port), events);
    expect(five.connack.assignedClientId).toMatch(/.+/);
    expect(await five.subscribe('to/agent/#', 1)).toBe(1);
    await using four = await openMqtt(options(broker.port, { version: 4, clientId: 'four' }), {
      message: () => {},
      closed: () => {},
    });
    const payload = Buffer.from([0, 255, 1]);
    await five.publish({ topic: 'to/agent', payload, qos: 1, responseTopic: 'back', contentType: 'usp.msg' });
    await four.publish({ topic: 'to/agent/reply-to=back', payload, qos: 0 });
    await expect.poll(() => heard.length).toBe(2);
    expect(heard[0]).toMatchObject({ topic: 'to/agent', responseTopic: 'back', contentType: 'usp.msg' });
    expect(Buffer.from(heard[0]!.payload)).toEqual(payload);
    expect(heard[1]).toMatchObject({ topic: 'to/agent/reply-to=back' });
  });

  it('says why it can not connect', async () => {
    await using broker = await startMosquitto('allow_anonymous false');
    const quiet = { message: () => {}, closed: () => {} };
    const refused = openMqtt(options(broker.port, { username: 'u', password: new Secret('p') }), quiet);
    expect(await refused.catch(errorCode)).toBe('MQTT_REFUSED');
    expect(await openMqtt(options(await freePort()), quiet).catch(errorCode)).toBe('MQTT_CONNECT');
  });

  it('uses mutual TLS, and does not speak to a broker of another authority', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'tandem-mqtt-tls-'));
    // A broker that was started by root reads its files as somebody else.
    chmodSync(directory, 0o755);
    const pki = createPki('Operator');
    const server = pki.issue({ commonName: 'broker', ip: ['127.0.0.1'], usage: 'server' });
    const put = (name: string, text: string): string => {
      writeFileSync(join(directory, name), text, { mode: 0o644 });
      return join(directory, name);
    };
    await using broker = await startMosquitto(
      `cafile ${put('ca.pem', pki.caPem)}\ncertfile ${put('cert.pem', server.certPem)}\nkeyfile ${put('key.pem', server.keyPem)}\nrequire_certificate true\nuse_identity_as_username true\nallow_anonymous true`,
    );
    const quiet = { message: () => {}, closed: () => {} };
    const client = pki.issue({ commonName: 'cpe', usage: 'client' });
    const own = { cert: client.certPem, key: new Secret(client.keyPem) };
    const secure = (ca: string) => options(broker.port, { transport: 'tls', tls: { ca, ...own } });
    await using link = await openMqtt(secure(pki.caPem), quiet);
    expect(await link.subscribe('a/b', 1)).toBe(1);
    expect(await openMqtt(secure(createPki('Operator').caPem), quiet).catch(errorCode)).toBe('MQTT_TLS');
    const anonymous = openMqtt(options(broker.port, { transport: 'tls', tls: { ca: pki.caPem } }), quiet);
    expect(await anonymous.catch(errorCode)).toMatch(/^MQTT_(CONNECT|TLS|REFUSED)$/);
    rmSync(directory, { recursive: true, force: true });
  });

  it('tells once when the broker goes away', async () => {
    const broker = await startMosquitto();
    const closed: (string | undefined)[] = [];
    await using link = await openMqtt(options(broker.port), {
      message: () => {},
      closed: (error) => void closed.push(errorCode(error)),
    });
    await broker[Symbol.asyncDispose]();
    await expect.poll(() => closed.length).toBe(1);
    const late = link.publish({ topic: 'x', payload: Buffer.from('y'), qos: 1 });
    expect(await late.catch(errorCode)).toMatch(/^MQTT_/);
    expect(closed).toHaveLength(1);
  });
});
