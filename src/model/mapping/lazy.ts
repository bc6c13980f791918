import type { ObjectDefinition } from '../schema/index.ts';
import type { CompiledObject } from './compiled.ts';

/**
 * An object of a mapping that was checked when the package was built: compiled when more of it than its name is first needed. A router that is managed by a handful of
 * parameters does not pay for the rest in memory and at its start.
 */
export class LazyObject implements CompiledObject {
  readonly path: string;
  readonly sources: CompiledObject['sources'];
  readonly acts: boolean;
  readonly refersTo: CompiledObject['refersTo'];
  /** Of its parameters, with blanks around each. */
  readonly #names: string;
  #compile: (() => CompiledObject) | undefined;
  #compiled: CompiledObject | undefined;

  constructor(
    path: string,
    sources: CompiledObject['sources'],
    names: readonly string[],
    refersTo: readonly string[],
    acts: boolean,
    compile: () => CompiledObject,
  ) {
    this.path = path;
    this.sources = sources;
    this.acts = acts;
    this.refersTo = refersTo;
    this.#names = ` ${names.join(' ')} `;
    this.#compile = compile;
  }

  maps(name: string): boolean {
    return this.#names.includes(` ${name} `);
  }

  get definition(): ObjectDefinition {
    return this.#object.definition;
  }
  get rows(): CompiledObject['rows'] {
    return this.#object.rows;
  }
  get more(): CompiledObject['more'] {
    return this.#object.more;
  }
  get variables(): CompiledObject['variables'] {
    return this.#object.variables;
  }
  get item(): CompiledObject['item'] {
    return this.#object.item;
  }
  get add(): CompiledObject['add'] {
    return this.#object.add;
  }
  get when(): CompiledObject['when'] {
    return this.#object.when;
  }
  get same(): CompiledObject['same'] {
    return this.#object.same;
  }
  get keep(): boolean {
    return this.#object.keep;
  }
  get parameters(): CompiledObject['parameters'] {
    return this.#object.parameters;
  }
  get commands(): CompiledObject['commands'] {
    return this.#object.commands;
  }
  get events(): CompiledObject['events'] {
    return this.#object.events;
  }

  get #object(): CompiledObject {
    if (!this.#compiled) {
      this.#compiled = this.#compile!();
      this.#compile = undefined;
    }
    return this.#compiled;
  }
}
