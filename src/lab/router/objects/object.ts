import { TandemError } from '#base';
import type { ArgumentType, BlobTable, BlobValue } from '#platform';

/** Status codes of ubus that the router's own objects answer with. */
export const status = {
  ok: 0,
  invalidCommand: 1,
  invalidArgument: 2,
  methodNotFound: 3,
  notFound: 4,
  noData: 5,
  permissionDenied: 6,
  notSupported: 8,
  unknownError: 9,
} as const;

/** Thrown by a method to answer with this status and no data. */
export class StatusError extends TandemError {
  readonly status: number;
  constructor(code: number) {
    super('LAB_STATUS', `status ${code}`);
    this.status = code;
  }
}

export type Signature = Readonly<Record<string, ArgumentType>>;

export interface RouterMethod {
  readonly args: Signature;
  /** `undefined`: STATUS 0 without DATA. */
  readonly call: (args: BlobTable) => BlobTable | undefined;
}

/** One object that the router's daemons publish. */
export interface RouterObject {
  readonly path: string;
  /** The daemon behind it (`netifd`, `rpcd`): objects of one provider vanish together. */
  readonly provider: string;
  readonly methods: Readonly<Record<string, RouterMethod>>;
}

export const method = (args: Signature, call: (args: BlobTable) => BlobTable | undefined): RouterMethod => ({
  args,
  call,
});

/*
 * Arguments as a blobmsg policy sees them: one of the wrong type counts as missing.
 */
export const textArgument = (args: BlobTable, name: string): string | undefined => {
  const value = args[name];
  return typeof value === 'string' ? value : undefined;
};
export const numberArgument = (args: BlobTable, name: string): number | undefined => {
  const value = args[name];
  return typeof value === 'number' ? value : undefined;
};
export const booleanArgument = (args: BlobTable, name: string): boolean | undefined => {
  const value = args[name];
  return typeof value === 'boolean' ? value : undefined;
};
export const listArgument = (args: BlobTable, name: string): readonly BlobValue[] | undefined => {
  const value = args[name];
  return Array.isArray(value) ? (value as readonly BlobValue[]) : undefined;
};
export const tableArgument = (args: BlobTable, name: string): BlobTable | undefined => {
  const value = args[name];
  return isTable(value) ? value : undefined;
};

export const isTable = (value: BlobValue | undefined): value is BlobTable =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** @throws StatusError INVALID_ARGUMENT */
export function required<T>(value: T | undefined): T {
  if (value === undefined) throw new StatusError(status.invalidArgument);
  return value;
}
