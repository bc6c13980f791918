import type { PathSyntaxFault } from './types.ts';

/** Why a path can't be read; thrown inside the parser only and turned into a value at its door. */
export class PathSyntaxError extends Error {
  readonly fault: PathSyntaxFault;
  constructor(position: number, message: string) {
    super(message);
    this.fault = { position, message };
  }
}

/** Walks over the text of a path; every match is sticky, so that no step looks further than it reads. */
export class Scanner {
  readonly text: string;
  at = 0;
  constructor(text: string) {
    this.text = text;
  }
  get done(): boolean {
    return this.at >= this.text.length;
  }
  peek(): string {
    return this.text.charAt(this.at);
  }
  /** Takes `literal` if it comes next. */
  skip(literal: string): boolean {
    if (!this.text.startsWith(literal, this.at)) return false;
    this.at += literal.length;
    return true;
  }
  /** @param pattern with the sticky flag */
  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    if (!match) return undefined;
    this.at += match[0].length;
    return match[0];
  }
  fail(message: string, at = this.at): never {
    throw new PathSyntaxError(at, message);
  }
}
