import { errorCode, explain, type Log } from '#base';
import { readRecord, type UspRecord } from '../codec/record.ts';

/** What a broker hands on may be anybody's: the record, if it is one, for us and from a controller that we know. What it is not is said in the log. */
export function addressedRecord<C extends { readonly session: { readonly config: { readonly endpointId: string } } }>(
  bytes: Uint8Array,
  endpointId: string,
  controllers: readonly C[],
  log: Log,
): { readonly record: UspRecord; readonly known: C } | undefined {
  let record: UspRecord;
  try {
    record = readRecord(bytes);
  } catch (error) {
    log.warn('a record can not be read', { code: errorCode(error), reason: explain(error) });
    return undefined;
  }
  const known = controllers.find(({ session }) => session.config.endpointId === record.fromId);
  if (record.toId === endpointId && known) return { record, known };
  log.warn('a record is not for us, or from nobody we know', { from: record.fromId, to: record.toId });
  return undefined;
}
