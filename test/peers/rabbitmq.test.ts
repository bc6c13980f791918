import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorCode, Secret, systemClock } from '#base';
import { createPki, installFactory, startController, startRouter } from '#lab';
import { openStomp, type StompMessage, type StompOptions } from '#platform';
import { configureAgent, fullController } from '../support/agent-config.ts';
import { buildBundles, startDaemon } from '../support/agent-process.ts';
import { hasRabbitMq, type RabbitMq, startRabbitMq } from '../support/rabbitmq.ts';
import { device, exchange } from '../support/usp-exchange.ts';

const pki = createPki('Operator');
const { certPem, keyPem } = pki.issue({ commonName: 'broker', ip: ['127.0.0.1'], usage: 'server' });
const client = pki.issue({ commonName: 'LAB0001', usage: 'client' });

describe.skipIf(!hasRabbitMq)('a real RabbitMQ with its STOMP plugin (needs rabbitmq-server)', () => {
  let broker: RabbitMq;
  beforeAll(async () => {
    broker = await startRabbitMq({ ca: pki.caPem, cert: certPem, key: keyPem });
  });
  afterAll(() => broker?.[Symbol.asyncDispose]());

  const open = async (more: Partial<StompOptions> = {}) => {
    const heard: StompMessage[] = [];
    const link = await openStomp(
      {
        host: '127.0.0.1',
        port: broker.port,
        clock: systemClock,
        virtualHost: '/',
        username: 'guest',
        password: new Secret('guest'),
        headers: { 'endpoint-id': 'os::1-2' },
        ...more,
      },
      { message: (message) => void heard.push(message), closed: () => {} },
    );
    return { link, heard };
  };

  it('carries bytes and headers both ways, and confirms what it is asked to', async () => {
    const { link, heard } = await open({ heartbeat: { outgoingMs: 10_000, incomingMs: 10_000 } });
    await using _ = link;
    expect(link.connected.get('version')).toBe('1.2');
    expect(link.connected.get('server')).toMatch(/^RabbitMQ/);
    expect(link.connected.get('heart-beat')).toBe('10000,10000');
    const subscription = await link.subscribe('/topic/usp.agent');
    const body = Buffer.from([0, 10, 255, 0, 13]);
    const headers = { 'content-type': 'application/vnd.bbf.usp.msg', 'reply-to-dest': '/topic/a:b\\c\nd' };
    link.send('/topic/usp.agent', headers, body);
    await expect.poll(() => heard.length).toBe(1);
    expect(Buffer.from(heard[0]!.body).equals(body)).toBe(true);
    expect(Object.fromEntries(heard[0]!.headers)).toMatchObject(headers);
    subscription[Symbol.dispose]();
    link.send('/topic/usp.agent', headers, body);
    await link.subscribe('/topic/usp.other');
    link.send('/topic/usp.other', headers, Buffer.alloc(3 << 20, 7));
    await expect.poll(() => heard.length).toBe(2);
    expect(heard[1]!.body.length).toBe(3 << 20);
  });

  it('refuses who is not its user, and a virtual host that it has not', async () => {
    expect(await open({ password: new Secret('wrong') }).catch(errorCode)).toBe('STOMP_REFUSED');
    expect(await open({ virtualHost: 'elsewhere' }).catch(errorCode)).toBe('STOMP_REFUSED');
  });

  it('manages the agent over mutual TLS', async () => {
    const bundles = await buildBundles();
    const directory = mkdtempSync(join(tmpdir(), 'tandem-rabbitmq-agent-'));
    try {
      const destination = '/queue/controller';
      const self = 'proto::lab-controller';
      await using router = await startRouter({ directory, reloadDelayMs: 20 });
      await using controller = await startController({
        endpointId: self,
        stomp: { host: '127.0.0.1', port: broker.port, destination, username: 'guest', password: 'guest' },
      });
      installFactory(router.root, { caPem: pki.caPem, client });
      configureAgent(router, [
        ...fullController(self),
        [
          'stomp',
          'broker',
          {
            enable: 1,
            host: '127.0.0.1',
            port: broker.tlsPort,
            encryption: 1,
            username: 'guest',
            password: 'guest',
            heartbeats: 1,
            outgoing_heartbeat: 5000,
          },
        ],
        ['mtp', 'own', { enable: 1, protocol: 'STOMP', connection: 'broker', destination: '/queue/agent' }],
        [
          'controller_mtp',
          'first_mtp',
          { controller: 'first', enable: 1, order: 1, protocol: 'STOMP', connection: 'broker', destination },
        ],
      ]);
      const agent = await startDaemon(bundles.dist, router);
      try {
        await controller.connected(device);
        const hello = await controller.record(({ stompConnect }) => stompConnect !== undefined);
        expect(hello.stompConnect).toEqual({ version: 0, subscribedDestination: '/queue/agent' });
        await exchange(controller, router);
        expect(agent.said()).not.toContain('guest');
      } finally {
        await agent.stop();
      }
    } finally {
      bundles.remove();
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
