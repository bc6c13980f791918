/**
 * The root of every error that Tandem throws. `code` is stable and greppable (`UBUS_TIMEOUT`, `SOAP_MALFORMED`);
 * the text is for people. `cause` carries what lies below.
 */
export class TandemError extends Error {
  readonly code: string;
  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.name = new.target.name;
  }
}

/** Our own invariant is broken: a bug, never the peer's or the operator's fault. */
export class InvariantError extends TandemError {
  constructor(message: string, options?: { cause?: unknown }) {
    super('INVARIANT', message, options);
  }
}

/** Used where the type system shows that a case can't happen. */
export function unreachable(value: never): never {
  throw new InvariantError(`unexpected case ${String(value)}`);
}

/** One line for a person: the message and, behind it, the chain of causes. */
export function explain(error: unknown): string {
  const parts: string[] = [];
  let at: unknown = error;
  for (let depth = 0; at !== undefined && at !== null && depth < 5; depth++) {
    const text = at instanceof Error ? at.message || at.name : String(at);
    // What has been said already is not said again.
    if (!parts.some((part) => part.includes(text))) parts.push(text);
    at = at instanceof Error ? at.cause : undefined;
  }
  return parts.join(': ');
}

/** The `code` of a TandemError or a Node system error, if it has one. */
export function errorCode(error: unknown): string | undefined {
  if (error !== null && typeof error === 'object' && 'code' in error && typeof error.code === 'string')
    return error.code;
  return undefined;
}
