import { ok, type Result, refused } from '#base';
import type {
  ModelFault,
  ObjectWritten,
  Origin,
  ParameterRefusal,
  ParameterWrite,
  Write,
  WriteOutcome,
  WriteRefused,
} from '../api.ts';
import type { CompiledParameter } from '../mapping/compiled.ts';
import { toOption } from '../mapping/convert.ts';
import { fitted } from '../mapping/fit.ts';
import type { ParameterDefinition } from '../schema/index.ts';
import { checkValue, splitList } from '../validate/index.ts';
import { declaredRow, type Node } from './evaluate.ts';
import type { Instances } from './instances.ts';
import { MappedKeys } from './mapped-keys.ts';
import { changesOf, type Plan } from './plan.ts';
import { type Reading, uniqueKeysOf } from './read.ts';
import { resolvePath } from './resolve.ts';
import type { StoredRow } from './stored.ts';

/** Stages writes against one read scope: everything that can be refused is refused here, with every parameter at fault. */
export class Stager {
  readonly #reading: Reading;
  readonly #origin: Origin;
  readonly #instances: Instances;
  readonly #random: () => string;
  readonly #mappedKeys: MappedKeys;

  constructor(reading: Reading, origin: Origin, instances: Instances, random: () => string) {
    this.#reading = reading;
    this.#origin = origin;
    this.#instances = instances;
    this.#random = random;
    this.#mappedKeys = new MappedKeys(reading);
  }

  /** Touches every source that staging this write will need, and nothing else. */
  prepare(write: Write): void {
    const { tree, evaluator, view } = this.#reading;
    const resolved = resolvePath(tree, evaluator, view.protocol, write.path, view.access);
    if (!resolved.ok || write.op === 'delete') return;
    const mapped = tree.binding(resolved.value.schemaPath)?.mapped;
    for (const { name, value } of write.parameters) {
      const rule = mapped?.parameters.get(name)?.rule;
      if (rule?.as === 'ref') for (const path of splitList(value)) evaluator.referenced(rule.to!, rule.by, path);
    }
  }

  stage(write: Write, plan: Plan): WriteOutcome {
    const result =
      write.op === 'set'
        ? this.#set(write, plan)
        : write.op === 'add'
          ? this.#add(write, plan)
          : this.#delete(write, plan);
    return { requested: write, result };
  }

  #set(write: Extract<Write, { op: 'set' }>, plan: Plan): Result<ObjectWritten[], WriteRefused> {
    const nodes = this.#nodes(write.path);
    if (!nodes.ok) return refuse(nodes.fault);
    const written: ObjectWritten[] = [];
    for (const node of nodes.value) {
      const done = this.#parameters(node, write.parameters, plan);
      if (!done.ok) return done;
      const taken = this.#duplicateKey(node, node.path.replace(/[0-9]+\.$/, ''), plan);
      if (taken) return refuse(taken);
      written.push({ path: node.path, ...done.value, uniqueKeys: {} });
    }
    return ok(written);
  }

  #add(write: Extract<Write, { op: 'add' }>, plan: Plan): Result<ObjectWritten[], WriteRefused> {
    const { tree, evaluator, view } = this.#reading;
    const resolved = resolvePath(tree, evaluator, view.protocol, write.path, view.access);
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
      const tablePath = `${parent.path}${schemaPath.slice(parent.schemaPath.length).split('.')[0]}.`;
      if (!(view.access?.allows('Obj', 'w', tablePath) ?? true)) {
        return refuse({ kind: 'denied', message: 'not permitted', path: tablePath });
      }
      const node = this.#newRow(parent, schemaPath, tablePath, plan);
      // A unique key is required whether it is said to be or not (TR-369 "Add Request", `required`).
      const keys = view.protocol === 'usp' ? info.uniqueKeys.flat() : [];
      const parameters = write.parameters.map((one) => (keys.includes(one.name) ? { ...one, required: true } : one));
      const done = this.#parameters(node, parameters, plan);
      if (!done.ok) return done;
      const taken = this.#duplicateKey(node, tablePath, plan);
      if (taken) return refuse(taken);
      written.push({ path: node.path, ...done.value, uniqueKeys: this.#keysOfNew(node, done.value.parameters, plan) });
    }
    return ok(written);
  }

  #delete(write: Extract<Write, { op: 'delete' }>, plan: Plan): Result<ObjectWritten[], WriteRefused> {
    const nodes = this.#nodes(write.path);
    if (!nodes.ok) return refuse(nodes.fault);
    const written: ObjectWritten[] = [];
    for (const node of nodes.value) {
      const info = this.#reading.tree.supported(this.#reading.view.protocol).object(node.schemaPath);
      if (!info?.table) return refuse({ kind: 'not-a-table', message: 'only rows are deleted', path: node.path });
      if (!info.deletable)
        return refuse({ kind: 'not-deletable', message: 'this row can not be deleted', path: node.path });
      if (!(this.#reading.view.access?.allows('InstantiatedObj', 'w', node.path) ?? true)) {
        return refuse({ kind: 'denied', message: 'not permitted', path: node.path });
      }
      const { stored } = node.binding;
      if (stored) {
        plan.storedGone.add(node.path);
        plan.storedRows.delete(node.path);
        plan.effects.push(() => stored.remove(node.path));
      } else if (!node.section || node.readOnly) {
        return refuse({ kind: 'not-deletable', message: 'the device made this row itself', path: node.path });
      } else {
        plan.gone.add(node.path);
        const section = this.#name(node, plan);
        changesOf(plan, node.section.package).push({ op: 'delete', section });
        const table = node.path.replace(/[0-9]+\.$/, '');
        const identity = node.section.section.anonymous ? section : node.identity;
        plan.effects.push(() => this.#instances.drop(table, identity));
      }
      written.push({ path: node.path, parameters: [], refusals: [], uniqueKeys: {} });
    }
    return ok(written);
  }

  #nodes(path: string): Result<readonly Node[], ModelFault> {
    const { tree, evaluator, view } = this.#reading;
    const resolved = resolvePath(tree, evaluator, view.protocol, path, view.access);
    if (!resolved.ok) return resolved;
    if (resolved.value.leaf.kind !== 'object') {
      return refused({ kind: 'path-syntax', message: 'an object path is needed', path });
    }
    if (resolved.value.table.length > 0) return refused({ kind: 'no-instance', message: 'the row is missing', path });
    return ok(resolved.value.nodes);
  }

  #parameters(
    node: Node,
    parameters: readonly ParameterWrite[],
    plan: Plan,
  ): Result<{ parameters: { name: string; value: string }[]; refusals: ParameterRefusal[] }, WriteRefused> {
    const done: { name: string; value: string }[] = [];
    const refusals: ParameterRefusal[] = [];
    const failed: ModelFault[] = [];
    for (const { name, value, required } of parameters) {
      const result = this.#parameter(node, name, value, plan);
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
    const info = tree
      .supported(view.protocol)
      .object(node.schemaPath)
      ?.parameters.find((candidate) => candidate.name === name);
    const definition = tree.view(view.protocol).parameter(node.schemaPath + name);
    if (!info || !definition) return refused({ kind: 'unsupported-path', message: 'no such parameter', path });
    if (!info.writable) return refused({ kind: 'not-writable', message: 'read only', path });
    if (info.access === 'writeOnceReadOnly' && !this.#isNew(node, plan)) {
      return refused({ kind: 'not-writable', message: 'is written once, with the row', path });
    }
    if (!(view.access?.allows('Param', 'w', path) ?? true))
      return refused({ kind: 'denied', message: 'not permitted', path });
    const checked = checkValue(definition, text, { byPeer: true });
    if (!checked.ok) return refused({ ...checked.fault, path });
    const staged = this.#stageParameter(node, definition, checked.value, plan);
    if (!staged.ok) return refused({ ...staged.fault, path });
    plan.written.add(path);
    plan.values.set(path, checked.value);
    return checked;
  }

  /** The row comes to be in this plan. */
  #isNew(node: Node, plan: Plan): boolean {
    const { stored } = node.binding;
    if (stored) return stored.row(node.path) === undefined;
    return plan.created.some(({ identity }) => identity === node.identity);
  }

  #stageParameter(
    node: Node,
    definition: ParameterDefinition,
    value: string,
    plan: Plan,
  ): Result<undefined, ModelFault> {
    const { name } = definition;
    const { binding } = node;
    const declared = binding.parameters.get(name);
    if (declared?.set) {
      const row = declaredRow(node);
      const problem = declared.validate?.(row, value);
      if (problem) return refused(problem);
      plan.effects.push(() => declared.set!(row, value));
      return ok(undefined);
    }
    const { stored } = binding;
    if (stored?.columns.has(name)) {
      const before = plan.storedRows.get(node.path) ?? stored.row(node.path);
      if (!before) return refused({ kind: 'no-instance', message: 'the row is gone' });
      const after: StoredRow = { ...before, values: { ...before.values, [name]: value } };
      const problem = stored.declaration.validate?.(after, stored.row(node.path), this.#origin);
      if (problem) return refused(problem);
      plan.storedRows.set(node.path, after);
      plan.effects.push(() => stored.put(after));
      return ok(undefined);
    }
    if (name === 'Alias' && !binding.mapped?.parameters.has('Alias')) return this.#alias(node, value, plan);
    const mapped = binding.mapped?.parameters.get(name);
    return mapped?.option === undefined
      ? refused({ kind: 'not-writable', message: 'there is nowhere to write it' })
      : this.#stageOption(node, mapped, mapped.option, value, plan);
  }

  #stageOption(
    node: Node,
    mapped: CompiledParameter,
    name: string,
    value: string,
    plan: Plan,
  ): Result<undefined, ModelFault> {
    const { evaluator } = this.#reading;
    const place = evaluator.sectionFor(node, mapped);
    if (!place || (node.readOnly && !mapped.section))
      return refused({ kind: 'not-writable', message: 'there is nowhere to write it' });
    const key = `${place.package} ${place.section.name} ${name}`;
    const before = plan.options.get(key) ?? place.section.options.get(name);
    let option: string | readonly string[] | undefined;
    if (mapped.rule.as === 'ref') {
      option = this.#references(mapped, value, plan);
      if (option === undefined)
        return refused({ kind: 'invalid-value', message: 'the row it refers to does not exist' });
    } else {
      const converted =
        value === mapped.rule.unset
          ? ''
          : toOption(value, mapped.rule, mapped.definition, evaluator.base(node, mapped));
      option = converted === undefined ? undefined : fitted(converted, before, mapped);
      if (option === undefined) return refused({ kind: 'invalid-value', message: 'the device can not do this value' });
    }
    plan.options.set(key, option);
    const section = this.#name(node, plan, place);
    const changes = changesOf(plan, place.package);
    // UCI has no empty value: an option without one is absent.
    if (option === '' || option.length === 0) changes.push({ op: 'unset', section, option: name });
    else changes.push({ op: 'set', section, option: name, value: typeof option === 'string' ? option : [...option] });
    return ok(undefined);
  }

  /** What stands for the rows that are named; one of a list by itself is no list. */
  #references(
    { rule, definition }: CompiledParameter,
    value: string,
    plan: Plan,
  ): string | readonly string[] | undefined {
    const paths = definition.type.list ? splitList(value) : [value].filter(Boolean);
    const { evaluator } = this.#reading;
    const found = paths.map((path) => {
      // A section without a name can not be referred to: it gets one.
      const nameless = rule.by === undefined ? evaluator.namelessRow(rule.to!, path) : undefined;
      return nameless ? this.#name(nameless, plan) : evaluator.referenced(rule.to!, rule.by, path);
    });
    const known = found.filter((identity) => identity !== undefined);
    if (known.length < found.length) return undefined;
    return known.length > 1 ? known : (known[0] ?? '');
  }

  #alias(node: Node, value: string, plan: Plan): Result<undefined, ModelFault> {
    const table = node.path.replace(/[0-9]+\.$/, '');
    const siblings = node.parent ? this.#reading.evaluator.children(node.parent, node.schemaPath) : [];
    const taken = siblings.some(
      (row) =>
        row.path !== node.path &&
        this.#reading.evaluator.value(this.#reading.view.protocol, row, 'Alias').value === value,
    );
    if (taken) return refused({ kind: 'duplicate-key', message: 'another row has this Alias' });
    // The alias has to stay with the row, so the row needs a name that stays.
    const identity = this.#isNameless(node) ? this.#name(node, plan) : node.identity;
    plan.effects.push(() => this.#instances.setAlias(table, identity, value));
    return ok(undefined);
  }

  #newRow(parent: Node, schemaPath: string, tablePath: string, plan: Plan): Node {
    const binding = this.#reading.tree.binding(schemaPath)!;
    const definition = this.#reading.tree.definition(schemaPath)!;
    const node = (number: number, identity: string, section: Node['section']): Node => ({
      path: `${tablePath}${number}.`,
      schemaPath,
      instances: [...parent.instances, number],
      parent,
      binding,
      identity,
      section,
      item: undefined,
      variables: new Map(),
    });
    if (binding.stored) {
      const { stored } = binding;
      const number = stored.takeNumber();
      const created = node(number, `${tablePath}${number}.`, undefined);
      const values: Record<string, string> = {};
      for (const column of stored.columns) {
        const parameter = definition.parameter(column);
        if (parameter?.default?.kind === 'object') values[column] = parameter.default.value;
      }
      if (stored.columns.has('Alias')) values.Alias = `cpe-${number}`;
      Object.assign(values, stored.declaration.defaults?.(this.#origin));
      const row: StoredRow = { path: created.path, instances: created.instances, values };
      plan.storedRows.set(row.path, row);
      plan.effects.push(() => stored.put(row));
      return created;
    }
    const rows = binding.mapped!.rows;
    if (rows.kind !== 'sections') throw new Error('only sections can be added');
    // Rows that nobody has looked at yet get their numbers before the new one does.
    this.#reading.evaluator.children(parent, schemaPath);
    const name = `${rows.type.replaceAll('-', '_')}_${this.#random()}`;
    const number = this.#instances.numberOf(tablePath, name, binding.mapped!.keep);
    plan.created.push({ table: tablePath, identity: name });
    const changes = changesOf(plan, rows.package);
    changes.push({ op: 'add', section: name, type: rows.type });
    const options = new Map<string, string>();
    for (const [option, text] of Object.entries(binding.mapped!.add ?? {})) {
      const value = text === '$parent' ? (parent.section ? this.#name(parent, plan) : parent.identity) : text;
      changes.push({ op: 'set', section: name, option, value });
      options.set(option, value);
    }
    const section = { name, type: rows.type, anonymous: false, index: -1, options };
    return node(number, name, { package: rows.package, section });
  }

  /** The row stands for a section that has no name; rows inside such a section have an identity of their own. */
  #isNameless({ section, identity }: Node): boolean {
    if (!section?.section.anonymous) return false;
    const pack = this.#reading.evaluator.scope.uci(section.package)!;
    return this.#instances.anonymous.token(pack, section.section) === identity;
  }

  /** The name of the row's section; an anonymous one gets a name in the transaction that first touches it. */
  #name(node: Node, plan: Plan, { package: pack, section } = node.section!): string {
    if (!section.anonymous) return section.name;
    const key = `${pack} ${section.name}`;
    const given = plan.named.get(key);
    if (given) return given;
    const name = `${section.type.replaceAll('-', '_')}_${this.#random()}`;
    plan.named.set(key, name);
    changesOf(plan, pack).push({ op: 'rename', section: section.name, to: name });
    const token = this.#instances.anonymous.token(this.#reading.evaluator.scope.uci(pack)!, section);
    plan.effects.push(() => this.#instances.rename(token, name));
    return name;
  }

  /** TR-106 section 2.3.3.6, for the tables that the model keeps itself; by index, whatever their size. */
  #duplicateKey(node: Node, tablePath: string, plan: Plan): ModelFault | undefined {
    if (!node.binding.stored) return this.#mappedKeys.taken(node, tablePath, plan);
    const { stored } = node.binding;
    const definition = this.#reading.tree.definition(node.schemaPath);
    const row = plan.storedRows.get(node.path);
    if (!stored || !definition || !row) return undefined;
    const valuesOf = (of: StoredRow, names: readonly string[]): string =>
      JSON.stringify(names.map((name) => of.values[name] ?? ''));
    for (const { parameters } of definition.uniqueKeys) {
      if (!parameters.every((name) => stored.columns.has(name))) continue;
      const values = valuesOf(row, parameters);
      const key = `${tablePath} ${parameters.join()} ${values}`;
      const holder = plan.keys.get(key);
      const byOther = holder !== undefined && holder !== row.path && plan.storedRows.has(holder);
      // The last parameter of a key tells most: `ID` in `Recipient, ID`.
      const last = parameters.at(-1)!;
      const candidates = [...stored.having(tablePath, last, row.values[last] ?? '')];
      const taken = candidates.some(
        (other) =>
          other.path !== row.path &&
          !plan.storedGone.has(other.path) &&
          valuesOf(plan.storedRows.get(other.path) ?? other, parameters) === values,
      );
      if (byOther || taken) {
        const message = `another row has the same ${parameters.join(', ')}`;
        return { kind: 'duplicate-key', message, path: node.path };
      }
      plan.keys.set(key, row.path);
    }
    return undefined;
  }

  #keysOfNew(node: Node, written: readonly { name: string; value: string }[], plan: Plan): Record<string, string> {
    const stored = plan.storedRows.get(node.path)?.values;
    const keys = uniqueKeysOf(this.#reading, node);
    for (const name of Object.keys(keys)) {
      const value = written.find((parameter) => parameter.name === name)?.value ?? stored?.[name];
      if (value !== undefined) keys[name] = value;
    }
    return keys;
  }
}

function refuse(fault: ModelFault): Result<never, WriteRefused> {
  const refusals = fault.path ? [{ path: fault.path, fault }] : [];
  return refused({ fault, refusals });
}
