import { ok, type Result, refused } from '#base';
import type { Protocol } from '../api.ts';
import { PathSyntaxError, Scanner } from './scanner.ts';
import { readReferenceItem, readSearch } from './search-syntax.ts';
import type { Leaf, ParsedPath, PathLimits, PathSyntaxFault, Segment } from './types.ts';

/** Far above any path of Device:2 (the longest is 130 characters and 11 levels), far below what costs time to read. */
export const pathLimits: Readonly<Record<Protocol, PathLimits>> = {
  cwmp: { length: 1024, depth: 32, terms: 0 },
  usp: { length: 4096, depth: 32, terms: 16 },
};

// TR-106 section 3.1; vendor names carry a domain whose dots became hyphens (section 3.3).
const namePattern = /[A-Za-z_][A-Za-z0-9_-]*/y;
const instancePattern = /[1-9][0-9]{0,9}/y;
const aliasPattern = /[^[\]\u0000-\u001f\u007f]{1,64}/y;
const highestInstance = 0xffff_ffff;

/**
 * Reads a path of either protocol: TR-369 section 2.5.8 (grammar) and TR-069 section 3.6.1 (alias-based addressing).
 * In the schema form too, and relative ones. CWMP's empty path is the root: no segments and an object for a leaf.
 */
export function parsePath(
  text: string,
  protocol: Protocol,
  limits: PathLimits = pathLimits[protocol],
): Result<ParsedPath, PathSyntaxFault> {
  if (text.length > limits.length)
    return refused({ position: limits.length, message: `longer than ${limits.length} characters` });
  try {
    return ok(new PathParser(new Scanner(text), protocol, limits).path());
  } catch (error) {
    if (error instanceof PathSyntaxError) return refused(error.fault);
    throw error;
  }
}

class PathParser {
  readonly #scanner: Scanner;
  readonly #protocol: Protocol;
  readonly #limits: PathLimits;
  readonly #segments: Segment[] = [];
  #termsLeft: number;

  constructor(scanner: Scanner, protocol: Protocol, limits: PathLimits) {
    this.#scanner = scanner;
    this.#protocol = protocol;
    this.#limits = limits;
    this.#termsLeft = limits.terms;
  }

  path(): ParsedPath {
    const scanner = this.#scanner;
    if (scanner.done) {
      if (this.#protocol === 'usp') scanner.fail('the path is empty');
      return this.#parsed({ kind: 'object' });
    }
    for (;;) {
      const leaf = this.#element();
      if (leaf) return this.#parsed(leaf);
      if (scanner.done) return this.#parsed({ kind: 'object' });
    }
  }

  #parsed(leaf: Leaf): ParsedPath {
    return { protocol: this.#protocol, segments: this.#segments, leaf };
  }

  /** One segment with its dot, or the leaf. */
  #element(): Leaf | undefined {
    const scanner = this.#scanner;
    const start = scanner.at;
    const name = scanner.take(namePattern);
    if (name !== undefined) return this.#afterName(name);
    if (this.#segments.at(-1)?.kind !== 'name') scanner.fail('a name is expected', start);
    this.#push(this.#row());
    if (!scanner.skip('.')) scanner.fail('a dot is expected after a row');
    return undefined;
  }

  #afterName(name: string): Leaf | undefined {
    const scanner = this.#scanner;
    if (scanner.done) return { kind: 'parameter', name };
    if (scanner.skip('.')) {
      this.#push({ kind: 'name', name });
      return undefined;
    }
    if (this.#protocol === 'usp') {
      if (scanner.skip('()')) return this.#end({ kind: 'command', name: `${name}()` });
      if (scanner.skip('!')) return this.#end({ kind: 'event', name: `${name}!` });
      const item = readReferenceItem(scanner);
      if (item !== undefined) {
        if (!scanner.skip('.')) scanner.fail('a dot is expected after a followed reference');
        this.#push({ kind: 'reference', name, item });
        return undefined;
      }
    }
    scanner.fail('unexpected character in a name');
  }

  #end(leaf: Leaf): Leaf {
    if (!this.#scanner.done) this.#scanner.fail('nothing may follow a command or an event');
    return leaf;
  }

  #row(): Segment {
    const scanner = this.#scanner;
    if (scanner.skip('{i}')) return { kind: 'schema' };
    if (scanner.skip('*')) return { kind: 'wildcard' };
    if (scanner.peek() === '[') return this.#protocol === 'usp' ? this.#search() : this.#alias();
    const start = scanner.at;
    const digits = scanner.take(instancePattern);
    if (digits === undefined || Number(digits) > highestInstance)
      scanner.fail('a name, an instance number, an identifier in brackets or * is expected', start);
    return { kind: 'instance', instance: Number(digits) };
  }

  #search(): Segment {
    const terms = readSearch(this.#scanner, this.#termsLeft);
    this.#termsLeft -= terms.length;
    return { kind: 'search', terms };
  }

  #alias(): Segment {
    const scanner = this.#scanner;
    scanner.skip('[');
    const alias = scanner.take(aliasPattern) ?? scanner.fail('an alias of 1 to 64 characters is expected');
    if (!scanner.skip(']')) scanner.fail('] is expected after the alias');
    return { kind: 'alias', alias };
  }

  #push(segment: Segment): void {
    if (this.#segments.length >= this.#limits.depth) this.#scanner.fail(`more than ${this.#limits.depth} levels`);
    this.#segments.push(segment);
  }
}
