import { ok, type Result, refused } from '#base';
import type { ModelFault, ParameterWrite } from '../api.ts';
import type { CompiledObject, CompiledParameter, ListedRows } from '../mapping/compiled.ts';
import { itemOf, partOf } from '../mapping/list-item.ts';
import { tablePathOf } from '../path/index.ts';
import type { Instances } from './instances.ts';
import { draftIdentity, isDraft, isEnabled, listedIdentity, newIdentity, readDraft } from './listed-identity.ts';
import { listItems, type Place } from './mapped-rows.ts';
import { foundNode, type Node } from './node.ts';
import { changesOf, type Plan, type PlannedItem } from './plan.ts';
import type { Reading } from './read.ts';
import type { SectionNames } from './section-names.ts';
import type { Binding } from './tree.ts';

/**
 * Rows that are items of lists in sections (`list ports 'lan1:t'`). A row that is added is no item until it is enabled and its parameters say which section it is in
 * and what tells it apart there; until then it is a draft, which only the model knows of.
 */
export class ItemStager {
  readonly #reading: Reading;
  readonly #instances: Instances;
  readonly #names: SectionNames;
  readonly #random: () => string;

  constructor(reading: Reading, instances: Instances, names: SectionNames, random: () => string) {
    this.#reading = reading;
    this.#instances = instances;
    this.#names = names;
    this.#random = random;
  }

  /** A draft, to be finished when its parameters are staged. */
  add(parent: Node, schemaPath: string, tablePath: string, binding: Binding, plan: Plan): Node {
    const { item: form, keep, parameters } = binding.mapped!;
    // Rows that nobody has looked at yet get their numbers before the new one does.
    this.#reading.evaluator.children(parent, schemaPath);
    const item = itemOf(form!, (name) => partIn('', parameters.get(name)!));
    const enabled = !switched(binding.mapped!);
    const identity = newIdentity(this.#random());
    const number = this.#instances.numberOf(tablePath, identity, keep);
    plan.created.push({ table: tablePath, identity });
    const place = (binding.mapped!.rows as ListedRows).from ? undefined : parent.section;
    const found = { identity, section: place, item, keys: ['', item] };
    const node = foundNode(parent, schemaPath, binding, tablePath, found, number);
    plan.items.set(node.path, { place, text: item, enabled, identity, listed: undefined });
    return node;
  }

  /** @param path of the row that stands for the section that the item is to be in */
  place(node: Node, { targets: [target] }: CompiledParameter, path: string, plan: Plan): Result<undefined, ModelFault> {
    const { evaluator } = this.#reading;
    const { mapped } = node.binding;
    const row = evaluator.rowsOf(target!.table).find((candidate) => candidate.path === `${path}.`);
    const places = evaluator.places(node.parent!, mapped!.rows as ListedRows, mapped!);
    const known = row?.section && places.some(({ section }) => section === row.section!.section);
    if (path !== '' && !known)
      return refused({
        kind: 'invalid-value',
        message: 'the row it refers to is not there, or not of the same parent',
      });
    plan.items.set(node.path, { ...this.#planned(node, plan), place: known ? row.section : undefined });
    return ok(undefined);
  }

  /** @param enabled whether the item is to be in its list */
  turn(node: Node, enabled: boolean, plan: Plan): Result<undefined, ModelFault> {
    plan.items.set(node.path, { ...this.#planned(node, plan), enabled });
    return ok(undefined);
  }

  /** @param part what stands for the value in an item */
  part(
    node: Node,
    parameter: CompiledParameter,
    value: string,
    part: string,
    plan: Plan,
  ): Result<undefined, ModelFault> {
    const mapped = node.binding.mapped!;
    const planned = this.#planned(node, plan);
    // An item may say the same in another way, and keeps to it.
    const now: Node = { ...node, item: planned.text, variables: undefined, below: undefined };
    if (this.#reading.evaluator.mapped.of(now, mapped, parameter).value === value) return ok(undefined);
    const text = itemOf(mapped.item!, (name) =>
      name === parameter.definition.name ? part : partIn(planned.text, mapped.parameters.get(name)!),
    );
    if ((partOf(text, parameter.pick!) ?? '') !== part)
      return refused({ kind: 'invalid-value', message: 'the device can not do this value' });
    plan.items.set(node.path, { ...planned, text });
    return ok(undefined);
  }

  /** All parameters of one write are staged: what they make of the row. @returns why that can not be */
  finish(node: Node, written: readonly ParameterWrite[], plan: Plan): ModelFault | undefined {
    const { mapped } = node.binding;
    const planned = plan.items.get(node.path);
    if (mapped?.rows.kind !== 'listed' || !planned) return undefined;
    const { rows } = mapped;
    const { place, text, enabled, listed } = planned;
    const key = partOf(text, rows.key!) ?? '';
    const item = rows.code ? rows.code.write(text) : text;
    // What is in no list is looked at when it is written, too, and not when something else of the row is.
    if (item === undefined && (enabled || partWritten(mapped, written, -1)))
      return {
        kind: 'invalid-value',
        message: 'the device can not do this value',
        path: node.path + (partWritten(mapped, written) ?? switched(mapped) ?? ''),
      };
    const before = this.#identityOf(node, planned, rows, plan);
    const stays = listed?.place.section === place?.section;
    const items = enabled && place && key !== '' && item ? [...this.#itemsOf(place, rows, plan)] : undefined;
    if (items) {
      const own = listed && stays ? items.indexOf(listed.text) : -1;
      if (items.some((other, at) => at !== own && keyIn(other, rows) === key))
        return { kind: 'duplicate-key', message: 'there is such an item already', path: node.path };
      if (own < 0) items.push(item!);
      else if (textIn(items[own]!, rows) !== text) items[own] = item!;
    }
    if (listed && !(items && stays)) this.#takeOut(node, listed, rows, plan);
    if (items) this.#put(node, place!, rows, items, plan);
    const name = place && (items || rows.from) ? this.#names.of(node, plan, place) : '';
    const sign = isDraft(before) ? readDraft(before).sign : this.#random();
    const identity = items ? listedIdentity(name, key) : draftIdentity({ sign, enabled, place: name, item: text });
    const now = items?.find((one) => textIn(one, rows) === text);
    plan.items.set(node.path, { ...planned, identity, listed: now ? { place: place!, text: now } : undefined });
    if (identity !== before) plan.effects.push(() => this.#instances.restate(tablePathOf(node.path), before, identity));
    return undefined;
  }

  remove(node: Node, plan: Plan): void {
    const rows = node.binding.mapped!.rows as ListedRows;
    const planned = this.#planned(node, plan);
    const identity = this.identity(node, plan);
    if (planned.listed) this.#takeOut(node, planned.listed, rows, plan);
    plan.items.set(node.path, { ...planned, listed: undefined });
    plan.gone.add(node.path);
    plan.effects.push(() => this.#instances.drop(tablePathOf(node.path), identity));
  }

  /** The row's section goes, and its item with it: TR-106 leaves the row, with a reference to nothing. */
  orphan(node: Node, plan: Plan): void {
    const { text, enabled, ...planned } = this.#planned(node, plan);
    const before = this.identity(node, plan);
    const identity = draftIdentity({ sign: this.#random(), enabled, place: '', item: text });
    plan.items.set(node.path, { ...planned, text, enabled, identity, place: undefined, listed: undefined });
    plan.effects.push(() => this.#instances.restate(tablePathOf(node.path), before, identity));
  }

  /** What the row goes by after what has been planned until now. */
  identity(node: Node, plan: Plan): string {
    return this.#identityOf(node, this.#planned(node, plan), node.binding.mapped!.rows as ListedRows, plan);
  }

  #planned(node: Node, plan: Plan): PlannedItem {
    const known = plan.items.get(node.path);
    if (known) return known;
    const { section: place, identity } = node;
    const text = String(node.item);
    const enabled = isEnabled(identity);
    if (isDraft(identity)) return { place, text, enabled, identity, listed: undefined };
    const rows = node.binding.mapped!.rows as ListedRows;
    const items = place ? this.#itemsOf(place, rows, plan) : [];
    // Another parameter may be about the same item, and have changed it in this plan.
    const key = partOf(text, rows.key!);
    const item =
      items.find((one) => textIn(one, rows) === text) ??
      items.find((one) => key !== undefined && keyIn(one, rows) === key);
    if (!place || item === undefined) return { place, text, enabled, identity, listed: undefined };
    return { place, text: textIn(item, rows) ?? text, enabled, identity, listed: { place, text: item } };
  }

  /** What the row goes by when it is this change's turn: its section has a name by then. */
  #identityOf(node: Node, { identity, listed }: PlannedItem, rows: ListedRows, plan: Plan): string {
    if (!listed) return identity;
    return listedIdentity(this.#names.of(node, plan, listed.place), keyIn(listed.text, rows) ?? listed.text);
  }

  #itemsOf(place: Place, { option }: ListedRows, plan: Plan): readonly string[] {
    return listItems(plan.options.get(keyOf(place, option)) ?? place.section.options.get(option));
  }

  #takeOut(node: Node, { place, text }: { place: Place; text: string }, rows: ListedRows, plan: Plan): void {
    const items = this.#itemsOf(place, rows, plan).filter((item) => item !== text);
    this.#put(node, place, rows, items, plan);
  }

  #put(node: Node, place: Place, { option }: ListedRows, items: readonly string[], plan: Plan): void {
    plan.options.set(keyOf(place, option), items);
    const section = this.#names.of(node, plan, place);
    const words = typeof place.section.options.get(option) === 'string';
    changesOf(plan, place.package).push(
      items.length === 0
        ? { op: 'unset', section, option }
        : { op: 'set', section, option, value: words ? items.join(' ') : [...items] },
    );
  }
}

/** What stands for a parameter in an item, or in the item that its default is. */
const partIn = (item: string, { pick, rule }: CompiledParameter): string =>
  partOf(item, pick!) ?? partOf(rule.default ?? '', pick!) ?? '';

/** The text that an item of a list stands for. */
const textIn = (item: string, { code }: ListedRows): string | undefined => (code ? code.read(item) : item);

const keyIn = (item: string, rows: ListedRows): string | undefined => {
  const text = textIn(item, rows);
  return text === undefined ? undefined : partOf(text, rows.key!);
};

/** Name of the parameter that says whether a row is in its list. */
const switched = ({ parameters }: CompiledObject): string | undefined =>
  [...parameters.values()].find(({ listed }) => listed === 'switch')?.definition.name;

/** The last of an item's parameters that is written. @param from only those from this one of them on */
function partWritten(
  { item, parameters }: CompiledObject,
  written: readonly ParameterWrite[],
  from = 0,
): string | undefined {
  const names = item!.pieces.filter((name, at) => at % 2 === 1 && parameters.has(name)).slice(from);
  return names.findLast((name) => written.some((one) => one.name === name));
}

const keyOf = ({ package: pack, section }: Place, option: string): string => `${pack} ${section.name} ${option}`;
