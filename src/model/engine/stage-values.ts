import { ok, type Result, refused } from '#base';
import type { ModelFault, Origin } from '../api.ts';
import { withCidr } from '../mapping/cidr.ts';
import type { CompiledParameter } from '../mapping/compiled.ts';
import { toOption, toParameter } from '../mapping/convert.ts';
import { fitted } from '../mapping/fit.ts';
import { tablePathOf, toSchemaPath } from '../path/index.ts';
import type { ParameterDefinition } from '../schema/index.ts';
import { splitList } from '../validate/index.ts';
import { type CommandLine, commandLine, followUp } from './follow-ups.ts';
import type { Instances } from './instances.ts';
import { declaredRow, type Node } from './node.ts';
import { changesOf, type Plan } from './plan.ts';
import type { Reading } from './read.ts';
import type { SectionNames } from './section-names.ts';
import type { ItemStager } from './stage-items.ts';
import type { StoredRow } from './stored.ts';

/** What a valid value of a parameter means to a plan: an option, a program, a stored column, an Alias, or code of a room. */
export class ValueStager {
  readonly #reading: Reading;
  readonly #origin: Origin;
  readonly #instances: Instances;
  readonly #names: SectionNames;
  readonly #items: ItemStager;
  readonly #hasProgram: (name: string) => boolean;

  constructor(
    reading: Reading,
    origin: Origin,
    instances: Instances,
    names: SectionNames,
    items: ItemStager,
    hasProgram: (name: string) => boolean,
  ) {
    this.#reading = reading;
    this.#origin = origin;
    this.#instances = instances;
    this.#names = names;
    this.#items = items;
    this.#hasProgram = hasProgram;
  }

  /** Touches what staging a value will ask. */
  prepare(node: Node, parameter: CompiledParameter): void {
    const { evaluator, view } = this.#reading;
    const { rule, base, otherwise, definition } = parameter;
    if (rule.run) commandLine(evaluator.mapped, node, rule.run);
    evaluator.mapped.first(base, node);
    evaluator.mapped.first(otherwise, node);
    if (typeof rule.as === 'object') evaluator.value(view.protocol, node, definition.name);
  }

  stage(node: Node, definition: ParameterDefinition, value: string, plan: Plan): Result<undefined, ModelFault> {
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
      return ok(undefined);
    }
    if (name === 'Alias' && !binding.mapped?.parameters.has('Alias')) return this.#alias(node, value, plan);
    const mapped = binding.mapped?.parameters.get(name);
    if (mapped?.takes?.test(value) === false || (mapped?.rule.same && value !== mapped.rule.is))
      return refused({ kind: 'invalid-value', message: 'the device can not do this value' });
    if (mapped?.rule.same) return ok(undefined);
    const run =
      mapped?.writable && mapped.rule.run && commandLine(this.#reading.evaluator.mapped, node, mapped.rule.run);
    if (run) return this.#stageProgram(node, mapped, run, value, plan);
    if (mapped?.listed) return this.#stageItem(node, mapped, value, plan);
    return mapped?.option === undefined
      ? refused({ kind: 'not-writable', message: 'there is nowhere to write it' })
      : this.#stageOption(node, mapped, mapped.option, value, plan);
  }

  #stageItem(node: Node, mapped: CompiledParameter, value: string, plan: Plan): Result<undefined, ModelFault> {
    if (node.readOnly) return refused({ kind: 'not-writable', message: 'there is nowhere to write it' });
    if (mapped.listed === 'place') return this.#items.place(node, mapped, value, plan);
    if (mapped.listed === 'switch') return this.#items.turn(node, value === 'true', plan);
    // A table below the same parent is meant as the parent's own.
    const { parent } = node;
    const { targets } = mapped;
    const stranger = toSchemaPath(value).startsWith(parent!.schemaPath) && !value.startsWith(parent!.path);
    if (targets.length > 0 && this.#reading.evaluator.mapped.isReadOnly(targets, value))
      return refused({ kind: 'invalid-value', message: 'an item can not name the row that it refers to' });
    if (stranger) return refused({ kind: 'invalid-value', message: 'the row it refers to is not of the same parent' });
    const part =
      mapped.rule.as === 'ref'
        ? this.#references(mapped, value, plan)
        : toOption(value, mapped.rule, mapped.definition);
    return typeof part === 'string'
      ? this.#items.part(node, mapped, value, part, plan)
      : refused({ kind: 'invalid-value', message: 'the device can not do this value' });
  }

  #stageProgram(
    node: Node,
    { definition, rule, fits }: CompiledParameter,
    [program, ...args]: CommandLine,
    value: string,
    plan: Plan,
  ): Result<undefined, ModelFault> {
    if (fits?.test(value) === false)
      return refused({ kind: 'invalid-value', message: 'the device can not do this value' });
    if (!this.#hasProgram(program)) return refused({ kind: 'not-writable', message: `there is no ${program} here` });
    plan.followUps.set(node.path + definition.name, followUp(program, args, rule.input, value));
    return ok(undefined);
  }

  #stageOption(
    node: Node,
    mapped: CompiledParameter,
    name: string,
    value: string,
    plan: Plan,
  ): Result<undefined, ModelFault> {
    const { evaluator } = this.#reading;
    const place = evaluator.mapped.sectionFor(node, mapped);
    if (mapped.fixed && evaluator.mapped.values(mapped.fixed, node, node.binding.mapped!).length > 0)
      return refused({ kind: 'not-writable', message: 'it can not be written in this row' });
    if (!place || (node.readOnly && !mapped.section))
      return refused({ kind: 'not-writable', message: 'there is nowhere to write it' });
    const { package: pack, section: at } = place;
    const now = (of: string) => plan.options.get(`${pack} ${at.name} ${of}`) ?? at.options.get(of);
    const { cidr } = mapped.rule;
    const address = cidr && this.#valueNow(node, cidr[1], plan);
    if (cidr && address) {
      const part = mapped.definition.name === cidr[1] ? 'address' : 'mask';
      const changed = withCidr(now(cidr[0]), address, part, value);
      if (changed === undefined || (hasProblem(changed) && changed.problem === 'absent'))
        return refused({ kind: 'invalid-value', message: 'the device can not do this value' });
      if (!hasProblem(changed)) return this.#put(node, place, [cidr[0]], changed, plan);
    }
    const before = now(name);
    let option: string | readonly string[] | undefined;
    if (mapped.rule.as === 'ref') {
      option = this.#references(mapped, value, plan);
      if (option === undefined)
        return refused({ kind: 'invalid-value', message: 'the row it refers to does not exist' });
    } else {
      const converted =
        value === mapped.rule.unset
          ? ''
          : toOption(value, mapped.rule, mapped.definition, evaluator.mapped.base(node, mapped));
      option = converted === undefined ? undefined : fitted(converted, before, mapped);
      if (option === undefined) {
        // What is there already, or in this plan, says the value in a way that a write would not.
        const staged = plan.options.get(`${pack} ${at.name} ${name}`);
        if (typeof mapped.rule.as === 'object') {
          const says =
            staged === undefined ? this.#valueNow(node, mapped.definition.name, plan) : asWritten(staged, mapped);
          if (says === value) return ok(undefined);
        }
        option = evaluator.mapped.first(mapped.otherwise, node);
      }
      if (option === undefined) return refused({ kind: 'invalid-value', message: 'the device can not do this value' });
    }
    return this.#put(node, place, [name, ...(mapped.rule.also ?? [])], option, plan);
  }

  #put(
    node: Node,
    place: NonNullable<Node['section']>,
    names: readonly string[],
    value: string | readonly string[],
    plan: Plan,
  ): Result<undefined, ModelFault> {
    const section = this.#names.of(node, plan, place);
    const changes = changesOf(plan, place.package);
    for (const option of names) {
      plan.options.set(`${place.package} ${place.section.name} ${option}`, value);
      // UCI has no empty value: an option without one is absent.
      if (value === '' || value.length === 0) changes.push({ op: 'unset', section, option });
      else changes.push({ op: 'set', section, option, value: typeof value === 'string' ? value : [...value] });
    }
    return ok(undefined);
  }

  /** With what the plan has written so far. */
  #valueNow(node: Node, name: string, plan: Plan): string {
    const { evaluator, view } = this.#reading;
    return plan.values.get(node.path + name) ?? evaluator.value(view.protocol, node, name).value;
  }

  /** What stands for the rows that are named; one of a list by itself is no list. */
  #references(
    { targets, definition }: CompiledParameter,
    value: string,
    plan: Plan,
  ): string | readonly string[] | undefined {
    const paths = definition.type.list ? splitList(value) : [value].filter(Boolean);
    const { evaluator } = this.#reading;
    const found = paths.map((path) => {
      // A section without a name can not be referred to: it gets one.
      const nameless = evaluator.mapped.namelessRow(targets, path);
      return nameless ? this.#names.of(nameless, plan) : evaluator.mapped.referenced(targets, path);
    });
    const known = found.filter((identity) => identity !== undefined);
    if (known.length < found.length) return undefined;
    return known.length > 1 ? known : (known[0] ?? '');
  }

  #alias(node: Node, value: string, plan: Plan): Result<undefined, ModelFault> {
    const table = tablePathOf(node.path);
    const { evaluator, view } = this.#reading;
    const type = this.#reading.tree.definition(node.schemaPath)?.parameter('Alias')?.type;
    const same =
      type && node.parent
        ? evaluator.having(view.protocol, node.parent, node.schemaPath, [{ name: 'Alias', type, key: value }])
        : undefined;
    const held = (same ?? []).some(
      ({ path }) => path !== node.path && !plan.gone.has(path) && !plan.values.has(`${path}Alias`),
    );
    const key = `${table} Alias ${value}`;
    const holder = plan.keys.get(key) ?? node.path;
    const staged = holder !== node.path && plan.values.get(`${holder}Alias`) === value && !plan.gone.has(holder);
    if (held || staged) return refused({ kind: 'duplicate-key', message: 'another row has this Alias' });
    plan.keys.set(key, node.path);
    // The alias has to stay with the row, so the row needs a name that stays.
    const identity =
      node.binding.mapped?.rows.kind === 'listed' && typeof node.item === 'string'
        ? this.#items.identity(node, plan)
        : this.#names.isNameless(node)
          ? this.#names.of(node, plan)
          : node.identity;
    plan.effects.push(() => this.#instances.setAlias(table, identity, value));
    return ok(undefined);
  }
}

const hasProblem = (changed: object | string): changed is { readonly problem: 'absent' | 'bare' } =>
  typeof changed === 'object' && 'problem' in changed;

/** What an option that this plan has written reads as, where the option alone tells. */
function asWritten(
  option: string | readonly string[],
  { rule, definition, pick }: CompiledParameter,
): string | undefined {
  return pick ? undefined : toParameter([option], rule, definition, { now: 0, base: undefined });
}
