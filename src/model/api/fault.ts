/** Why the model refuses. Each protocol translates the kind in one table of its own. */
export type FaultKind =
  | 'path-syntax' // the path can't be parsed or passes a limit
  | 'unsupported-path' // no such object, parameter, command or event here
  | 'no-instance' // schema knows it, the row doesn't exist
  | 'not-writable'
  | 'invalid-type'
  | 'invalid-value'
  | 'value-conflict'
  | 'duplicate-key' // unique key taken
  | 'not-a-table'
  | 'not-creatable'
  | 'not-deletable'
  | 'required-parameter' // a parameter marked required failed
  | 'not-a-command'
  | 'command-arguments'
  | 'command-failed'
  | 'canceled' // an asynchronous command was canceled
  | 'denied'
  | 'resources'
  | 'apply-failed' // validated but could not be applied; everything is rolled back
  | 'busy'
  | 'internal';

export interface ModelFault {
  readonly kind: FaultKind;
  /** For people; never holds a secret. */
  readonly message: string;
  /** The parameter, object or command it is about. */
  readonly path?: string;
  readonly cause?: unknown;
}
