import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { errorCode, Secret } from '#base';
import { createPki, installFactory, startController, startRouter } from '#lab';
import { type MqttMessage, type MqttOptions, openMqtt } from '#platform';
import { configureAgent, fullController } from '../support/agent-config.ts';
import { buildBundles, startDaemon } from '../support/agent-process.ts';
import { accepting, freePort, hasMosquitto, startMosquitto } from '../support/mosquitto.ts';
import { device, exchange } from '../support/usp-exchange.ts';

const options = (port: number, more: Partial<MqttOptions> = {}): MqttOptions => ({
  host: '127.0.0.1',
  port,
  transport: 'ws',
  version: 5,
  clientId: '',
  keepAliveSeconds: 30,
  cleanStart: true,
  ...more,
});
/** A broker with a WebSocket listener beside a plain one: with the former alone it does not start. */
async function startWebSocketBroker(extra = '') {
  const port = await freePort();
  const broker = await startMosquitto(
    `allow_anonymous true\nlistener ${port} 127.0.0.1\nprotocol websockets\n${extra}`,
  );
  await accepting(port);
  return { plain: broker.port, port, [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose]() };
}
const quiet = { message: () => {}, closed: () => {} };
const left: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of left.splice(0).reverse()) await one();
});

describe.skipIf(!hasMosquitto)('MQTT over WebSocket at a real mosquitto (needs mosquitto)', () => {
  it.each([4, 5] as const)(
    'carries publications, large ones too, and tells of its end (version %i)',
    async (version) => {
      const broker = await startWebSocketBroker();
      const heard: MqttMessage[] = [];
      const ends: (string | undefined)[] = [];
      await using link = await openMqtt(options(broker.port, { version, clientId: 'c' }), {
        message: (message) => void heard.push(message),
        closed: (error) => void ends.push(errorCode(error)),
      });
      expect(await link.subscribe('a', 1)).toBe(1);
      const payload = Buffer.alloc(20_000, 7);
      await link.publish({ topic: 'a', payload, qos: 1 });
      await expect.poll(() => heard.length).toBe(1);
      expect(Buffer.from(heard[0]!.payload).equals(payload)).toBe(true);
      await broker[Symbol.asyncDispose]();
      await expect.poll(() => ends).toEqual(['MQTT_BROKEN']);
    },
  );

  it('says why it can not connect', async () => {
    await using plain = await startMosquitto();
    expect(await openMqtt(options(await freePort()), quiet).catch(errorCode)).toBe('MQTT_CONNECT');
    expect(await openMqtt(options(plain.port), quiet).catch(errorCode)).toBe('MQTT_CONNECT');
  });

  it('within mutual TLS knows whom it speaks to, and nobody of another authority', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'tandem-mqtt-wss-'));
    left.push(() => rmSync(directory, { recursive: true, force: true }));
    // A broker that was started by root reads its files as somebody else.
    chmodSync(directory, 0o755);
    const pki = createPki('Operator');
    const server = pki.issue({ commonName: 'broker', ip: ['127.0.0.1'], usage: 'server' });
    const put = (name: string, text: string): string => {
      writeFileSync(join(directory, name), text, { mode: 0o644 });
      return join(directory, name);
    };
    await using broker = await startWebSocketBroker(
      `cafile ${put('ca.pem', pki.caPem)}\ncertfile ${put('cert.pem', server.certPem)}\nkeyfile ${put('key.pem', server.keyPem)}\nrequire_certificate true`,
    );
    const client = pki.issue({ commonName: 'cpe', usage: 'client' });
    const own = { cert: client.certPem, key: new Secret(client.keyPem) };
    const secure = (ca: string) => options(broker.port, { transport: 'wss', tls: { ca, ...own } });
    await using link = await openMqtt(secure(pki.caPem), quiet);
    expect(link.peer.encrypted).toBe(true);
    expect(link.peer.chain).toHaveLength(2);
    expect(await link.subscribe('a/b', 1)).toBe(1);
    expect(await openMqtt(secure(createPki('Operator').caPem), quiet).catch(errorCode)).toBe('MQTT_TLS');
  });

  it('carries everything that a controller does with the agent', async () => {
    const bundles = await buildBundles();
    left.push(() => bundles.remove());
    const broker = await startWebSocketBroker();
    left.push(() => broker[Symbol.asyncDispose]());
    const self = 'proto::lab-controller';
    const mqtt = { host: '127.0.0.1', port: broker.plain, topic: 'usp/controller' };
    const controller = await startController({ endpointId: self, mqtt });
    left.push(() => controller[Symbol.asyncDispose]());
    const directory = mkdtempSync(join(tmpdir(), 'tandem-mqtt-ws-'));
    left.push(() => rmSync(directory, { recursive: true, force: true }));
    const router = await startRouter({ directory, reloadDelayMs: 20 });
    left.push(() => router[Symbol.asyncDispose]());
    installFactory(router.root, {});
    configureAgent(router, [
      ...fullController(self),
      // The broker listens on the loopback interface, and so it is the one that connections come from.
      [
        'mqtt',
        'broker',
        {
          enable: 1,
          name: 'b',
          address: '127.0.0.1',
          port: broker.port,
          transport: 'WebSocket',
          interface: 'loopback',
        },
      ],
      ['mtp', 'own', { enable: 1, protocol: 'MQTT', client: 'broker', response_topic: 'usp/agent' }],
      [
        'controller_mtp',
        'm',
        { controller: 'first', enable: 1, protocol: 'MQTT', topic: 'usp/controller', agent_mtp: 'own' },
      ],
    ]);
    const agent = await startDaemon(bundles.dist, router);
    left.push(() => agent.stop('SIGKILL'));
    await controller.connected(device);
    await exchange(controller, router);
  });
});
