import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Router, startRouter } from '#lab';
import { type BlobTable, connectUbus, type UbusClient, UbusError, ubusStatus } from '#platform';
import { HandClock } from '../support/hand-clock.ts';
import { HoldingProxy } from '../support/holding-proxy.ts';

let directory: string;
let router: Router;
let bus: UbusClient;
let other: UbusClient;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tandem-ubus-'));
  router = await startRouter({ directory, reloadDelayMs: 5, rebootMs: 5 });
  bus = await connectUbus({ path: router.socketPath, reconnectMs: 5 });
  other = await connectUbus({ path: router.socketPath, reconnectMs: 5 });
});
afterEach(async () => {
  await bus[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
  await router[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

const code = (wanted: string) => expect.objectContaining({ code: wanted });

/** The state that comes next; ask before causing it. */
const nextState = (client: UbusClient, wanted: boolean): Promise<void> =>
  new Promise((resolve) => {
    const stop = client.onState((connected) => {
      if (connected !== wanted) return;
      stop[Symbol.dispose]();
      resolve();
    });
  });

/** Collects what is heard; `until` resolves once so many have come. */
class Heard {
  readonly all: [string, BlobTable][] = [];
  #waiting: (() => void)[] = [];
  readonly take = (name: string, data: BlobTable): void => {
    this.all.push([name, { ...data }]);
    for (const resume of this.#waiting.splice(0)) resume();
  };
  async until(count: number): Promise<void> {
    while (this.all.length < count) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

describe('calls', () => {
  it('answer with data, and pipelined calls each get their own', async () => {
    const [board, ...devices] = await Promise.all([
      bus.invoke('system', 'board'),
      ...['br-lan', 'lo', 'br-lan', 'lo'].map((name) => bus.invoke('network.device', 'status', { name })),
    ]);
    expect(board).toHaveProperty('board_name');
    expect(devices.map((device) => device.type)).toEqual([
      devices[0]!.type,
      devices[1]!.type,
      devices[0]!.type,
      devices[1]!.type,
    ]);
    expect(devices[0]!.type).not.toEqual(devices[1]!.type);
  });

  it('carry the status of a refusal', async () => {
    await expect(bus.invoke('no.such.object', 'x')).rejects.toEqual(code('UBUS_NOT_FOUND'));
    await expect(bus.invoke('system', 'no-such-method')).rejects.toEqual(code('UBUS_METHOD_NOT_FOUND'));
    await expect(bus.invoke('uci', 'get', { config: 'absent' })).rejects.toMatchObject({ status: ubusStatus.notFound });
  });

  it('end by our own timeout when the provider never answers', async () => {
    using _ = router.failures.hang('system', 'board');
    await expect(bus.invoke('system', 'board', {}, { timeoutMs: 20 })).rejects.toEqual(code('UBUS_TIMEOUT'));
    expect(await bus.invoke('system', 'info')).toHaveProperty('uptime');
  });

  it('end by the signal', async () => {
    using _ = router.failures.hang('system', 'board');
    const stop = new AbortController();
    const call = bus.invoke('system', 'board', {}, { signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(call).rejects.toThrow('enough');
    await expect(bus.invoke('system', 'board', {}, { signal: stop.signal })).rejects.toThrow('enough');
  });

  it('fail as soon as the object dies under them, and find it again under its new id', async () => {
    const back = new Heard();
    bus.listen('ubus.object.add', (name, data) => data.path === 'network.device' && back.take(name, data));
    await bus.settled();
    const before = (await bus.list('network.device'))[0]!.id;
    {
      using _ = router.failures.dieDuring('network.device', 'status', 5);
      await expect(bus.invoke('network.device', 'status', {}, { timeoutMs: 60_000 })).rejects.toEqual(
        code('UBUS_OBJECT_GONE'),
      );
    }
    await back.until(1);
    expect(await bus.invoke('network.device', 'status', { name: 'lo' })).toHaveProperty('type');
    expect((await bus.list('network.device'))[0]!.id).not.toBe(before);
  });

  it('look up once more when the daemon does not know a remembered id any more', async () => {
    const first = other.publish('moving', { where: { args: {}, call: () => ({ at: 1 }) } });
    await other.settled();
    expect({ ...(await bus.invoke('moving', 'where')) }).toEqual({ at: 1 });
    first[Symbol.dispose]();
    other.publish('moving', { where: { args: {}, call: () => ({ at: 2 }) } });
    // The event that tells of the removal is still unread here, so the call goes out under the old id.
    const answer = other.settled().then(() => bus.invoke('moving', 'where'));
    expect({ ...(await answer) }).toEqual({ at: 2 });
  });

  it('pass a NOT_FOUND of the object itself on without calling twice', async () => {
    let calls = 0;
    other.publish('picky', {
      get: {
        args: {},
        call: () => {
          calls++;
          throw new UbusError(ubusStatus.notFound, 'nothing here');
        },
      },
    });
    await other.settled();
    for (const expected of [1, 2]) {
      await expect(bus.invoke('picky', 'get')).rejects.toEqual(code('UBUS_NOT_FOUND'));
      expect(calls).toBe(expected);
    }
  });

  it('tell success without data from an answer only where data is asked for', async () => {
    using _ = router.failures.dropData('system', 'board');
    expect({ ...(await bus.invoke('system', 'board')) }).toEqual({});
    await expect(bus.invokeForData('system', 'board')).rejects.toEqual(code('UBUS_NO_DATA'));
  });

  it('take answers of hundreds of kilobytes and refuse what ubusd would disconnect for', async () => {
    other.publish('big', { echo: { args: { text: 'string' }, call: ({ args }) => args } });
    await other.settled();
    const text = 'x'.repeat(700_000);
    expect((await bus.invoke('big', 'echo', { text })).text === text).toBe(true);
    await expect(bus.invoke('big', 'echo', { text: 'x'.repeat(1_048_576) })).rejects.toEqual(code('UBUS_TOO_LARGE'));
    expect(bus.connected).toBe(true);
  });
});

describe('list', () => {
  it('takes an exact path, a prefix, or everything', async () => {
    const paths = async (pattern?: string): Promise<string[]> => (await bus.list(pattern)).map((object) => object.path);
    expect(await paths('system')).toEqual(['system']);
    expect(await paths('network.interface.*')).toContain('network.interface.lan');
    expect(await paths()).toEqual(await paths('*'));
    expect(await paths('no.such')).toEqual([]);
    expect((await bus.list('uci'))[0]!.methods.get).toMatchObject({ config: 'string', section: 'string' });
  });
});

describe('events', () => {
  it('come by exact name or prefix, once each, and not to their sender', async () => {
    const exact = new Heard();
    const prefix = new Heard();
    const own = new Heard();
    bus.listen('test.one', exact.take);
    bus.listen('test.*', prefix.take);
    other.listen('test.*', own.take);
    await Promise.all([bus.settled(), other.settled()]);
    await other.sendEvent('test.one', { n: 1 });
    await other.sendEvent('test.two', { n: 2 });
    await prefix.until(2);
    expect(prefix.all).toEqual([
      ['test.one', { n: 1 }],
      ['test.two', { n: 2 }],
    ]);
    expect(exact.all).toEqual([['test.one', { n: 1 }]]);
    expect(own.all).toEqual([]);
    await expect(bus.sendEvent('ubus.forged', {})).rejects.toEqual(code('UBUS_PERMISSION_DENIED'));
  });

  it('stop with the last listener; a listener that throws keeps nobody from hearing', async () => {
    const heard = new Heard();
    const last = new Heard();
    const first = bus.listen('test.x', () => {
      throw new Error('clumsy');
    });
    const second = bus.listen('test.x', heard.take);
    bus.listen('test.last', last.take);
    await bus.settled();
    await other.sendEvent('test.x', {});
    await heard.until(1);
    first[Symbol.dispose]();
    second[Symbol.dispose]();
    await bus.settled();
    await other.sendEvent('test.x', {});
    await other.sendEvent('test.last', {});
    await last.until(1);
    expect(heard.all).toHaveLength(1);
  });
});

describe('subscriptions', () => {
  const path = 'source';

  it('wait for the object, hear it once however many subscribe, and return with it', async () => {
    const a = new Heard();
    const b = new Heard();
    bus.subscribe(path, a.take);
    bus.subscribe(path, b.take);
    await bus.settled();
    for (const round of [1, 2]) {
      const source = other.publish(path, {});
      await other.settled();
      const subscribed = new Promise<void>((resolve) => {
        const look = (): void => void (source.hasSubscribers ? resolve() : setImmediate(look));
        look();
      });
      await subscribed;
      await source.notify('tick', { round });
      await Promise.all([a.until(round), b.until(round)]);
      source[Symbol.dispose]();
      await other.settled();
    }
    const both = [
      ['tick', { round: 1 }],
      ['tick', { round: 2 }],
    ];
    expect(a.all).toEqual(both);
    expect(b.all).toEqual(both);
  });

  it('end when the last subscriber goes', async () => {
    const source = other.publish(path, {});
    await other.settled();
    const subscription = bus.subscribe(path, () => {});
    await bus.settled();
    await other.list(path);
    expect(source.hasSubscribers).toBe(true);
    subscription[Symbol.dispose]();
    await bus.settled();
    await other.list(path);
    expect(source.hasSubscribers).toBe(false);
  });
});

describe('objects of ours', () => {
  it('are called with arguments and caller, and answer now, later or without data', async () => {
    let release = (): void => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    other.publish('ours', {
      echo: { args: { text: 'string', count: 'int32' }, call: ({ args, user }) => ({ ...args, user: user ?? null }) },
      later: { args: {}, call: async () => released.then(() => ({ late: true })) },
      quiet: { args: {}, call: () => undefined },
      broken: {
        args: {},
        call: () => {
          throw new TypeError('a bug');
        },
      },
      refused: {
        args: {},
        call: () => {
          throw new UbusError(ubusStatus.notSupported, 'no');
        },
      },
    });
    await other.settled();
    expect((await bus.list('ours'))[0]!.methods.echo).toEqual({ text: 'string', count: 'int32' });
    const later = bus.invoke('ours', 'later');
    expect({ ...(await bus.invoke('ours', 'echo', { text: 'hi', count: 7 })) }).toEqual({
      text: 'hi',
      count: 7,
      user: 'root',
    });
    release();
    expect({ ...(await later) }).toEqual({ late: true });
    await expect(bus.invokeForData('ours', 'quiet')).rejects.toEqual(code('UBUS_NO_DATA'));
    await expect(bus.invoke('ours', 'broken')).rejects.toEqual(code('UBUS_UNKNOWN_ERROR'));
    await expect(bus.invoke('ours', 'refused')).rejects.toEqual(code('UBUS_NOT_SUPPORTED'));
    await expect(bus.invoke('ours', 'toString')).rejects.toEqual(code('UBUS_METHOD_NOT_FOUND'));
  });

  it('take the path as soon as its holder lets go', async () => {
    const holder = other.publish('wanted', { who: { args: {}, call: () => ({ is: 'holder' }) } });
    await other.settled();
    bus.publish('wanted', { who: { args: {}, call: () => ({ is: 'heir' }) } });
    await bus.settled();
    const third = await connectUbus({ path: router.socketPath });
    const added = new Heard();
    third.listen('ubus.object.add', added.take);
    await third.settled();
    expect({ ...(await third.invoke('wanted', 'who')) }).toEqual({ is: 'holder' });
    holder[Symbol.dispose]();
    await added.until(1);
    expect({ ...(await third.invoke('wanted', 'who')) }).toEqual({ is: 'heir' });
    await third[Symbol.asyncDispose]();
  });
});

describe('a restart of ubusd', () => {
  it('fails what is under way, and everything registered is there again when the connection is', async () => {
    const events = new Heard();
    const ticks = new Heard();
    bus.listen('test.*', events.take);
    bus.subscribe('source', ticks.take);
    bus.publish('ours', { hello: { args: {}, call: () => ({ from: 'ours' }) } });
    const source = other.publish('source', {});
    await Promise.all([bus.settled(), other.settled()]);
    const hanging = router.failures.hang('system', 'board');
    const call = bus.invoke('system', 'board', {}, { timeoutMs: 60_000 });
    const failed = expect(call).rejects.toEqual(code('UBUS_DISCONNECTED'));
    await bus.invoke('system', 'info');

    const down = [nextState(bus, false), nextState(other, false)];
    await router.stopBus();
    await Promise.all([...down, failed]);
    expect(bus.connected).toBe(false);
    await expect(bus.invoke('system', 'info')).rejects.toEqual(code('UBUS_DISCONNECTED'));
    await source.notify('into the void', {});
    hanging[Symbol.dispose]();

    const up = [nextState(bus, true), nextState(other, true)];
    await router.startBus();
    await Promise.all(up);
    expect(await bus.invoke('system', 'board')).toHaveProperty('board_name');
    expect({ ...(await other.invoke('ours', 'hello')) }).toEqual({ from: 'ours' });
    await bus.settled();
    while (!source.hasSubscribers) await other.list('source');
    await source.notify('tick', { n: 1 });
    await other.sendEvent('test.again', { n: 2 });
    await Promise.all([ticks.until(1), events.until(1)]);
    expect(ticks.all).toEqual([['tick', { n: 1 }]]);
    expect(events.all).toEqual([['test.again', { n: 2 }]]);
  });

  it('is waited for from the start when asked to', async () => {
    await router.stopBus();
    await expect(connectUbus({ path: router.socketPath })).rejects.toEqual(code('UBUS_DISCONNECTED'));
    const client = await connectUbus({ path: router.socketPath, reconnectMs: 5, persist: true });
    expect(client.connected).toBe(false);
    const up = nextState(client, true);
    await router.startBus();
    await up;
    expect(await client.invoke('system', 'info')).toHaveProperty('uptime');
    await client[Symbol.asyncDispose]();
  });

  it('ends with disposal: nothing is called or connected any more', async () => {
    const client = await connectUbus({ path: router.socketPath, reconnectMs: 5 });
    using _ = router.failures.hang('system', 'board');
    const failed = expect(client.invoke('system', 'board')).rejects.toEqual(code('UBUS_DISCONNECTED'));
    await client[Symbol.asyncDispose]();
    await failed;
    expect(client.connected).toBe(false);
    await expect(client.invoke('system', 'info')).rejects.toEqual(code('UBUS_DISCONNECTED'));
  });
});

describe('a ubusd that is slow', () => {
  it('has what is registered there in the end, and calls do not wait for it', async () => {
    const clock = new HandClock();
    await using proxy = await HoldingProxy.start(directory, router.socketPath);
    await using slow = await connectUbus({ path: proxy.path, clock, timeoutMs: 1000 });
    const source = other.publish('source', {});
    await other.settled();
    const heard = new Heard();
    proxy.hold();
    slow.subscribe('source', heard.take);
    slow.listen('tick.*', heard.take);
    const call = expect(slow.invoke('system', 'board')).rejects.toEqual(code('UBUS_TIMEOUT'));
    await expect.poll(() => proxy.kept).toBeGreaterThan(0);
    clock.advance(60_000);
    await call;
    proxy.release();
    await slow.settled();
    await other.sendEvent('tick.one', { n: 1 });
    await heard.until(1);
    await expect.poll(() => source.hasSubscribers).toBe(true);
    await source.notify('two', { n: 2 });
    await heard.until(2);
    expect(heard.all).toEqual([
      ['tick.one', { n: 1 }],
      ['two', { n: 2 }],
    ]);
  });

  it('has answered in time when its answer is there and only we were held up', async () => {
    const clock = new HandClock();
    await using proxy = await HoldingProxy.start(directory, router.socketPath);
    await using client = await connectUbus({ path: proxy.path, clock, timeoutMs: 1000 });
    await client.invoke('system', 'board');
    proxy.hold();
    const call = client.invoke('system', 'board');
    await expect.poll(() => proxy.kept).toBe(1);
    // As node does it: timers that are over first, then what has come.
    setTimeout(() => {
      proxy.release();
      clock.advance(5000);
    });
    expect(await call).toHaveProperty('board_name');
  });
});
