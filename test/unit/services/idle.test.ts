import { describe, expect, it } from 'vitest';
import { isIdle } from '#services';
import { FakeBus } from '../../support/fake-bus.ts';
import { HandClock } from '../../support/hand-clock.ts';

/** @param moved by which the counters have grown after ten seconds. */
async function look(moved: Readonly<Record<string, number>>): Promise<boolean> {
  const clock = new HandClock();
  let looks = 0;
  const bus = new FakeBus({
    'network.device status': () => {
      const grown = looks++ > 0 ? moved : {};
      const device = (name: string) => ({ statistics: { rx_bytes: 1000 + (grown[name] ?? 0), tx_bytes: 500 } });
      return { lo: device('lo'), eth0: device('eth0'), 'br-lan': device('br-lan'), sfp: { up: false } };
    },
  });
  const idle = isIdle(bus, clock);
  await expect.poll(() => clock.nextMs).toBe(10_000);
  clock.advance(10_000);
  return idle;
}

describe('a device', () => {
  it.each([
    [{}, true],
    [{ eth0: 163_839 }, true],
    [{ eth0: 163_840 }, false],
    [{ eth0: 100_000, 'br-lan': 100_000 }, false],
    [{ lo: 10_000_000 }, true],
    // Counters that begin anew tell nothing.
    [{ eth0: -100 }, false],
  ])('through which %j has gone is idle: %s', async (moved, idle) => {
    expect(await look(moved)).toBe(idle);
  });

  it('that can not tell is in use', async () => {
    expect(await isIdle(new FakeBus({}), new HandClock())).toBe(false);
  });
});
