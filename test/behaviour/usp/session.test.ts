import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Controller, installFactory, type Router, startController, startRouter } from '#lab';
import { type AgentProcess, buildBundles, startDaemon } from '../../support/agent-process.ts';

// Session contexts between the daemon as it ships and the lab's controller, over WebSocket.
let bundles: Awaited<ReturnType<typeof buildBundles>>;
let directory: string;
let router: Router;
let agent: AgentProcess;
let controller: Controller;
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

async function begin(): Promise<void> {
  directory = mkdtempSync(join(tmpdir(), 'tandem-session-'));
  router = await startRouter({ directory, reloadDelayMs: 20 });
  controller = await startController({ endpointId: self, webSocket: {} });
  const websocket = { host: '127.0.0.1', port: controller.port, path: '/usp', encryption: false };
  installFactory(router.root, { controllers: [{ endpoint_id: self, websocket }] });
  agent = await startDaemon(bundles.dist, router);
  await controller.connected(device);
  await set({ PayloadSecurity: 'Plaintext' });
}

async function set(values: Record<string, string>): Promise<void> {
  const paramSettings = Object.entries(values).map(([param, value]) => ({ param, value, required: true }));
  const updateObjs = [{ objPath: session, paramSettings }];
  const answer = await controller.ask(device, { set: { allowPartial: false, updateObjs } }, 'setResp');
  expect(answer.ok).toBe(true);
}
async function get(path: string): Promise<Record<string, string>> {
  const answer = await controller.ask(device, { get: { paramPaths: [path], maxDepth: 0 } }, 'getResp');
  if (!answer.ok) throw new Error(answer.fault.errMsg);
  return Object.assign({}, ...answer.value.reqPathResults[0]!.resolvedPathResults.map((one) => one.resultParams));
}
const sessions = () => controller.records.flatMap(({ sessionContext }) => (sessionContext ? [sessionContext] : []));

describe('session contexts of the agent', () => {
  it('are taken when the controller begins one, and cut large answers to the size of a record', async () => {
    await begin();
    await set({ MaxUSPRecordSize: '512' });
    expect(sessions()).toEqual([]);
    controller.exchange(device).reset();
    expect((await get(session)).Status).toBe('Up');
    const all = await get('Device.');
    expect(Object.keys(all).length).toBeGreaterThan(200);
    const records = sessions();
    expect(records.length).toBeGreaterThan(20);
    expect(new Set(records.map(({ sessionId }) => sessionId)).size).toBe(1);
    expect(records.map(({ sequenceId }) => sequenceId)).toEqual(records.map((_, index) => BigInt(index + 1)));
    for (const { payload } of records) expect(payload[0]!.length).toBeLessThan(512);
  });

  it('are begun by the agent where they are required, and ended where they are forbidden', async () => {
    await begin();
    await set({ SessionMode: 'Require' });
    await controller.record(({ sessionContext }) => sessionContext !== undefined);
    expect((await get(session)).SessionMode).toBe('Require');
    const { sessionId } = sessions()[0]!;
    expect(sessionId).toBeGreaterThan(1n);

    const operate = { command: `${session}Reset()`, commandKey: '', sendResp: true, inputArgs: {} };
    expect((await controller.ask(device, { operate }, 'operateResp')).ok).toBe(true);
    await controller.record(
      ({ sessionContext }) => sessionContext !== undefined && sessionContext.sessionId !== sessionId,
    );

    await set({ SessionMode: 'Forbid' });
    await controller.record(({ disconnect }) => disconnect?.reasonCode === 7105);
    expect((await get(session)).Status).toBe('Down');
    controller.exchange(device).reset();
    await controller.record(({ disconnect }) => disconnect?.reasonCode === 7106);
    expect((await get(session)).SessionMode).toBe('Forbid');
  });

  it('do not answer what is malformed, and live on', async () => {
    await begin();
    const none = { retransmitId: 0n, payloadSarState: 0, payloadrecSarState: 0, expectedId: 1n };
    const sequences = [0n, (1n << 64n) - 1n, 5n];
    for (const sequenceId of sequences) {
      controller.send(device, { sessionContext: { sessionId: 99n, sequenceId, ...none, payload: [Buffer.from('x')] } });
    }
    controller.send(device, {});
    controller.exchange(device).reset();
    expect((await get(session)).Status).toBe('Up');
  });
});
