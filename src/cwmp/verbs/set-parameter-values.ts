import { ok, refused } from '#base';
import { leafNameOf, type Model, type ModelFault, objectPathOf, toSchemaPath, type Write } from '#model';
import { findTargets, NewRow, placeIn, type Target } from '../auto-create.ts';
import { attribute, child, childText } from '../codec/element.ts';
import { xmlSchemaInstance } from '../codec/names.ts';
import { type CwmpFault, cwmpFault, invalidArguments } from '../faults.ts';
import { byNumber, hasWildcard } from '../instance-names.ts';
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
  const twice = repeated(entries);
  if (twice !== undefined) return refused(invalidArguments(`${twice} is there twice`));
  for (const entry of entries) {
    const { name } = entry;
    if (name !== '' && !name.endsWith('.') && !hasWildcard(name)) usable.push(entry);
    else problems.push({ name, code: 9005, text: 'not a parameter' });
  }
  const origin = { by: 'cwmp', peer: acs } as const;
  const { of, unknown } = await findTargets(
    model,
    usable.map(({ name }) => name),
    instances.autoCreate,
  );
  for (const name of unknown) problems.push({ name, code: 9005, text: 'no row has this alias' });
  const planned = plan(
    model,
    usable.filter(({ name }) => !unknown.has(name)),
    of,
  );
  problems.push(...planned.problems);
  // What the others have against them is found out all the same: with one that is refused none is applied.
  const writes = problems.length > 0 ? [...planned.writes, refusedAlways] : planned.writes;
  const answer = await model.write(acsView, writes, { origin, partial: false, signal });
  if (!answer.committed) {
    for (const [index, { result }] of answer.outcomes.entries()) {
      if (result.ok) continue;
      if (result.fault.fault.kind === 'apply-failed') return refused(cwmpFault(result.fault.fault));
      const object = planned.objects[index];
      for (const problem of object ? faultsOf(object, result.fault) : []) {
        if (!problems.some(({ name }) => name === problem.name)) problems.push(problem);
      }
    }
    return refused(setFault(problems));
  }
  await storeParameterKey(key);
  return ok((writer) => writer.leaf('Status', statusOf(answer)));
};

/** No path under any root. */
const refusedAlways: Write = { op: 'delete', path: '' };

function repeated(entries: readonly Entry[]): string | undefined {
  const seen = new Set<string>();
  return entries.find(({ name }) => seen.size === seen.add(name).size)?.name;
}

/** What one write is of. */
interface PlannedObject {
  readonly entries: readonly Entry[];
  /** @param path of a parameter */
  at(path: string): readonly Entry[];
}

interface Planned {
  readonly writes: readonly Write[];
  readonly objects: readonly PlannedObject[];
  readonly problems: readonly Problem[];
}

/** One write for each object, and one for each row that is made. */
function plan(model: Model, entries: readonly Entry[], of: ReadonlyMap<string, Target>): Planned {
  const supported = model.supported('cwmp');
  const problems: Problem[] = [];
  const objects = new Map<string, SetObject | NewRow<Entry>>();
  for (const entry of entries) {
    const target = of.get(entry.name) ?? { path: entry.name };
    const made = 'missing' in target ? target.missing : undefined;
    if (made && /(^|\.)\d+\./.test(made.rest)) {
      problems.push({ name: entry.name, code: 9005, text: 'a row that is yet to be made has no rows with numbers' });
      continue;
    }
    const path = 'missing' in target ? `${target.missing.table}{i}.${placeIn(target.missing.rest)}` : target.path;
    const object = objectPathOf(path);
    const name = path.slice(object.length);
    const info = supported.object(toSchemaPath(object))?.parameters.find((parameter) => parameter.name === name);
    if (info && !acceptsXsdType(entry.type, info.type, info.list)) {
      problems.push({ name: entry.name, code: 9006, text: `a ${info.type} is needed` });
    }
    if (path.endsWith('.ManagementServer.URL') && !isAcsUrl(entry.value)) {
      problems.push({ name: entry.name, code: 9007, text: 'no URL with http:// or https://' });
    }
    const row = made ? `${made.table}[${made.alias}]` : object;
    const known = objects.get(row) ?? (made ? new NewRow<Entry>(made) : new SetObject(object));
    objects.set(row, known);
    // By number and by alias: the same parameter all the same.
    if (!known.take(made?.rest ?? name, entry)) problems.push({ name: entry.name, code: 9003, text: 'there twice' });
  }
  return { writes: [...objects.values()].map(({ write }) => write), objects: [...objects.values()], problems };
}

/** TR-181 has it so, and an ACS that has mistyped it would never hear of the device again. Empty: none. */
const isAcsUrl = (text: string): boolean =>
  text === '' || (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol));

/** Values of an object that is there. */
class SetObject implements PlannedObject {
  readonly #path: string;
  readonly #values = new Map<string, Entry>();

  constructor(path: string) {
    this.#path = path;
  }

  get entries(): Entry[] {
    return [...this.#values.values()];
  }

  get write(): Write {
    const parameters = [...this.#values].map(([name, { value }]) => ({ name, value, required: true }));
    return { op: 'set', path: this.#path, parameters };
  }

  take(name: string, entry: Entry): boolean {
    if (this.#values.has(name)) return false;
    this.#values.set(name, entry);
    return true;
  }

  at(path: string): readonly Entry[] {
    const entry = this.#values.get(leafNameOf(path));
    return entry ? [entry] : [];
  }
}

function faultsOf(
  object: PlannedObject,
  fault: { fault: ModelFault; refusals: readonly { path: string; fault: ModelFault }[] },
): Problem[] {
  const own = fault.refusals.flatMap(({ path, fault: reason }) =>
    object.at(path).map(({ name }) => ({ name, code: cwmpFault(reason).code, text: reason.message })),
  );
  if (own.length > 0) return own;
  // The object itself is at fault: then each of its parameters is.
  const { kind } = fault.refusals[0]?.fault ?? fault.fault;
  const { code } = cwmpFault({ ...fault.fault, kind });
  return object.entries.map(({ name }) => ({ name, code, text: fault.fault.message }));
}

function setFault(parameters: NonNullable<CwmpFault['parameters']>): CwmpFault {
  return { code: 9003, text: 'Invalid arguments', parameters };
}
