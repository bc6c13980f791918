import { ok, type Result, refused } from '#base';
import { type Access, type ModelFault, parsePath } from '#model';
import type { ServiceLink } from './service-link.ts';

/** Of one request. */
const rowLimit = 1024;

/**
 * The paths that one with wildcards or searches stands for at a service, so that each is permitted by itself: a permission can be withheld of single rows. Rows that are found by what the
 * controller may not read are not found (TR-369 R-GIN.0).
 * @returns the path itself where nothing is to be chosen, or nobody asks
 */
export async function rowsAt(
  service: Pick<ServiceLink, 'ask'>,
  path: string,
  access: Access | undefined,
): Promise<Result<readonly string[], ModelFault>> {
  const choice = access && firstChoice(path);
  if (!choice) return ok([path]);
  const { table, choosing, rest } = choice;
  const parsed = parsePath(choosing, 'usp');
  if (!parsed.ok) return refused({ kind: 'path-syntax', message: parsed.fault.message, path });
  const last = parsed.value.segments.at(-1);
  const steps = last?.kind === 'search' ? last.terms.map((term) => term.steps) : [];
  // Where a reference leads to is the service's to know, and not ours to judge.
  if (steps.flat().some(({ follow }) => follow !== undefined)) return ok([]);
  const compared = steps.map((names) => names.map(({ name }) => name).join('.'));
  const answer = await service.ask(
    { getInstances: { objPaths: [choosing], firstLevelOnly: true } },
    'getInstancesResp',
  );
  if (!answer.ok) return answer;
  const paths: string[] = [];
  for (const { instantiatedObjPath: row } of answer.value.reqPathResults[0]?.currInsts ?? []) {
    if (!row.startsWith(table) || !/^[0-9]+\.$/.test(row.slice(table.length))) continue;
    if (!compared.every((name) => access.allows('Param', 'r', row + name))) continue;
    const below = await rowsAt(service, row + rest, access);
    if (!below.ok) return below;
    paths.push(...below.value);
    if (paths.length > rowLimit) return refused({ kind: 'resources', message: 'too many rows', path });
  }
  return ok(paths);
}

/** Where a path first chooses rows: `Device.A.[B=="]"].C` → `Device.A.`, `Device.A.[B=="]"].`, `C`. */
function firstChoice(path: string): { table: string; choosing: string; rest: string } | undefined {
  const at = path.search(/\.(?:\*(?:\.|$)|\[)/) + 1;
  if (at === 0) return undefined;
  let end = at;
  let quoted = false;
  while (path[at] === '[' && end < path.length && (quoted || path[end] !== ']'))
    if (path[end++] === '"') quoted = !quoted;
  return { table: path.slice(0, at), choosing: `${path.slice(0, end + 1)}.`, rest: path.slice(end + 2) };
}
