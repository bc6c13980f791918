import type { UciPackage, UciSection } from '../ports.ts';
import { UciError } from './error.ts';
import { anonymousName, isUciName, isUciType } from './names.ts';

interface Draft {
  name: string;
  type: string;
  anonymous: boolean;
  options: Map<string, string | string[]>;
}

/** A UCI package that is being edited, in the order of the file. Every edit has libuci's meaning. */
export class UciDocument {
  readonly #sections: Draft[] = [];
  readonly #byName = new Map<string, Draft>();
  #created = 0;

  /** A package as it was read, to be edited; the package stays as it is. */
  static of(pack: UciPackage): UciDocument {
    const document = new UciDocument();
    for (const { name, type, anonymous, options } of pack.sections) {
      const draft: Draft = { name, type, anonymous, options: new Map() };
      for (const [option, value] of options) draft.options.set(option, typeof value === 'string' ? value : [...value]);
      document.#sections.push(draft);
      document.#byName.set(name, draft);
    }
    document.#created = pack.sections.length;
    return document;
  }

  has(section: string): boolean {
    return this.#byName.has(section);
  }

  get sectionNames(): string[] {
    return this.#sections.map((s) => s.name);
  }

  section(name: string): Readonly<Draft> | undefined {
    return this.#byName.get(name);
  }

  /**
   * Appends a section; without a name an anonymous one. An existing name gets the new type and keeps its options.
   * A replayed change may name an anonymous section: the name under which it was first added.
   * @returns the section's name
   * @throws UciError UCI_INVALID
   */
  add(type: string, name?: string, anonymous = name === undefined): string {
    if (!isUciType(type)) throw new UciError('UCI_INVALID', `invalid section type '${type}'`);
    if (name !== undefined && !isUciName(name)) throw new UciError('UCI_INVALID', `invalid section name '${name}'`);
    const old = name === undefined ? undefined : this.#byName.get(name);
    if (old !== undefined) {
      old.type = type;
      return old.name;
    }
    this.#created++;
    const given = name ?? anonymousName(this.#created, type);
    const draft = { name: given, type, anonymous, options: new Map() };
    this.#sections.push(draft);
    this.#byName.set(given, draft);
    return given;
  }

  /** Empty text and an empty list mean "no such option", as in libuci. */
  set(section: string, option: string, value: string | readonly string[]): void {
    const draft = this.#draft(section);
    checkOption(option);
    if (value.length === 0) draft.options.delete(option);
    else draft.options.set(option, typeof value === 'string' ? value : [...value]);
  }

  addToList(section: string, option: string, item: string): void {
    const draft = this.#draft(section);
    checkOption(option);
    const old = draft.options.get(option);
    if (Array.isArray(old)) old.push(item);
    else draft.options.set(option, old === undefined ? [item] : [old, item]);
  }

  removeFromList(section: string, option: string, item: string): void {
    const draft = this.#draft(section);
    const old = draft.options.get(option);
    if (!Array.isArray(old)) return;
    const kept = old.filter((text) => text !== item);
    if (kept.length === 0) draft.options.delete(option);
    else draft.options.set(option, kept);
  }

  unset(section: string, option: string): void {
    this.#draft(section).options.delete(option);
  }

  remove(section: string): void {
    this.#sections.splice(this.#sections.indexOf(this.#draft(section)), 1);
    this.#byName.delete(section);
  }

  /** A renamed section is no longer anonymous. */
  rename(section: string, to: string): void {
    if (!isUciName(to)) throw new UciError('UCI_INVALID', `invalid section name '${to}'`);
    const draft = this.#draft(section);
    if (to !== section && this.has(to)) throw new UciError('UCI_INVALID', `section '${to}' exists already`);
    this.#byName.delete(section);
    this.#byName.set(to, draft);
    draft.name = to;
    draft.anonymous = false;
  }

  renameOption(section: string, option: string, to: string): void {
    checkOption(to);
    const draft = this.#draft(section);
    if (!draft.options.has(option)) throw new UciError('UCI_NOT_FOUND', `no option '${section}.${option}'`);
    draft.options = new Map([...draft.options].map(([name, value]) => [name === option ? to : name, value]));
  }

  /** Moves a section to this position among all sections. */
  order(section: string, position: number): void {
    const draft = this.#draft(section);
    this.#sections.splice(this.#sections.indexOf(draft), 1);
    this.#sections.splice(Math.max(0, position), 0, draft);
  }

  /** The file as libuci's commit writes it: normalised, without comments. */
  toText(): string {
    let text = '';
    for (const section of this.#sections) {
      text += `\nconfig ${writeType(section.type)}${section.anonymous ? '' : ` '${section.name}'`}\n`;
      for (const [name, value] of section.options) {
        if (typeof value === 'string') text += `\toption ${name} ${quote(value)}\n`;
        else for (const item of value) text += `\tlist ${name} ${quote(item)}\n`;
      }
    }
    return `${text}\n`;
  }

  /** As it will be read: an anonymous section is called after the place where it stands now. */
  toPackage(name: string): UciPackage {
    const sections: UciSection[] = this.#sections.map((s, index) => ({
      name: s.anonymous ? anonymousName(index + 1, s.type) : s.name,
      type: s.type,
      anonymous: s.anonymous,
      index,
      options: new Map(
        [...s.options].map(([option, value]) => [option, typeof value === 'string' ? value : [...value]]),
      ),
    }));
    const byName = new Map(sections.map((s) => [s.name, s]));
    return { name, sections, section: (wanted) => byName.get(wanted) };
  }

  #draft(section: string): Draft {
    const draft = this.#byName.get(section);
    if (draft === undefined) throw new UciError('UCI_NOT_FOUND', `no section '${section}'`);
    return draft;
  }
}

// libuci writes types bare; one that would not be read back as it is gets quotes.
const writeType = (type: string): string => (/^[\w.:/@+-]+$/.test(type) ? type : quote(type));

const quote = (value: string): string => `'${value.replaceAll("'", "'\\''")}'`;

function checkOption(option: string): void {
  if (!isUciName(option)) throw new UciError('UCI_INVALID', `invalid option name '${option}'`);
}
