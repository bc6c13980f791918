import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { type Controller, createPki, installFactory, startController, startRouter, startStompBroker } from '#lab';
import { buildBundles, startDaemon } from '../../support/agent-process.ts';
import { freePort } from '../../support/mosquitto.ts';
import { device } from '../../support/usp-exchange.ts';

const left: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of left.splice(0).reverse()) await one();
});
function use<T extends AsyncDisposable>(one: T): T {
  left.push(() => one[Symbol.asyncDispose]());
  return one;
}

it('factory data alone bring the agent to controllers over STOMP, UNIX sockets and its own WebSocket server', async () => {
  const bundles = await buildBundles();
  left.push(() => bundles.remove());
  const directory = mkdtempSync(join(tmpdir(), 'tandem-factory-'));
  left.push(() => rmSync(directory, { recursive: true, force: true }));
  const router = use(await startRouter({ directory, reloadDelayMs: 20 }));
  const broker = use(await startStompBroker({}));
  const pki = createPki('Operator');
  const [port, host] = [await freePort(), '127.0.0.1'];
  const [destination, path] = ['/queue/controller', '/var/run/usp/agent'];
  const overStomp = use(
    await startController({ endpointId: 'proto::stomp', stomp: { host, port: broker.port, destination } }),
  );
  installFactory(router.root, {
    caPem: pki.caPem,
    client: pki.issue({ commonName: 'LAB0001', ip: [host], usage: 'both' }),
    webSocketServer: { port },
    controllers: [
      {
        endpoint_id: 'proto::stomp',
        stomp: { broker: host, port: broker.port, encryption: false, destination, agent_destination: '/queue/agent' },
      },
      { endpoint_id: 'proto::uds', uds: { path } },
      { endpoint_id: 'proto::uds-two', uds: { path } },
      { endpoint_id: 'proto::ws' },
    ],
  });
  const agent = await startDaemon(bundles.dist, router);
  left.push(() => agent.stop('SIGKILL'));
  const overUds = await Promise.all(
    ['proto::uds', 'proto::uds-two'].map(async (endpointId) => {
      const controller = use(await startController({ endpointId }));
      await controller.joinUds({ path: join(router.root, path) });
      return controller;
    }),
  );
  const overWebSocket = use(await startController({ endpointId: 'proto::ws' }));
  await expect.poll(agent.said).toContain('listening for controllers');
  const uri = ['urn:bbf:usp:id:proto::ws'];
  const { certPem: cert, keyPem: key } = pki.issue({ commonName: 'ws', uri, usage: 'client' });
  await overWebSocket.joinWebSocket({
    agent: device,
    url: `wss://${host}:${port}/usp`,
    tls: { ca: pki.caPem, cert, key },
  });
  const endpointId = async (controller: Controller) => {
    await controller.connected(device);
    const get = { get: { paramPaths: ['Device.LocalAgent.EndpointID'], maxDepth: 0 } };
    const answer = await controller.ask(device, get, 'getResp');
    return answer.ok && answer.value.reqPathResults[0]!.resolvedPathResults[0]!.resultParams.EndpointID;
  };
  for (const controller of [overStomp, ...overUds, overWebSocket]) expect(await endpointId(controller)).toBe(device);
});
