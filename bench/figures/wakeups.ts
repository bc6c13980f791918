import type { Lab } from '#lab';
import { warm, withLab } from './agent.ts';
import type { Figures } from './figures.ts';

export const wakeupNames = ['usp_late_of_100000', 'usp_stalled_of_100000', 'usp_slowest_of_100000_ms'];

const total = 100_000;
const lateMs = 50;
/** Longer than a busy machine takes; what has not come until then waits for something else to happen. */
const stalledMs = 5000;

/** The agent as WebSocket client, one request at a time: is there an answer that lies there until the next event or ping? */
export async function wakeupFigures(dist: string): Promise<Figures> {
  let late = 0;
  let stalled = 0;
  let slowest = 0;
  await withLab(
    dist,
    async (lab) => {
      await warm(lab);
      for (let round = 0; round < total; round++) {
        const before = performance.now();
        if (await stalls(lab)) stalled++;
        const took = performance.now() - before;
        if (took > lateMs) late++;
        slowest = Math.max(slowest, took);
      }
    },
    true,
  );
  return { usp_late_of_100000: late, usp_stalled_of_100000: stalled, usp_slowest_of_100000_ms: slowest };
}

/** @returns whether the answer came only after another request */
async function stalls({ controller, endpoint }: Lab): Promise<boolean> {
  const get = { get: { paramPaths: ['Device.WiFi.SSID.1.SSID'], maxDepth: 0 } };
  let stalled = false;
  const nudge = setTimeout(() => {
    stalled = true;
    void controller.ask(endpoint, get, 'getResp');
  }, stalledMs);
  const answer = await controller.ask(endpoint, get, 'getResp');
  clearTimeout(nudge);
  if (!answer.ok) throw new Error(answer.fault.errMsg);
  return stalled;
}
