import type { CompiledParameter } from '../mapping/compiled.ts';
import { listItems } from './mapped-rows.ts';
import type { Node } from './node.ts';
import { changesOf, type Plan } from './plan.ts';
import type { Reading } from './read.ts';
import type { SectionNames } from './section-names.ts';
import type { ItemStager } from './stage-items.ts';

/** An item of an option that names a row. */
interface Use {
  readonly node: Node;
  readonly parameter: CompiledParameter;
  readonly place: NonNullable<Node['section']>;
  readonly option: string;
  readonly item: string;
}

/**
 * Strong references to rows that go are taken out of UCI in the same transaction (TR-106 section 3.2.4: the value becomes empty, the path leaves the list). That is for
 * options that name the row itself; one that names something the row is known by, as a rule names a zone, is not about the row. Weak ones stay.
 */
export class ReferenceStager {
  readonly #reading: Reading;
  readonly #names: SectionNames;
  readonly #items: ItemStager;
  /** By schema path of what goes: what names such rows, or rows below, by path of the row. */
  readonly #uses = new Map<string, ReadonlyMap<string, readonly Use[]>>();

  /** By kind and schema path of what goes: tables whose rows are items that name it. */
  readonly #listed = new Map<string, readonly string[]>();

  constructor(reading: Reading, names: SectionNames, items: ItemStager) {
    this.#reading = reading;
    this.#names = names;
    this.#items = items;
  }

  /** Touches every source that clearing will need. */
  prepare(schemaPath: string): void {
    if (!this.#uses.has(schemaPath)) this.#uses.set(schemaPath, this.#find(schemaPath));
    for (const kind of ['place', 'part'] as const) this.#listing(schemaPath, kind);
  }

  clear(gone: Node, plan: Plan): void {
    this.prepare(gone.schemaPath);
    for (const [path, all] of this.#uses.get(gone.schemaPath)!) {
      if (path.startsWith(gone.path)) for (const use of all) this.#take(use, plan);
    }
    for (const row of this.#listing(gone.schemaPath, 'place')) {
      if (row.section?.section === gone.section?.section && !row.readOnly && !plan.gone.has(row.path))
        this.#items.orphan(row, plan);
    }
    for (const { row, parameter } of this.#partsOf(gone)) {
      if (plan.gone.has(row.path)) continue;
      this.#items.part(row, parameter, '', '', plan);
      this.#items.finish(row, [], plan);
      plan.written.add(row.path + parameter.definition.name);
      plan.values.set(row.path + parameter.definition.name, '');
    }
  }

  /** Rows that are items of lists, and name this one. */
  #partsOf({ schemaPath, path }: Node): { row: Node; parameter: CompiledParameter }[] {
    const { evaluator } = this.#reading;
    return this.#listing(schemaPath, 'part').flatMap((row) => {
      const { mapped } = row.binding;
      return [...mapped!.parameters.values()]
        .filter(({ listed, targets }) => listed === 'part' && targets.some(({ table }) => table === schemaPath))
        .filter((parameter) => !row.readOnly && `${evaluator.mapped.of(row, mapped!, parameter).value}.` === path)
        .map((parameter) => ({ row, parameter }));
    });
  }

  /** Rows that are items of lists where rows of this table say in which section they are, or are part of them. */
  #listing(schemaPath: string, kind: 'place' | 'part'): readonly Node[] {
    const { tree, evaluator } = this.#reading;
    const key = `${kind} ${schemaPath}`;
    const known = this.#listed.get(key);
    if (known) return known.flatMap((path) => evaluator.rowsOf(path));
    const tables = [...tree.paths].filter((path) => {
      const mapped = tree.binding(path)?.mapped;
      if (!mapped?.refersTo.includes(schemaPath)) return false;
      return [...mapped.parameters.values()].some(
        ({ listed, targets }) => listed === kind && targets.some(({ table }) => table === schemaPath),
      );
    });
    this.#listed.set(key, tables);
    return this.#listing(schemaPath, kind);
  }

  #find(schemaPath: string): ReadonlyMap<string, readonly Use[]> {
    const { tree, evaluator } = this.#reading;
    const found = new Map<string, Use[]>();
    for (const path of tree.paths) {
      const mapped = tree.binding(path)?.mapped;
      if (!mapped?.refersTo.some((table) => table.startsWith(schemaPath))) continue;
      for (const parameter of mapped.parameters.values()) {
        const { targets, definition, named } = parameter;
        const itself = targets.some(
          ({ table, by }) => (by === undefined || by === 'id') && table.startsWith(schemaPath),
        );
        if (!itself || named === undefined || definition.type.pathReference?.refType === 'weak') continue;
        for (const node of evaluator.rowsOf(path)) {
          const place = evaluator.mapped.sectionFor(node, parameter);
          const value = place?.section.options.get(named);
          if (!place || value === undefined) continue;
          for (const item of [value].flat()) {
            const row = evaluator.mapped.reference(node, [item], parameter);
            if (!row) continue;
            const uses = found.get(`${row}.`) ?? [];
            uses.push({ node, parameter, place, option: named, item });
            found.set(`${row}.`, uses);
          }
        }
      }
    }
    return found;
  }

  #take({ node, parameter, place, option, item }: Use, plan: Plan): void {
    const changes = changesOf(plan, place.package);
    const name = plan.named.get(`${place.package} ${place.section.name}`) ?? place.section.name;
    if (changes.some((change) => change.op === 'delete' && change.section === name)) return;
    const key = `${place.package} ${place.section.name} ${option}`;
    const before = plan.options.get(key) ?? place.section.options.get(option);
    const kept =
      typeof before === 'string' ? (before === item ? [] : [before]) : listItems(before).filter((one) => one !== item);
    if (kept.length === [before ?? []].flat().length) return;
    plan.options.set(key, typeof before === 'string' ? kept.join('') : kept);
    const section = this.#names.of(node, plan, place);
    changes.push(kept.length === 0 ? { op: 'unset', section, option } : { op: 'set', section, option, value: kept });
    const path = node.path + parameter.definition.name;
    plan.written.add(path);
    plan.values.set(path, this.#reading.evaluator.mapped.reference(node, kept, parameter) ?? '');
  }
}
