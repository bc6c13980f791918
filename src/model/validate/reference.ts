import { ok, type Result, refused } from '#base';
import type { ModelFault } from '../api.ts';
import { formatPath, formatSegments, parsePath, schemaPathOf } from '../path/index.ts';
import type { PathReference } from '../schema/types.ts';

/**
 * The form of a reference: empty, or the absolute path of a row (or parameter) that the reference may name. The
 * canonical text has no trailing dot (TR-106 section 3.2.4). Whether the row exists is for whoever knows the rows; rows
 * may be given by unique key (TR-369 R-ARC.11) or by alias, and are then still to be resolved.
 */
export function checkReference(reference: PathReference, text: string): Result<string, ModelFault> {
  if (text === '') return ok('');
  return reference.targetType === 'row' ? checkRow(reference, text) : checkParameter(reference, text);
}

function checkRow(reference: PathReference, text: string): Result<string, ModelFault> {
  const path = text.endsWith('.') ? text : `${text}.`;
  const parsed = parseAny(path);
  if (parsed?.leaf.kind !== 'object') return notAPath;
  const schemaPath = schemaPathOf(parsed.segments);
  if (schemaPath === undefined || !onlyRows(parsed)) return notAPath;
  if (reference.targets.length > 0 && !reference.targets.includes(schemaPath)) return notATarget;
  return ok(formatSegments(parsed.segments).slice(0, -1));
}

function checkParameter(reference: PathReference, text: string): Result<string, ModelFault> {
  const parsed = parseAny(text);
  if (!parsed || !onlyRows(parsed)) return notAPath;
  const schemaPath = schemaPathOf(parsed.segments);
  if (schemaPath === undefined) return notAPath;
  if (reference.targets.length > 0 && !reference.targets.some((target) => schemaPath.startsWith(target)))
    return notATarget;
  return ok(formatPath(parsed));
}

function parseAny(text: string) {
  if (!text.startsWith('Device.')) return undefined;
  const usp = parsePath(text, 'usp');
  if (usp.ok) return usp.value;
  const cwmp = parsePath(text, 'cwmp');
  return cwmp.ok ? cwmp.value : undefined;
}

/** A reference names one thing: no wildcard, no schema form. */
const onlyRows = (path: { segments: readonly { kind: string }[] }): boolean =>
  path.segments.every((segment) => segment.kind !== 'wildcard' && segment.kind !== 'schema');

const notAPath: Result<never, ModelFault> = refused({ kind: 'invalid-value', message: 'not the path of one object' });
const notATarget: Result<never, ModelFault> = refused({
  kind: 'invalid-value',
  message: 'not a path that may be referred to here',
});
