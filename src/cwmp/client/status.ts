import type { BlobTable } from '#platform';
import type { CwmpStatus } from './client.ts';

/** For `tandem status`. */
export function cwmpStatus(status: CwmpStatus): BlobTable {
  const { last } = status;
  return {
    acs: status.url,
    state: status.state,
    pending: status.pending.join(', '),
    retries: status.retryCount,
    connection_request: status.connectionRequestUrl,
    ...status.reach,
    sessions: `${status.counts.ended} ended well, ${status.counts.failed} failed, ${status.counts.served} requests served`,
    last_error: status.lastError ?? 'none',
    last_session: last ? `${last.at} ${last.ok ? 'ended well' : 'failed'}: ${last.said}` : 'none yet',
  };
}
