import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { retryWaitMs, silentLog, standardRetry, TandemError } from '#base';
import { Retrying, type RetryingParts } from '../../../src/usp/exchange/retrying.ts';
import { stompWaitMs } from '../../../src/usp/exchange/stomp-retry.ts';
import { WebSocketSlot } from '../../../src/usp/exchange/websocket-slot.ts';
import { HandClock } from '../../support/hand-clock.ts';

/** V8's own collection. */
function createCollector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('a transport that is tried again', () => {
  function begin(connect: RetryingParts['connect'], more: Partial<RetryingParts> = {}) {
    const clock = new HandClock();
    const parts = { clock, log: silentLog, random: () => 0.5, retry: standardRetry, towards: 'somebody', connect };
    return { clock, retrying: new Retrying({ ...parts, ...more }) };
  }

  it('is not kept by whoever has seen an earlier one end', async () => {
    const collect = createCollector();
    let seen: AbortSignal | undefined;
    const first = begin(async (signal) => {
      seen = signal;
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    }).retrying;
    await settled();
    const follow = async (): Promise<WeakRef<Retrying>> => {
      const after = Promise.resolve().then(() => first[Symbol.asyncDispose]());
      const next = begin(async () => {}, { after }).retrying;
      await next[Symbol.asyncDispose]();
      return new WeakRef(next);
    };
    const next = await follow();
    for (let turn = 0; turn < 10 && next.deref(); turn++) {
      await settled();
      collect();
    }
    expect(seen!.aborted).toBe(true);
    expect(next.deref()).toBeUndefined();
  });

  it('waits as the table says, longer each time, and anew after a connection that stood', async () => {
    let stands = false;
    const tries: number[] = [];
    const { clock, retrying } = begin(async (_, up) => {
      tries.push(clock.monotonicMs());
      if (stands) up();
      throw new TandemError('MQTT_CONNECT', 'not there');
    });
    await settled();
    for (const waitMs of [7500, 15_000, 30_000]) {
      expect(clock.nextMs).toBe(waitMs);
      clock.advance(waitMs);
      await settled();
    }
    expect(retrying.state).toMatchObject({ phase: 'waiting', attempts: 4, reason: 'not there', code: 'MQTT_CONNECT' });
    expect(retrying.state.nextTrySeconds).toBe(60);
    stands = true;
    clock.advance(60_000);
    await settled();
    expect(clock.nextMs).toBe(7500);
    await retrying[Symbol.asyncDispose]();
    expect(retrying.state.phase).toBe('stopped');
    expect(tries).toHaveLength(5);
  });

  it('says how a connection that stood has ended', async () => {
    const { retrying } = begin(async (_, up) => {
      up();
      return 'closed with 1008: unknown agent';
    });
    await settled();
    expect(retrying.state).toMatchObject({ phase: 'waiting', attempts: 1, reason: 'closed with 1008: unknown agent' });
    await retrying[Symbol.asyncDispose]();
  });

  it('does not begin before what it takes the place of is over, and not at all when it is stopped first', async () => {
    let over = (): void => {};
    const after = new Promise<void>((resolve) => {
      over = resolve;
    });
    let begun = 0;
    const { retrying } = begin(
      async (signal) => {
        begun++;
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
      },
      { after },
    );
    await settled();
    expect(begun).toBe(0);
    const stopping = retrying[Symbol.asyncDispose]();
    over();
    await stopping;
    expect(begun).toBe(0);
  });
});

describe('waits', () => {
  const policy = fc.record({
    minimumWaitSeconds: fc.integer({ min: 1, max: 65_535 }),
    intervalMultiplier: fc.integer({ min: 1000, max: 65_535 }),
    maximumWaitSeconds: fc.integer({ min: 1, max: 100_000 }),
  });
  const random = fc.double({ min: 0, max: 0.999, noNaN: true });

  it('of STOMP lie between nothing and m·(k/1000)^(n-1), and never above the longest', () => {
    fc.assert(
      fc.property(policy, fc.integer({ min: 1, max: 30 }), random, (given, attempt, chance) => {
        const wait = stompWaitMs(given, () => chance, attempt);
        const { minimumWaitSeconds: m, intervalMultiplier: k, maximumWaitSeconds: longest } = given;
        expect(wait).toBeGreaterThanOrEqual(0);
        expect(wait).toBeLessThanOrEqual(
          Math.ceil(Math.min(m * (k / 1000) ** (Math.min(attempt, 10) - 1), longest) * 1000),
        );
      }),
    );
    expect(stompWaitMs({ minimumWaitSeconds: 60, intervalMultiplier: 2000 }, () => 0.5, 3)).toBe(120_000);
  });

  it('of the table are never above the longest', () => {
    fc.assert(
      fc.property(policy, fc.integer({ min: 1, max: 30 }), random, (given, attempt, chance) => {
        expect(retryWaitMs(given, attempt, () => chance)).toBeLessThanOrEqual(given.maximumWaitSeconds * 1000);
      }),
    );
  });
});

describe('the one WebSocket between two endpoints (R-WS.4)', () => {
  it('is the newest, and free when that is gone', async () => {
    const slot = new WebSocketSlot();
    const replaced: string[] = [];
    const first = slot.take('controller', () => void replaced.push('first'));
    const second = slot.take('controller', () => void replaced.push('second'));
    expect(replaced).toEqual(['first']);
    const stop = new AbortController();
    let free = false;
    const waiting = slot.free(stop.signal).then(() => {
      free = true;
    });
    // The end of one that was replaced frees nothing.
    first[Symbol.dispose]();
    await settled();
    expect([free, slot.heldBy]).toEqual([false, 'controller']);
    second[Symbol.dispose]();
    await waiting;
    expect(slot.heldBy).toBeUndefined();
  });

  it('keeps nobody waiting who is stopped', async () => {
    const slot = new WebSocketSlot();
    slot.take('agent', () => {});
    const stop = new AbortController();
    const waiting = slot.free(stop.signal);
    stop.abort();
    await waiting;
    expect(slot.heldBy).toBe('agent');
  });
});
