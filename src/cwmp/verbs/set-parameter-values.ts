import { ok, refused } from '#base';
import { leafNameOf, type Model, type ModelFault, objectPathOf, toSchemaPath, type Write } from '#model';
import { findTargets, type Target } from '../auto-create.ts';
import { attribute, child, childText } from '../codec/element.ts';
import { xmlSchemaInstance } from '../codec/names.ts';
import { type CwmpFault, cwmpFault, invalidArguments } from '../faults.ts';
import { byNumber, hasWildcard, type MissingRow } from '../instance-names.ts';
import { acceptsXsdType } from '../xsd-type.ts';
import { acsView, parameterKeyLimit, statusOf, type Verb } from './verb.ts';

interface Entry {
  /** As the ACS gave it. */
  readonly name: string;
  readonly value: string;
  /** `xsi:type` */
  readonly type: string | undefined;
}
type Problem = NonNullable<CwmpFault['parameters']>[number];

/** TR-069 A.3.2.1: all or nothing, and every parameter at fault is told. */
export const setParameterValues: Verb = async (request, context) => {
  const { model, acs, storeParameterKey, signal, instances = byNumber } = context;
  const list = child(request, 'ParameterList');
  const key = childText(request, 'ParameterKey') ?? '';
  if (!list) return refused(invalidArguments('ParameterList is missing'));
  if (key.length > parameterKeyLimit) return refused(invalidArguments('ParameterKey is too long'));
  const entries: Entry[] = [];
  for (const element of list.children) {
    const name = childText(element, 'Name') ?? '';
    const value = child(element, 'Value');
    if (!value) return refused(invalidArguments(`${name || 'an entry'} has no Value`));
    entries.push({ name, value: value.text, type: attribute(value, xmlSchemaInstance, 'type') });
  }
  const problems: Problem[] = [];
  const usable: Entry[] = [];
  const seen = new Set<string>();
  for (const entry of entries) {
    const { name } = entry;
    if (seen.has(name)) return refused(invalidArguments(`${name} is there twice`));
    seen.add(name);
    if (name !== '' && !name.endsWith('.') && !hasWildcard(name)) usable.push(entry);
    else problems.push({ name, code: 9005, text: 'not a parameter' });
  }
  const origin = { by: 'cwmp', peer: acs } as const;
  const targets = await findTargets(
    model,
    usable.map(({ name }) => name),
    instances.autoCreate,
    origin,
    signal,
  );
  if (!targets.ok) {
    const { name, fault } = targets.fault;
    return refused(setFault([...problems, { name, code: cwmpFault(fault).code, text: fault.message }]));
  }
  const { of, undo } = targets.value;
  const planned = plan(model, usable, of);
  problems.push(...planned.problems);
  if (problems.length > 0) {
    await undo();
    return refused(setFault(problems));
  }
  const answer = await model.write(acsView, planned.writes, { origin, partial: false, signal });
  if (!answer.committed) {
    await undo();
    for (const [index, { result }] of answer.outcomes.entries()) {
      if (result.ok) continue;
      if (result.fault.fault.kind === 'apply-failed') return refused(cwmpFault(result.fault.fault));
      problems.push(...faultsOf(planned.entries[index]!, result.fault));
    }
    return refused(setFault(problems));
  }
  await storeParameterKey(key);
  return ok((writer) => writer.leaf('Status', statusOf(answer)));
};

interface Planned {
  readonly writes: readonly Write[];
  /** By write: what it is of, by the name of the parameter in its object. */
  readonly entries: readonly ReadonlyMap<string, Entry>[];
  readonly problems: readonly Problem[];
}

/** One write for each object, and one for each row that is made. */
function plan(model: Model, entries: readonly Entry[], of: ReadonlyMap<string, Target>): Planned {
  const supported = model.supported('cwmp');
  const problems: Problem[] = [];
  const objects = new Map<string, { readonly made?: MissingRow; readonly entries: Map<string, Entry> }>();
  for (const entry of entries) {
    const target = of.get(entry.name)!;
    const missing = 'missing' in target ? target.missing : undefined;
    const path = 'missing' in target ? `${target.missing.table}{i}.${target.missing.rest}` : target.path;
    const object = objectPathOf(path);
    const name = path.slice(object.length);
    const info = supported.object(toSchemaPath(object))?.parameters.find((parameter) => parameter.name === name);
    if (info && !acceptsXsdType(entry.type, info.type, info.list)) {
      problems.push({ name: entry.name, code: 9006, text: `a ${info.type} is needed` });
    }
    const row = missing ? `${missing.table}[${missing.alias}]` : object;
    const known = objects.get(row) ?? { ...(missing && { made: missing }), entries: new Map<string, Entry>() };
    // By number and by alias: the same parameter all the same.
    if (known.entries.has(name)) problems.push({ name: entry.name, code: 9003, text: 'there twice' });
    known.entries.set(name, entry);
    objects.set(row, known);
  }
  const writes = [...objects].map(([path, { made, entries: own }]): Write => {
    const parameters = [...own].map(([name, { value }]) => ({ name, value, required: true }));
    if (!made) return { op: 'set', path, parameters };
    const alias = own.has('Alias') ? [] : [{ name: 'Alias', value: made.alias, required: true }];
    return { op: 'add', path: made.table, parameters: [...alias, ...parameters] };
  });
  return { writes, entries: [...objects.values()].map((object) => object.entries), problems };
}

function faultsOf(
  entries: ReadonlyMap<string, Entry>,
  fault: { fault: ModelFault; refusals: readonly { path: string; fault: ModelFault }[] },
): Problem[] {
  const own = fault.refusals.flatMap(({ path, fault: reason }) => {
    const entry = entries.get(leafNameOf(path));
    return entry ? [{ name: entry.name, code: cwmpFault(reason).code, text: reason.message }] : [];
  });
  if (own.length > 0) return own;
  // The object itself is at fault: then each of its parameters is.
  const { kind } = fault.refusals[0]?.fault ?? fault.fault;
  const { code } = cwmpFault({ ...fault.fault, kind });
  return [...entries.values()].map(({ name }) => ({ name, code, text: fault.fault.message }));
}

function setFault(parameters: NonNullable<CwmpFault['parameters']>): CwmpFault {
  return { code: 9003, text: 'Invalid arguments', parameters };
}
