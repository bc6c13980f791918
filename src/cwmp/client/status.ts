import type { BlobTable } from '#platform';

export interface CwmpStatus {
  readonly url: string;
  readonly state: 'off' | 'idle' | 'in session' | 'waiting to retry';
  readonly pending: readonly string[];
  readonly retryCount: number;
  /** Seconds; while it waits. */
  readonly nextTrySeconds: number | undefined;
  readonly connectionRequestUrl: string;
  /** The ways around a NAT, by their names. */
  readonly reach: Readonly<Record<string, string>>;
  /** Since the agent started. */
  readonly counts: { readonly ended: number; readonly failed: number; readonly served: number };
  /** When and why a session failed last. */
  readonly lastError: string | undefined;
  /** The session before: when it ended and how. */
  readonly last: { readonly at: string; readonly ok: boolean; readonly said: string } | undefined;
}

/** For `tandem status`. */
export function cwmpStatus(status: CwmpStatus): BlobTable {
  const { last } = status;
  return {
    acs: status.url,
    state: status.state,
    pending: status.pending.join(', '),
    retries: status.retryCount,
    ...(status.nextTrySeconds !== undefined && { next_try: `in ${status.nextTrySeconds} s` }),
    connection_request: status.connectionRequestUrl,
    ...status.reach,
    sessions: `${status.counts.ended} ended well, ${status.counts.failed} failed, ${status.counts.served} requests served`,
    last_error: status.lastError ?? 'none',
    last_session: last ? `${last.at} ${last.ok ? 'ended well' : 'failed'}: ${last.said}` : 'none yet',
  };
}
