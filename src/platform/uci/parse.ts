import { UciDocument } from './document.ts';
import { UciError } from './error.ts';
import { isUciName, isUciPackageName, isUciType } from './names.ts';

/** More than any file of a router; a file is read whole. */
export const uciFileLimitBytes = 1 << 20;
export const uciSectionLimit = 16_384;

/**
 * Reads a UCI file with the grammar of libuci: `package`, `config`, `option`, `list` and their first letters, `#`
 * comments, single quotes literal, double quotes with backslash, quoted values over several lines, adjacent pieces
 * concatenated. The text of a `package` line is checked and has no effect, as when libuci loads a file.
 *
 * @throws UciError UCI_PARSE with line and byte; UCI_LIMIT
 */
export function parseUci(text: string): UciDocument {
  return new Parser(text).run();
}

/**
 * Reads what `uci export` prints: every `package` line begins a package.
 * @throws UciError UCI_PARSE with line and byte, also for what stands before the first package and for a package that is there twice; UCI_LIMIT
 */
export function parseUciExport(text: string): ReadonlyMap<string, UciDocument> {
  const packages = new Map<string, UciDocument>();
  new Parser(text, packages).run();
  return packages;
}

const isSpace = (c: string): boolean => c === ' ' || (c >= '\t' && c <= '\r');

class Parser {
  readonly #text: string;
  /** Of an export: what each package begins. */
  readonly #packages: Map<string, UciDocument> | undefined;
  #document = new UciDocument();
  #at = 0;
  #line = 1;
  #lineStart = 0;
  #section: string | undefined;
  #sections = 0;

  constructor(text: string, packages?: Map<string, UciDocument>) {
    this.#text = text;
    this.#packages = packages;
  }

  run(): UciDocument {
    const zero = this.#text.indexOf('\0');
    if (zero >= 0) {
      this.#line = this.#text.slice(0, zero).split('\n').length;
      this.#lineStart = this.#text.lastIndexOf('\n', zero) + 1;
      this.#at = zero;
      throw this.#error('NUL byte');
    }
    while (this.#at < this.#text.length) {
      this.#skipBlanks();
      const c = this.#peek();
      if (c === '\n') this.#newLine();
      else if (c === '#') this.#skipLine();
      else if (c === ';') this.#at++;
      else if (c !== '') this.#statement();
    }
    return this.#document;
  }

  #statement(): void {
    const start = this.#at;
    while (!/^[\s]?$/.test(this.#peek())) this.#at++;
    const word = this.#text.slice(start, this.#at);
    // libuci ends the word at a blank or tab only: a keyword alone on its line is no command.
    const followed = this.#peek() === ' ' || this.#peek() === '\t';
    switch (followed ? word : '') {
      case 'package':
      case 'p': {
        const name = this.#argument();
        if (name === '') throw this.#error('insufficient arguments');
        if (!isUciPackageName(name)) throw this.#error('invalid character in name field');
        this.#begin(name);
        break;
      }
      case 'config':
      case 'c':
        this.#config();
        break;
      case 'option':
      case 'o':
        this.#option(false);
        break;
      case 'list':
      case 'l':
        this.#option(true);
        break;
      default:
        this.#at = start;
        throw this.#error('invalid command');
    }
    if (this.#argument() !== '') throw this.#error('too many arguments');
  }

  #begin(name: string): void {
    if (!this.#packages) return;
    if (this.#packages.has(name)) throw this.#error('package is there twice');
    this.#document = new UciDocument();
    this.#section = undefined;
    this.#packages.set(name, this.#document);
  }

  #config(): void {
    if (this.#packages?.size === 0) throw this.#error('section before the first package');
    const type = this.#argument();
    if (type === '') throw this.#error('insufficient arguments');
    if (!isUciType(type)) throw this.#error('invalid character in type field');
    const name = this.#argument();
    if (name !== '' && !isUciName(name)) throw this.#error('invalid character in name field');
    const old = name === '' ? undefined : this.#document.section(name);
    if (old !== undefined && old.type !== type)
      throw this.#error('section of different type overwrites prior section with same name');
    if (++this.#sections > uciSectionLimit) throw new UciError('UCI_LIMIT', `more than ${uciSectionLimit} sections`);
    this.#section = this.#document.add(type, name === '' ? undefined : name);
  }

  #option(list: boolean): void {
    if (this.#section === undefined) throw this.#error('option/list command found before the first section');
    const name = this.#argument();
    if (name === '') throw this.#error('insufficient arguments');
    if (!isUciName(name)) throw this.#error('invalid character in name field');
    const value = this.#argument();
    if (list) this.#document.addToList(this.#section, name, value);
    // libuci: setting nothing to nothing has no effect, and an earlier value of the same option stays.
    else if (value !== '') this.#document.set(this.#section, name, value);
  }

  /** The next argument of the statement, '' at its end. */
  #argument(): string {
    this.#skipBlanks();
    let value = '';
    let bare = true;
    for (;;) {
      const c = this.#peek();
      if (c === '' || isSpace(c)) return value;
      if (c === ';') {
        // libuci ends a bare word by overwriting the semicolon, and so never sees what follows it on the line.
        if (bare && value !== '') this.#skipLine();
        return value;
      }
      if (c === '#') {
        this.#skipLine();
        return value;
      }
      if (c !== "'" && c !== '"' && c !== '\\') {
        value += c;
        this.#at++;
        continue;
      }
      bare = false;
      value += c === '\\' ? this.#escaped() : c === "'" ? this.#singleQuoted() : this.#doubleQuoted();
    }
  }

  #singleQuoted(): string {
    const end = this.#text.indexOf("'", this.#at + 1);
    if (end < 0) throw this.#error("EOF with unterminated '");
    const value = this.#text.slice(this.#at + 1, end);
    this.#countLines(this.#at, end);
    this.#at = end + 1;
    return value;
  }

  #doubleQuoted(): string {
    let value = '';
    this.#at++;
    for (;;) {
      const c = this.#peek();
      if (c === '') throw this.#error('EOF with unterminated "');
      if (c === '"') {
        this.#at++;
        return value;
      }
      if (c === '\\') value += this.#escaped();
      else {
        value += c;
        if (c === '\n') this.#newLine();
        else this.#at++;
      }
    }
  }

  /** The character behind a backslash as it is; a backslash at the end of a line joins the next one. */
  #escaped(): string {
    this.#at++;
    if (this.#peek() === '\r' && this.#text[this.#at + 1] === '\n') this.#at++;
    const c = this.#peek();
    if (c === '\n') {
      this.#newLine();
      return '';
    }
    this.#at += c.length;
    return c;
  }

  #peek(): string {
    return this.#text[this.#at] ?? '';
  }

  #skipBlanks(): void {
    for (let c = this.#peek(); c !== '' && c !== '\n' && isSpace(c); c = this.#peek()) this.#at++;
  }

  #skipLine(): void {
    const end = this.#text.indexOf('\n', this.#at);
    this.#at = end < 0 ? this.#text.length : end;
  }

  #newLine(): void {
    this.#at++;
    this.#line++;
    this.#lineStart = this.#at;
  }

  #countLines(from: number, to: number): void {
    for (let at = this.#text.indexOf('\n', from); at >= 0 && at < to; at = this.#text.indexOf('\n', at + 1)) {
      this.#line++;
      this.#lineStart = at + 1;
    }
  }

  #error(reason: string): UciError {
    const byte = Buffer.byteLength(this.#text.slice(this.#lineStart, this.#at));
    const message = `Parse error (${reason}) at line ${this.#line}, byte ${byte}`;
    return new UciError('UCI_PARSE', message, { line: this.#line, byte });
  }
}
