import { type BlobTable, isUciValue, parseUci, type UciDocument, UciError, type UciFiles } from '#platform';

/** A change that is saved and not committed, in the words of libuci's delta files. */
export interface Delta {
  readonly command: 'set' | 'remove' | 'rename' | 'add' | 'list-add' | 'list-del' | 'order';
  readonly section: string;
  readonly option?: string;
  readonly value?: string;
}

/**
 * Staging areas as rpcd keeps them: one for each session, and `''` for `/tmp/.uci`, which everybody without a session
 * shares.
 */
export class Staging {
  readonly #uci: UciFiles;
  readonly #areas = new Map<string, Map<string, Delta[]>>();

  constructor(uci: UciFiles) {
    this.#uci = uci;
  }

  deltas(area: string, config: string): readonly Delta[] {
    return this.#areas.get(area)?.get(config) ?? [];
  }

  /** Packages with saved changes. */
  staged(area: string): string[] {
    return [...(this.#areas.get(area) ?? [])].filter(([, deltas]) => deltas.length > 0).map(([config]) => config);
  }

  restore(area: string, config: string, deltas: readonly Delta[]): void {
    const configs = this.#areas.get(area) ?? new Map<string, Delta[]>();
    configs.set(config, [...deltas]);
    this.#areas.set(area, configs);
  }

  discard(area: string, config?: string): void {
    if (config === undefined) this.#areas.delete(area);
    else this.#areas.get(area)?.delete(config);
  }

  /** The package as a caller with this staging area sees it. `undefined`: no such package. @throws UciError */
  load(area: string, config: string): UciDocument | undefined {
    const text = this.#uci.text(config);
    if (text === undefined) return undefined;
    const document = parseUci(text);
    for (const delta of this.deltas(area, config)) replay(document, delta);
    return document;
  }

  edit(area: string, config: string): Edit | undefined {
    const document = this.load(area, config);
    return (
      document && new Edit(document, (deltas) => this.restore(area, config, [...this.deltas(area, config), ...deltas]))
    );
  }

  /** The text that a commit writes, or `undefined` when nothing is staged. The staging area is emptied by the caller. */
  commitText(area: string, config: string): string | undefined {
    return this.deltas(area, config).length === 0 ? undefined : this.load(area, config)?.toText();
  }
}

/** Edits of one call: they are saved together or not at all. */
export class Edit {
  readonly document: UciDocument;
  readonly #deltas: Delta[] = [];
  readonly #save: (deltas: readonly Delta[]) => void;

  constructor(document: UciDocument, save: (deltas: readonly Delta[]) => void) {
    this.document = document;
    this.#save = save;
  }

  save(): void {
    this.#save(this.#deltas);
  }

  addSection(type: string, name: string | undefined): string {
    const existed = name !== undefined && this.document.has(name);
    if (existed && this.document.section(name)?.type === type) return name;
    const given = this.document.add(type, name);
    this.#deltas.push({ command: name === undefined ? 'add' : 'set', section: given, value: type });
    return given;
  }

  set(section: string, option: string, value: string): void {
    if (value === '') {
      if (this.document.section(section)?.options.has(option)) this.removeOption(section, option);
      return;
    }
    // libuci takes such a value and loses it when it reads its delta file back.
    if (!isUciValue(value)) return;
    this.document.set(section, option, value);
    this.#deltas.push({ command: 'set', section, option, value });
  }

  addToList(section: string, option: string, value: string): void {
    if (!isUciValue(value)) return;
    this.document.addToList(section, option, value);
    this.#deltas.push({ command: 'list-add', section, option, value });
  }

  removeOption(section: string, option: string): void {
    this.document.unset(section, option);
    this.#deltas.push({ command: 'remove', section, option });
  }

  removeSection(section: string): void {
    this.document.remove(section);
    this.#deltas.push({ command: 'remove', section });
  }

  rename(section: string, option: string | undefined, to: string): void {
    if (option === undefined) this.document.rename(section, to);
    else this.document.renameOption(section, option, to);
    this.#deltas.push({ command: 'rename', section, ...(option !== undefined && { option }), value: to });
  }

  order(section: string, position: number): void {
    this.document.order(section, position);
    this.#deltas.push({ command: 'order', section, value: String(position) });
  }
}

function replay(document: UciDocument, delta: Delta): void {
  const { section, option, value = '' } = delta;
  try {
    switch (delta.command) {
      case 'add':
        document.add(value, section, true);
        break;
      case 'set':
        if (option === undefined) document.add(value, section);
        else document.set(section, option, value);
        break;
      case 'remove':
        if (option === undefined) document.remove(section);
        else document.unset(section, option);
        break;
      case 'rename':
        if (option === undefined) document.rename(section, value);
        else document.renameOption(section, option, value);
        break;
      case 'list-add':
        if (option !== undefined) document.addToList(section, option, value);
        break;
      case 'list-del':
        if (option !== undefined) document.removeFromList(section, option, value);
        break;
      case 'order':
        document.order(section, Number(value));
        break;
    }
  } catch (error) {
    // What a delta aims at may be gone since: libuci skips such a line.
    if (!(error instanceof UciError)) throw error;
  }
}

/** An entry of `uci changes`: command, section, option and value, as far as there are any. */
export function changeEntry(delta: Delta): (string | number)[] {
  const entry: (string | number)[] = [delta.command, delta.section];
  if (delta.option !== undefined) entry.push(delta.option);
  if (delta.value !== undefined) entry.push(delta.command === 'order' ? Number(delta.value) : delta.value);
  return entry;
}

/** A section as `uci get` shows it. */
export function sectionTable(document: UciDocument, name: string, index?: number): BlobTable {
  const section = document.section(name)!;
  return {
    '.anonymous': section.anonymous,
    '.type': section.type,
    '.name': section.name,
    ...(index !== undefined && { '.index': index }),
    ...Object.fromEntries(section.options),
  };
}
