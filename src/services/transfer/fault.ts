import { errorCode, explain } from '#base';

/** Why a file did not get where it should. Each protocol translates the kind in one table of its own. */
export type TransferFaultKind =
  | 'unsupported-protocol' // the URL's scheme
  | 'contact' // the server can't be reached
  | 'authentication' // its certificate, or what it thinks of our credentials
  | 'access' // the server does not have the file or does not give it
  | 'incomplete' // the connection broke
  | 'corrupted' // it is not what was announced
  | 'space'
  | 'unsupported-type' // nobody here can do anything with such a file
  | 'cancelled'
  | 'failed';

export interface TransferFault {
  readonly kind: TransferFaultKind;
  /** For people; never holds a secret. */
  readonly message: string;
  /** Another try may go better. */
  readonly retryable: boolean;
}

export const transferFault = (kind: TransferFaultKind, message: string, retryable = false): TransferFault => ({
  kind,
  message,
  retryable,
});

const known: Readonly<Record<string, readonly [TransferFaultKind, boolean]>> = {
  HTTP_CONNECT: ['contact', true],
  HTTP_TLS: ['authentication', false],
  HTTP_TIMEOUT: ['contact', true],
  HTTP_BROKEN: ['incomplete', true],
  HTTP_ENCODING: ['corrupted', false],
  HTTP_ABORTED: ['cancelled', false],
  TRANSFER_LONGER: ['corrupted', false],
  STAGING_FULL: ['space', false],
};

/** Of what the network or the staging area has thrown. */
export function faultOf(error: unknown): TransferFault {
  const [kind, retryable] = known[errorCode(error) ?? ''] ?? ['failed', false];
  return transferFault(kind, explain(error), retryable);
}
