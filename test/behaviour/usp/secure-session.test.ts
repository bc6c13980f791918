import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Controller, createPki, installFactory, type Router, startController, startRouter } from '#lab';
import { configureAgent, fullController } from '../../support/agent-config.ts';
import { type AgentProcess, buildBundles, startDaemon } from '../../support/agent-process.ts';

// TLS within records between the daemon as it ships and the lab's controller, over a transport that protects nothing.
let bundles: Awaited<ReturnType<typeof buildBundles>>;
let directory: string;
let router: Router;
let agent: AgentProcess;
let controller: Controller;
const pki = createPki('Operator');
const device = 'os::00D09E-LAB0001';
const self = 'proto::lab-controller';
const session = 'Device.LocalAgent.Controller.1.E2ESession.';

beforeAll(async () => {
  bundles = await buildBundles();
});
afterAll(() => bundles.remove());
afterEach(async () => {
  await agent?.stop('SIGKILL');
  await controller[Symbol.asyncDispose]();
  await router[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

const issued = (endpoint: string) => {
  const uri = [`urn:bbf:usp:id:${endpoint}`];
  return pki.issue({ commonName: 'endpoint', uri, usage: 'both' });
};

async function begin(mode: 'Require' | 'Allow', endpoint = self): Promise<void> {
  directory = mkdtempSync(join(tmpdir(), 'tandem-secure-'));
  router = await startRouter({ directory, reloadDelayMs: 20 });
  const { certPem: cert, keyPem: key } = issued(endpoint);
  controller = await startController({
    endpointId: self,
    webSocket: {},
    secure: { cert, key, ca: pki.caPem },
    session: { mode: 'Require', payloadSecurity: 'tls' },
  });
  installFactory(router.root, { caPem: pki.caPem, client: issued(device), identity: 'certificate' });
  const { port } = controller;
  const mtp = { controller: 'first', enable: 1, protocol: 'WebSocket', host: '127.0.0.1', port, path: '/usp' };
  configureAgent(router, [
    ...fullController(self).slice(0, 2),
    [
      'controller',
      'first',
      { enable: 1, endpoint_id: self, role: 'full', session_mode: mode, payload_security: 'TLS' },
    ],
    ['controller_mtp', 'way', { ...mtp, encryption: 0 }],
  ]);
  agent = await startDaemon(bundles.dist, router);
  await controller.connected(device);
}
async function get(path: string): Promise<Record<string, string>> {
  const answer = await controller.ask(device, { get: { paramPaths: [path], maxDepth: 0 } }, 'getResp');
  if (!answer.ok) throw new Error(answer.fault.errMsg);
  return Object.assign({}, ...answer.value.reqPathResults[0]!.resolvedPathResults.map((one) => one.resultParams));
}

describe('payload security of the agent', () => {
  it('answers a controller that begins it, and its roles count', async () => {
    await begin('Allow');
    expect(await get(session)).toMatchObject({ Status: 'Up', PayloadSecurity: 'TLS' });
    const secured = controller.records.filter(({ payloadSecurity }) => payloadSecurity === 1);
    expect(secured.length).toBeGreaterThan(1);
    // The handshake is signed, what follows has a MAC.
    expect(secured[0]!.senderCert.length).toBeGreaterThan(0);
    expect(secured.at(-1)!.senderCert).toHaveLength(0);
    expect(secured.at(-1)!.macSignature).toHaveLength(32);
  });

  it('is begun by the agent where it is required; nothing goes in clear', async () => {
    await begin('Require');
    await controller.record(({ sessionContext }) => sessionContext !== undefined);
    while (controller.exchange(device).status !== 'Up') await sleep(10);
    expect(Object.keys(await get('Device.')).length).toBeGreaterThan(200);
    const told = controller.records.filter(({ noSessionContext }) => noSessionContext);
    expect(told).toEqual([]);
  });

  it('is not established with a certificate of another endpoint', async () => {
    await begin('Allow', 'proto::other');
    const asked = get(session).then(
      () => 'answered',
      () => 'refused',
    );
    while (!/is not trusted|is not the peer/.test(agent.said())) await sleep(10);
    expect(await Promise.race([asked, sleep(0, 'nothing')])).toBe('nothing');
  });
});
