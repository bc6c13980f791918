import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type Controller, installFactory, type Router, startController, startRouter } from '#lab';
import { type Requests, readMessage, readRecord, type UspRecord, writeMessage, writeRecord } from '#usp';
import { configureAgent, fullController } from '../../support/agent-config.ts';
import { type AgentProcess, buildBundles, startDaemon } from '../../support/agent-process.ts';
import { freePort } from '../../support/mosquitto.ts';
import { device } from '../../support/usp-exchange.ts';

// One controller that may do everything and means ill, at the agent's own server; another one that the agent has connected to, and that must not feel it. The daemon has the heap
// that it has on a router.
const [good, evil] = ['proto::good', 'proto::evil'];
const directory = mkdtempSync(join(tmpdir(), 'tandem-hostile-'));
let bundles: Awaited<ReturnType<typeof buildBundles>>;
let router: Router;
let agent: AgentProcess;
let controller: Controller;
let port: number;

beforeAll(async () => {
  bundles = await buildBundles();
  router = await startRouter({ directory, reloadDelayMs: 20 });
  installFactory(router.root, {});
  controller = await startController({ endpointId: good, webSocket: {} });
  port = await freePort();
  configureAgent(router, [
    ...fullController(good),
    ['controller', 'second', { enable: 1, endpoint_id: evil, role: 'full' }],
    ['mtp', 'own', { enable: 1, protocol: 'WebSocket', port, path: '/usp', encryption: 0 }],
    [
      'controller_mtp',
      'first_ws',
      {
        controller: 'first',
        enable: 1,
        protocol: 'WebSocket',
        host: '127.0.0.1',
        port: controller.port,
        path: '/usp',
        encryption: 0,
      },
    ],
  ]);
  agent = await startDaemon(bundles.dist, router, { NODE_OPTIONS: '--max-old-space-size=48' });
  await controller.connected(device);
  while (!agent.said().includes('listening for controllers')) await sleep(10);
});
afterAll(async () => {
  await agent?.stop('SIGKILL');
  await controller?.[Symbol.asyncDispose]();
  await router?.[Symbol.asyncDispose]();
  bundles?.remove();
  rmSync(directory, { recursive: true, force: true });
});

/** The other controller is answered, over the connection that it had before all this. */
async function goodIsServed(): Promise<void> {
  const get = { get: { paramPaths: ['Device.LocalAgent.EndpointID'], maxDepth: 0 } };
  const answer = await controller.ask(device, get, 'getResp');
  expect(answer.ok && answer.value.reqPathResults[0]!.errCode).toBe(0);
  expect(agent.child.exitCode ?? agent.child.signalCode).toBeNull();
  expect(controller.records.filter(({ websocketConnect }) => websocketConnect)).toHaveLength(1);
}
const residentKiB = (): number =>
  Number(/VmRSS:\s+([0-9]+)/.exec(readFileSync(`/proc/${agent.child.pid}/status`, 'utf8'))![1]);

interface Attacker {
  readonly socket: WebSocket;
  readonly records: UspRecord[];
  /** Close code; `undefined` while it is open. */
  code: number | undefined;
}
async function attack(): Promise<Attacker> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/usp?eid=${evil}`, 'v1.usp');
  const attacker: Attacker = { socket, records: [], code: undefined };
  socket.on('error', () => {});
  socket.on('message', (data: Buffer) => attacker.records.push(readRecord(data)));
  socket.on('close', (code) => {
    attacker.code = code;
  });
  await new Promise((resolve) => socket.once('open', resolve));
  return attacker;
}

const record = (payload: Uint8Array, more: Partial<UspRecord> = {}): Buffer =>
  writeRecord({ version: '1.4', toId: device, fromId: evil, noSessionContext: { payload }, ...more });
const request = (body: Partial<Requests>, id = 'r'): Uint8Array => writeMessage(id, { kind: 'request', request: body });
const get = (paths: readonly string[], id = 'r'): Uint8Array =>
  request({ get: { paramPaths: [...paths], maxDepth: 0 } }, id);
const header = Buffer.from([0x0a, 5, 0x0a, 1, 0x72, 0x10, 1]);
const nested = (depth: number): Buffer => {
  let inner = Buffer.alloc(0);
  for (let level = 0; level < depth && inner.length < 60_000; level++) {
    const length = inner.length < 128 ? [inner.length] : [(inner.length & 0x7f) | 0x80, inner.length >> 7];
    inner = Buffer.concat([Buffer.from([0x12, ...length]), inner]);
  }
  return inner;
};
const session = (sessionId: bigint, sequenceId: bigint): Buffer =>
  record(new Uint8Array(), {
    noSessionContext: undefined,
    sessionContext: {
      sessionId,
      sequenceId,
      expectedId: 2n ** 64n - 1n,
      retransmitId: 2n ** 64n - 1n,
      payloadSarState: 0,
      payloadrecSarState: 0,
      payload: [Buffer.from('x')],
    },
  } as unknown as Partial<UspRecord>);
const last = 2n ** 64n - 1n;

/** What it sends, and the code that it is closed with; `undefined`: it is answered or ignored. */
const hostile: readonly (readonly [string, readonly (Buffer | string)[], number | undefined])[] = [
  ['nothing', [Buffer.alloc(0)], undefined],
  ['a text frame', ['text'], 1003],
  ['no record', [Buffer.from('GET / HTTP/1.1\r\n\r\n')], 1003],
  ['a record with a field that is cut short', [record(get(['Device.'])).subarray(0, -1)], 1003],
  [
    'a record without a body',
    [record(new Uint8Array(), { noSessionContext: undefined } as Partial<UspRecord>)],
    undefined,
  ],
  ['no version', [record(get(['Device.']), { version: '' })], undefined],
  ['a version of the future', [record(get(['Device.']), { version: '99.99' })], undefined],
  ['an unknown payload security', [record(get(['Device.']), { payloadSecurity: 77 })], undefined],
  ['another receiver', [record(get(['Device.']), { toId: 'proto::other' })], undefined],
  ['another sender', [record(get(['Device.']), { fromId: good })], undefined],
  ['a message that is none', [record(Buffer.from([0xff, 0xff, 0xff]))], 1003],
  ['a message without a header', [record(Buffer.from([0x12, 0]))], undefined],
  ['a message without a body', [record(header)], undefined],
  ['a type that there is not', [record(Buffer.from([0x0a, 6, 0x0a, 1, 0x72, 0x10, 0x7f, 0x12, 0]))], undefined],
  [
    'a body of another type than the header says',
    [record(Buffer.concat([header, Buffer.from([0x12, 4, 0x12, 2, 0x0a, 0])]))],
    undefined,
  ],
  ['a thousand levels', [record(Buffer.concat([header, nested(1000)]))], undefined],
  [
    'bytes that are not UTF-8',
    [record(Buffer.concat([header, Buffer.from([0x12, 6, 0x0a, 4, 0x0a, 2, 0xc3, 0x28])]))],
    undefined,
  ],
  ['64 bits at their end', [session(last, 1n), session(last, last), session(1n, last), session(2n, 1n)], undefined],
  ['five MiB and a byte', [record(Buffer.alloc((5 << 20) + 1))], 1009],
];

describe('a controller that means ill', () => {
  it.each(hostile)('%s', async (_, frames, code) => {
    const attacker = await attack();
    for (const frame of frames) attacker.socket.send(frame);
    if (code !== undefined) await expect.poll(() => attacker.code).toBe(code);
    await goodIsServed();
    attacker.socket.terminate();
    // It is served itself, if it comes back and asks well.
    const again = await attack();
    again.socket.send(record(get(['Device.LocalAgent.EndpointID'], 'well')));
    const said = () =>
      again.records.flatMap(({ noSessionContext }) =>
        noSessionContext ? [readMessage(noSessionContext.payload).msgId] : [],
      );
    await expect.poll(said).toContain('well');
    again.socket.terminate();
  });

  it('pieces for ever', async () => {
    const attacker = await attack();
    const piece = Buffer.alloc(100);
    for (let n = 0; n < 20_000 && attacker.code === undefined; n++) {
      attacker.socket.send(piece, { fin: false });
      if (n % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await expect.poll(() => attacker.code).toBe(1008);
    await goodIsServed();
  });

  it.each<[string, Partial<Requests>]>([
    ['everything, a hundred thousand times', { get: { paramPaths: Array(100_000).fill('Device.'), maxDepth: 0 } }],
    [
      'everything by other names',
      {
        get: {
          paramPaths: Array.from({ length: 50_000 }, (_, n) => `Device.LocalAgent.Controller.[Alias!="${n}"].`),
          maxDepth: 0,
        },
      },
    ],
    [
      'all instances, a hundred thousand times',
      { getInstances: { objPaths: Array(100_000).fill('Device.'), firstLevelOnly: false } },
    ],
    [
      'the whole supported data model, a hundred thousand times',
      {
        getSupportedDm: {
          objPaths: Array(100_000).fill('Device.'),
          firstLevelOnly: false,
          returnCommands: true,
          returnEvents: true,
          returnParams: true,
          returnUniqueKeySets: true,
        },
      },
    ],
    [
      'fifty thousand rows',
      {
        add: {
          allowPartial: true,
          createObjs: Array.from({ length: 50_000 }, () => ({
            objPath: 'Device.LocalAgent.Subscription.',
            paramSettings: [],
          })),
        },
      },
    ],
    [
      'fifty thousand deletions',
      { delete: { allowPartial: true, objPaths: Array(50_000).fill('Device.LocalAgent.Subscription.*.') } },
    ],
  ])('that asks for too much is told so: %s', async (_, body) => {
    const attacker = await attack();
    attacker.socket.send(record(request(body, 'greedy')));
    await expect
      .poll(() => attacker.records.some(({ noSessionContext }) => noSessionContext), { timeout: 20_000 })
      .toBe(true);
    const { payload } = attacker.records.find(({ noSessionContext }) => noSessionContext)!.noSessionContext!;
    const answer = readMessage(payload).body;
    expect(JSON.stringify(answer)).toContain('7005');
    await goodIsServed();
    attacker.socket.terminate();
  });

  it('that asks without waiting has a backlog that ends', async () => {
    const attacker = await attack();
    const large = get(Array(200_000).fill('Device.X'));
    for (let n = 0; n < 12; n++) attacker.socket.send(record(get(Array(200_000).fill('Device.X'), `g${n}`)));
    expect(large.length).toBeGreaterThan(1 << 20);
    const errors = () =>
      attacker.records.filter(({ noSessionContext }) => {
        const body = noSessionContext && readMessage(noSessionContext.payload).body;
        return body?.kind === 'error' && body.error.errCode === 7005;
      }).length;
    await expect.poll(errors, { timeout: 20_000 }).toBeGreaterThan(0);
    await goodIsServed();
    attacker.socket.terminate();
  });

  it('a hundred of them at once, each with all of it', async () => {
    const before = residentKiB();
    const rounds = Array.from({ length: 100 }, async (_, n) => {
      const socket = new WebSocket(
        `ws://127.0.0.1:${port}/usp?eid=${n % 3 === 0 ? evil : `proto::nobody-${n}`}`,
        'v1.usp',
      );
      socket.on('error', () => {});
      socket.on('open', () => {
        for (const [, frames] of hostile) for (const frame of frames) socket.send(frame);
      });
      await new Promise((resolve) => socket.once('close', resolve));
    });
    for (let n = 0; n < 10; n++) await goodIsServed();
    for (let n = 0; n < 100; n++) {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/usp?eid=${evil}`, 'v1.usp');
      socket.on('error', () => {});
      socket.once('open', () => socket.terminate());
      await new Promise((resolve) => socket.once('close', resolve));
    }
    await Promise.race([Promise.all(rounds), new Promise((resolve) => setTimeout(resolve, 1000))]);
    await goodIsServed();
    // What it took is not kept: the heap's limit, and what Node has besides.
    expect(residentKiB() - before).toBeLessThan(100 * 1024);
    const again = await attack();
    again.socket.send(record(get(['Device.LocalAgent.EndpointID'])));
    await expect.poll(() => again.records.some(({ noSessionContext }) => noSessionContext)).toBe(true);
    again.socket.terminate();
  });
});
