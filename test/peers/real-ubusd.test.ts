import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BlobTable, connectUbus, type UbusClient } from '#platform';

const daemonPath = process.env.TANDEM_UBUSD;
const reason = 'TANDEM_UBUSD does not name the ubusd to test against';
if (daemonPath === undefined) console.log(`real ubusd: skipped, ${reason}`);
const cliPath = join(dirname(daemonPath ?? ''), 'ubus');

const code = (wanted: string) => expect.objectContaining({ code: wanted });
const mixed = { s: 'größe', n: -1, f: 1.5, b: true, z: null, big: 5_000_000_000, huge: 2n ** 60n, a: [1, 'x', {}] };
const plain = (table: BlobTable): unknown =>
  JSON.parse(JSON.stringify(table, (_name, value) => (typeof value === 'bigint' ? `${value}n` : value)));

describe.skipIf(daemonPath === undefined)(`against a real ubusd (skipped when ${reason})`, () => {
  let directory: string;
  let path: string;
  let daemon: ChildProcess;
  let clients: UbusClient[];

  const startDaemon = async (): Promise<void> => {
    daemon = spawn(daemonPath!, ['-s', path], { stdio: 'ignore' });
    while (!existsSync(path)) await wait(2);
  };
  const stopDaemon = async (): Promise<void> => {
    const gone = once(daemon, 'exit');
    daemon.kill();
    await gone;
    rmSync(path, { force: true });
  };
  const client = async (): Promise<UbusClient> => {
    const made = await connectUbus({ path, reconnectMs: 10, persist: true });
    clients.push(made);
    while (!made.connected) await wait(2);
    return made;
  };
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'tandem-real-'));
    path = join(directory, 'ubus.sock');
    clients = [];
    await startDaemon();
  });
  afterEach(async () => {
    for (const one of clients) await one[Symbol.asyncDispose]();
    await stopDaemon();
    rmSync(directory, { recursive: true });
  });

  it('calls, with every type there and back, pipelined', async () => {
    const [bus, provider] = [await client(), await client()];
    provider.publish('test', { echo: { args: { s: 'string', n: 'int32' }, call: ({ args }) => args } });
    await provider.settled();
    expect((await bus.list('test'))[0]!.methods.echo).toEqual({ s: 'string', n: 'int32' });
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, n) => bus.invoke('test', 'echo', { ...mixed, n })),
    );
    expect(answers.map(plain)).toEqual(Array.from({ length: 200 }, (_, n) => plain({ ...mixed, n })));
    await expect(bus.invoke('absent', 'x')).rejects.toEqual(code('UBUS_NOT_FOUND'));
    await expect(bus.invoke('test', 'x')).rejects.toEqual(code('UBUS_METHOD_NOT_FOUND'));
    expect(await bus.list('absent')).toEqual([]);
  });

  it('large answers and the limit of a message', async () => {
    const [bus, provider] = [await client(), await client()];
    provider.publish('test', { big: { args: {}, call: () => ({ text: 'x'.repeat(1_000_000) }) } });
    await provider.settled();
    for (let n = 0; n < 3; n++) expect((await bus.invokeForData('test', 'big')).text).toHaveLength(1_000_000);
    await expect(bus.invoke('test', 'big', { text: 'x'.repeat(1_048_576) })).rejects.toEqual(code('UBUS_TOO_LARGE'));
    expect(bus.connected).toBe(true);
  });

  it('a provider that dies in the middle of a call', async () => {
    const [bus, provider] = [await client(), await client()];
    let called = (): void => {};
    const reached = new Promise<void>((resolve) => {
      called = resolve;
    });
    provider.publish('test', {
      hang: {
        args: {},
        call: () => {
          called();
          return new Promise<undefined>(() => {});
        },
      },
    });
    await provider.settled();
    await expect(bus.invoke('test', 'hang', {}, { timeoutMs: 10 })).rejects.toEqual(code('UBUS_TIMEOUT'));
    const failed = expect(bus.invoke('test', 'hang', {}, { timeoutMs: 60_000 })).rejects.toEqual(
      code('UBUS_OBJECT_GONE'),
    );
    await reached;
    await provider[Symbol.asyncDispose]();
    await failed;
  });

  it('a call under an id that has just become stale', async () => {
    const [bus, provider] = [await client(), await client()];
    for (let n = 0; n < 20; n++) {
      const object = provider.publish('test', { where: { args: {}, call: () => ({ n }) } });
      await provider.settled();
      expect(plain(await bus.invoke('test', 'where'))).toEqual({ n });
      object[Symbol.dispose]();
    }
  });

  it('events and one subscription for many, before and after a restart', async () => {
    const [bus, provider] = [await client(), await client()];
    const events: unknown[] = [];
    const ticks: unknown[] = [];
    bus.listen('test.*', (name, data) => events.push([name, plain(data)]));
    bus.subscribe('source', (name, data) => ticks.push([name, plain(data)]));
    bus.subscribe('source', () => {});
    const source = provider.publish('source', {});
    for (const round of [1, 2]) {
      while (!(provider.connected && bus.connected && source.hasSubscribers)) await wait(2);
      await provider.sendEvent('test.event', { ...mixed, n: round });
      await source.notify('tick', { round });
      while (events.length < round || ticks.length < round) await wait(2);
      if (round === 2) break;
      await stopDaemon();
      while (provider.connected || bus.connected) await wait(2);
      await startDaemon();
    }
    // Whatever came twice would be here before the answer.
    await bus.list();
    expect(events).toEqual([1, 2].map((n) => ['test.event', plain({ ...mixed, n })]));
    expect(ticks).toEqual([1, 2].map((round) => ['tick', { round }]));
  });

  it.skipIf(!existsSync(cliPath))('the ubus command (skipped when it is not beside ubusd)', async () => {
    const provider = await client();
    provider.publish('test', {
      hello: {
        args: { id: 'int32', msg: 'string' },
        call: async ({ args, user }) => {
          await wait(5);
          return { message: `${args.msg} ${args.id}`, user: user ?? null };
        },
      },
    });
    await provider.settled();
    const ubus = async (...args: string[]): Promise<string> =>
      (await promisify(execFile)(cliPath, ['-s', path, ...args])).stdout;
    expect(JSON.parse(await ubus('call', 'test', 'hello', '{"id":7,"msg":"hi"}'))).toEqual({
      message: 'hi 7',
      user: 'root',
    });
    expect(await ubus('-v', 'list', 'test')).toContain('"hello":{"id":"Integer","msg":"String"}');
    await expect(ubus('call', 'test', 'absent')).rejects.toMatchObject({
      stderr: expect.stringContaining('Method not found'),
    });
    const heard: unknown[] = [];
    provider.listen('from.cli', (name, data) => heard.push([name, plain(data)]));
    await provider.settled();
    await ubus('send', 'from.cli', '{"a":[1,"x"]}');
    while (heard.length === 0) await wait(2);
    expect(heard).toEqual([['from.cli', { a: [1, 'x'] }]]);
  });
});
