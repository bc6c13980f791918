import type { Session } from './session.ts';
import { MetricFailed, NotRunnable, type Result, type Test } from './verdict.ts';

/** Runs tests one after the other on one session. */
export async function runTests(
  session: Session,
  tests: readonly Test[],
  told: (result: Result) => void = () => {},
): Promise<Result[]> {
  const results: Result[] = [];
  for (const test of tests) {
    const result = await judge(session, test);
    results.push(result);
    // What is about the transport itself may pass and leave no way to the agent.
    if (result.verdict === 'fail' || test.on) await session.recover();
    told(result);
  }
  return results;
}

async function judge(session: Session, test: Test): Promise<Result> {
  const { number, title } = test;
  const began = performance.now();
  const say = (verdict: Result['verdict'], reason?: string): Result => ({
    number,
    title,
    verdict,
    ...(reason !== undefined && { reason }),
    seconds: (performance.now() - began) / 1000,
  });
  const without = concern(session, test);
  if (without !== undefined) return say('not applicable', without);
  const bench = session.bench();
  const { primary, secondary } = session.peers;
  const peers = secondary ? [primary, secondary] : [primary];
  for (const peer of peers) peer.violations.length = 0;
  try {
    await test.run(bench);
    const [violation] = peers.flatMap(({ violations }) => violations);
    if (violation !== undefined) throw new MetricFailed(`universal metric: ${violation}`);
    return say('pass');
  } catch (error) {
    if (error instanceof NotRunnable) return say('not runnable', error.message);
    if (error instanceof MetricFailed) return say('fail', error.message);
    return say('fail', `the test itself: ${(error as Error).stack ?? error}`);
  } finally {
    for (const peer of peers) peer.answering = true;
    await bench.cleanUp();
  }
}

/** Why a test does not concern this agent over this transport. */
function concern({ descriptor, mtp }: Session, { needs = [], on }: Test): string | undefined {
  if (on && !on.includes(mtp)) return `is about ${on.join(', ')}`;
  const missing = needs.filter((id) => !descriptor.features.includes(id));
  return missing.length > 0 ? `feature ${missing.join(', ')} is not supported` : undefined;
}
