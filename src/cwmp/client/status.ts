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
    last_session: last ? `${last.at} ${last.ok ? 'ended well' : 'failed'}: ${last.said}` : 'none yet',
  };
}
