import type { SessionContext } from '../codec/record.ts';

/** Records, each way, that are kept for their turn or for being asked for again. */
export const keptRecords = { most: 512, bytes: 8 << 20 };

export const sizeOf = ({ payload }: SessionContext): number => payload.reduce((sum, part) => sum + part.length, 64);
