import { ok, type Result, refused } from '#base';
import type {
  ModelFault,
  ObjectWritten,
  Origin,
  ParameterRefusal,
  ParameterWrite,
  RowPart,
  Write,
  WriteOutcome,
  WriteRefused,
} from '../api.ts';
import { tablePathOf } from '../path/index.ts';
import { checkValue, splitList } from '../validate/index.ts';
import type { Instances } from './instances.ts';
import { MappedKeys } from './mapped-keys.ts';
import { type Node, tableOf } from './node.ts';
import type { Plan } from './plan.ts';
import { isShown, type Reading, uniqueKeysOf } from './read.ts';
import { resolvePath } from './resolve.ts';
import { SectionNames } from './section-names.ts';
import { ItemStager } from './stage-items.ts';
import { objectBelow, PartStager } from './stage-parts.ts';
import { ReferenceStager } from './stage-references.ts';
import { RowStager } from './stage-rows.ts';
import { ValueStager } from './stage-values.ts';
import { storedKeyTaken } from './stored-keys.ts';

interface StagedParameters {
  readonly parameters: { name: string; value: string }[];
  readonly refusals: ParameterRefusal[];
}

/** Stages writes against one read scope: everything that can be refused is refused here, with every parameter at fault. */
export class Stager {
  readonly #reading: Reading;
  readonly #items: ItemStager;
  readonly #rows: RowStager;
  readonly #values: ValueStager;
  readonly #references: ReferenceStager;
  readonly #mappedKeys: MappedKeys;
  readonly #parts: PartStager;
  #last: { readonly path: string; readonly resolved: ReturnType<typeof resolvePath> } | undefined;
  /** Objects whose unique keys are looked at when all writes are staged, and the write that each belongs to. */
  readonly #keyed: { readonly write: number; readonly node: Node; readonly tablePath: string }[] | undefined;
  #writes = 0;

  /**
   * @param hasProgram whether the device's image has the program of this name
   * @param whole all writes stand or fall together: keys have to be unique after the last one (TR-369 "Selecting Objects and Parameters")
   */
  constructor(
    reading: Reading,
    origin: Origin,
    instances: Instances,
    random: () => string,
    hasProgram: (name: string) => boolean,
    whole: boolean,
  ) {
    this.#reading = reading;
    this.#keyed = whole ? [] : undefined;
    const names = new SectionNames(reading, instances, random);
    this.#items = new ItemStager(reading, instances, names, random);
    this.#rows = new RowStager(reading, origin, instances, names, this.#items);
    this.#values = new ValueStager(reading, origin, instances, names, this.#items, hasProgram);
    this.#references = new ReferenceStager(reading, names, this.#items);
    this.#mappedKeys = new MappedKeys(reading);
    this.#parts = new PartStager(reading, this.#rows, (node, { parameters }, tablePath, plan) =>
      this.#object(node, parameters, tablePath, plan),
    );
  }

  /** Writes of one request come to the same table again and again; a plan changes nothing of where a path leads. */
  #resolve(path: string): ReturnType<typeof resolvePath> {
    if (this.#last?.path !== path) {
      const { tree, evaluator, view } = this.#reading;
      this.#last = { path, resolved: resolvePath(tree, evaluator, view.protocol, path, view.access) };
    }
    return this.#last.resolved;
  }

  /** Touches every source that staging this write will need, and nothing else. */
  prepare(write: Write): void {
    const { tree, evaluator } = this.#reading;
    const resolved = this.#resolve(write.path);
    if (!resolved.ok) return;
    const { schemaPath, nodes } = resolved.value;
    if (write.op === 'delete') {
      this.#references.prepare(schemaPath);
      return;
    }
    const mapped = tree.binding(schemaPath)?.mapped;
    // Rows that the device has made get their numbers before the new one does.
    if (mapped && mapped.more.length > 0)
      for (const { parent } of resolved.value.table) evaluator.children(parent, schemaPath);
    for (const { name } of write.op === 'set' ? write.parameters : []) {
      const parameter = mapped?.parameters.get(name);
      for (const node of parameter ? nodes : []) this.#values.prepare(node, parameter!);
    }
    this.#prepareReferences(schemaPath, write);
  }

  #prepareReferences(schemaPath: string, { parameters, parts }: Pick<RowPart, 'parameters' | 'parts'>): void {
    const { tree, evaluator } = this.#reading;
    for (const { name, value } of parameters) {
      const last = name.lastIndexOf('.') + 1;
      const mapped = tree.binding(schemaPath + name.slice(0, last))?.mapped;
      if (
        value.includes('[') &&
        tree.definition(schemaPath + name.slice(0, last))?.parameter(name.slice(last))?.type.pathReference
      )
        this.#numbered(value);
      const targets = mapped?.parameters.get(name.slice(last))?.targets ?? [];
      if (targets.length > 0) for (const path of splitList(value)) evaluator.mapped.referenced(targets, path);
    }
    for (const part of parts ?? []) {
      this.#prepareReferences(`${schemaPath}${part.path}${part.op === 'add' ? '{i}.' : ''}`, part);
    }
  }

  stage(write: Write, plan: Plan): WriteOutcome {
    this.#writes++;
    if (write.op === 'delete') return this.#delete(write, plan);
    return { requested: write, result: write.op === 'set' ? this.#set(write, plan) : this.#add(write, plan) };
  }

  /** Of writes that stand or fall together, when all are staged: those that give a row the key of another one, by their place. */
  duplicates(plan: Plan): Map<number, WriteRefused> {
    const found = new Map<number, WriteRefused>();
    for (const { write, node, tablePath } of this.#keyed ?? []) {
      const taken = !found.has(write) && this.#duplicateKey(node, tablePath, plan);
      if (taken) found.set(write, refusalOf(taken));
    }
    return found;
  }

  #set(write: Extract<Write, { op: 'set' }>, plan: Plan): Result<ObjectWritten[], WriteRefused> {
    const nodes = this.#nodes(write.path);
    if (!nodes.ok) return refuse(nodes.fault);
    const written: ObjectWritten[] = [];
    for (const node of nodes.value) {
      const done = this.#object(node, write.parameters, tablePathOf(node.path), plan);
      if (!done.ok) return done;
      written.push({ path: node.path, ...done.value, uniqueKeys: {} });
    }
    return ok(written);
  }

  #add(write: Extract<Write, { op: 'add' }>, plan: Plan): Result<ObjectWritten[], WriteRefused> {
    const { tree, view } = this.#reading;
    const resolved = this.#resolve(write.path);
    if (!resolved.ok) return refuse(resolved.fault);
    const { table, schemaPath } = resolved.value;
    if (table.length === 0) {
      return resolved.value.searching
        ? ok([])
        : refuse({ kind: 'not-a-table', message: 'rows are added to a table', path: write.path });
    }
    const info = tree.supported(view.protocol).object(schemaPath);
    if (!info?.creatable) return refuse({ kind: 'not-creatable', message: 'rows can not be added', path: write.path });
    const written: ObjectWritten[] = [];
    for (const { parent } of table) {
      const tablePath = tableOf(parent, schemaPath);
      if (!(view.access?.allows('Obj', 'w', tablePath) ?? true)) {
        return refuse({ kind: 'denied', message: 'not permitted', path: tablePath });
      }
      const node = this.#rows.add(parent, schemaPath, tablePath, plan);
      // A unique key is required whether it is said to be or not (TR-369 "Add Request", `required`).
      const keys = view.protocol === 'usp' ? info.uniqueKeys.flat() : [];
      const parameters = write.parameters.map((one) =>
        !one.required && keys.includes(one.name) ? { ...one, required: true } : one,
      );
      const done = this.#object(node, parameters, tablePath, plan);
      const below = write.parts ? this.#parts.stage(node, write.parts, plan) : ok(undefined);
      if (!done.ok) {
        return below.ok
          ? done
          : refused({ ...done.fault, refusals: [...done.fault.refusals, ...below.fault.refusals] });
      }
      if (!below.ok) return below;
      written.push({ path: node.path, ...done.value, uniqueKeys: this.#keysOfNew(node, done.value.parameters, plan) });
    }
    return ok(written);
  }

  #delete(write: Extract<Write, { op: 'delete' }>, plan: Plan): WriteOutcome {
    const requested = write;
    const resolved = this.#resolve(write.path);
    // R-DEL.1
    if (resolved.ok && resolved.value.table.length > 0)
      return { requested, result: refuse({ kind: 'path-syntax', message: 'a row is needed', path: write.path }) };
    const nodes = this.#nodes(write.path);
    if (!nodes.ok) return { requested, result: refuse(nodes.fault) };
    const written: ObjectWritten[] = [];
    const kept: ParameterRefusal[] = [];
    for (const node of nodes.value) {
      // An earlier path of the request has met it.
      if (plan.gone.has(node.path) || plan.storedGone.has(node.path)) continue;
      const fault = this.#rows.mayGo(node) ?? this.#rows.remove(node, plan);
      if (!fault) {
        this.#references.clear(node, plan);
        written.push({ path: node.path, parameters: [], refusals: [], uniqueKeys: {} });
      } else if (this.#keyed) return { requested, result: refuse(fault) };
      else kept.push({ path: node.path, fault });
    }
    if (kept.length === 0) return { requested, result: ok(written) };
    return written.length > 0
      ? { requested, result: ok(written), kept }
      : { requested, result: refuse(kept[0]!.fault) };
  }

  #nodes(path: string): Result<readonly Node[], ModelFault> {
    const resolved = this.#resolve(path);
    if (!resolved.ok) return resolved;
    if (resolved.value.leaf.kind !== 'object') {
      return refused({ kind: 'path-syntax', message: 'an object path is needed: it ends with a dot', path });
    }
    if (resolved.value.table.length > 0) return refused({ kind: 'no-instance', message: 'the row is missing', path });
    return ok(resolved.value.nodes);
  }

  /** All that is to be said of one object. */
  #object(
    node: Node,
    parameters: readonly ParameterWrite[],
    tablePath: string,
    plan: Plan,
  ): Result<StagedParameters, WriteRefused> {
    const done = this.#parameters(node, parameters, plan);
    if (!done.ok) return done;
    this.#keyed?.push({ write: this.#writes - 1, node, tablePath });
    const taken =
      (this.#keyed ? undefined : this.#duplicateKey(node, tablePath, plan)) ??
      this.#items.finish(node, parameters, plan);
    return taken ? refuse(taken) : done;
  }

  #parameters(node: Node, parameters: readonly ParameterWrite[], plan: Plan): Result<StagedParameters, WriteRefused> {
    const done: { name: string; value: string }[] = [];
    const refusals: ParameterRefusal[] = [];
    const failed: ModelFault[] = [];
    for (const { name, value, required } of parameters) {
      const last = name.lastIndexOf('.') + 1;
      const below =
        last > 0 && this.#rows.isNew(node, plan) ? objectBelow(this.#reading, node, name.slice(0, last)) : undefined;
      const result = below
        ? this.#parameter(below, name.slice(last), value, plan)
        : this.#parameter(node, name, value, plan);
      if (result.ok) done.push({ name, value: result.value });
      else {
        refusals.push({ path: node.path + name, fault: result.fault });
        if (required) failed.push(result.fault);
      }
    }
    if (failed.length > 0) {
      // Want of permission is said as such (TP-469 2.23, 2.26).
      const denied = failed.every(({ kind }) => kind === 'denied');
      const fault: ModelFault = denied
        ? { kind: 'denied', message: 'not permitted', path: node.path }
        : { kind: 'required-parameter', message: 'a required parameter failed', path: node.path };
      return refused({ fault, refusals });
    }
    return ok({ parameters: done, refusals });
  }

  #parameter(node: Node, name: string, text: string, plan: Plan): Result<string, ModelFault> {
    const { tree, view } = this.#reading;
    const path = node.path + name;
    const known = tree.parameter(view.protocol, node.schemaPath, name);
    if (!known) return refused({ kind: 'unsupported-path', message: 'no such parameter', path });
    const { info, definition } = known;
    if (!info.writable) return refused({ kind: 'not-writable', message: 'read only', path });
    if (info.access === 'writeOnceReadOnly' && !this.#rows.isNew(node, plan)) {
      return refused({ kind: 'not-writable', message: 'is written once, with the row', path });
    }
    if (!(view.access?.allows('Param', 'w', path) ?? true))
      return refused({ kind: 'denied', message: 'not permitted', path });
    const given = checkValue(definition, text, { byPeer: true });
    if (!given.ok) return refused({ ...given.fault, path });
    const checked = definition.type.pathReference ? this.#numbered(given.value) : given;
    if (!checked.ok) return refused({ ...checked.fault, path });
    const staged = this.#values.stage(node, definition, checked.value, plan);
    if (!staged.ok) return refused({ ...staged.fault, path });
    plan.written.add(path);
    if (!node.binding.stored?.columns.has(name)) plan.values.set(path, checked.value);
    return isShown(view, info, path) ? checked : ok('');
  }

  /** References by unique key or Alias (TR-369 R-ARC.11) as they read: by instance number. */
  #numbered(references: string): Result<string, ModelFault> {
    if (!references.includes('[')) return ok(references);
    const { tree, evaluator, view } = this.#reading;
    const numbered: string[] = [];
    for (const reference of splitList(references)) {
      if (!reference.includes('[')) {
        numbered.push(reference);
        continue;
      }
      const resolved = resolvePath(tree, evaluator, view.protocol, `${reference}.`, view.access);
      const [row, ...others] = resolved.ok ? resolved.value.nodes : [];
      if (!row || others.length > 0)
        return refused({ kind: 'invalid-value', message: 'it does not refer to one row that is there' });
      numbered.push(row.path.slice(0, -1));
    }
    return ok(numbered.join(','));
  }

  #duplicateKey(node: Node, tablePath: string, plan: Plan): ModelFault | undefined {
    return node.binding.stored
      ? storedKeyTaken(this.#reading.tree, node, tablePath, plan)
      : this.#mappedKeys.taken(node, tablePath, plan);
  }

  #keysOfNew(node: Node, written: readonly { name: string; value: string }[], plan: Plan): Record<string, string> {
    const stored = plan.storedRows.get(node.path)?.values;
    return uniqueKeysOf(
      this.#reading,
      node,
      (name) => written.find((parameter) => parameter.name === name)?.value ?? stored?.[name],
    );
  }
}

const refusalOf = (fault: ModelFault): WriteRefused => ({
  fault,
  refusals: fault.path ? [{ path: fault.path, fault }] : [],
});
const refuse = (fault: ModelFault): Result<never, WriteRefused> => refused(refusalOf(fault));
