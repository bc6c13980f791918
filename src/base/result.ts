/** A refusal is a value, a bug throws: every operation that can be refused answers with one of these. */
export type Result<T, F> = Ok<T> | Refused<F>;
export interface Ok<T> {
  readonly ok: true;
  readonly value: T;
}
export interface Refused<F> {
  readonly ok: false;
  readonly fault: F;
}

export const ok = <T>(value: T): Ok<T> => ({ ok: true, value });
export const refused = <F>(fault: F): Refused<F> => ({ ok: false, fault });
