import type { Bench } from './bench.ts';
import type { Mtp } from './side/link.ts';

export type Verdict = 'pass' | 'fail' | 'not applicable' | 'not runnable';

export interface Result {
  readonly number: string;
  readonly title: string;
  readonly verdict: Verdict;
  /** The metric that failed, the feature that is missing, or why it can't be run here. */
  readonly reason?: string;
  readonly seconds: number;
}

/** One numbered test of the plan. */
export interface Test {
  /** `1.36` */
  readonly number: string;
  /** Our own words. */
  readonly title: string;
  /** Feature IDs of the plan, all of them, without which the test does not concern an agent. */
  readonly needs?: readonly number[];
  /** Transports that it is about; default all. */
  readonly on?: readonly Mtp[];
  readonly run: (bench: Bench) => Promise<void>;
}

/** A metric of the plan that does not hold. */
export class MetricFailed extends Error {}

/** The agent is not there to be spoken to. */
export class Disconnected extends MetricFailed {}

/** The judge can't do what the test needs. */
export class NotRunnable extends Error {}
