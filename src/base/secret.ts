const shown = '********';

/**
 * A value that can't be formatted by accident: string conversion, JSON and console output all show asterisks.
 * Only `reveal()` gives the text, so that every place where a secret leaves the process can be found by name.
 */
export class Secret {
  readonly #text: string;
  constructor(text: string) {
    this.#text = text;
  }
  reveal(): string {
    return this.#text;
  }
  get empty(): boolean {
    return this.#text === '';
  }
  toString(): string {
    return shown;
  }
  toJSON(): string {
    return shown;
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return shown;
  }
}
