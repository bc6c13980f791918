import { InvariantError } from '#base';
import type {
  ArgumentInfo,
  CommandDeclaration,
  Declaration,
  DeclaredParameter,
  ObjectInfo,
  ParameterInfo,
  Protocol,
  SupportedModel,
} from '../api.ts';
import type { CompiledObject } from '../mapping/compiled.ts';
import { parentObjectPath } from '../path/index.ts';
import type { Arguments, ObjectDefinition, ParameterDefinition, Schema, SchemaView } from '../schema/index.ts';
import type { Evaluator } from './evaluate.ts';
import type { StoredRows } from './stored.ts';

/** Everything that serves one object of the schema. */
export interface Binding {
  readonly path: string;
  mapped: CompiledObject | undefined;
  stored: StoredRows | undefined;
  /** Rows that the model derives from the rest of itself. */
  derived: DerivedTable | undefined;
  readonly parameters: Map<string, DeclaredParameter>;
  readonly commands: Map<string, CommandDeclaration>;
  readonly events: Set<string>;
}

/** A table that is nobody's: what its rows are follows from other objects. */
export interface DerivedTable {
  readonly columns: ReadonlySet<string>;
  rows(
    evaluator: Evaluator,
  ): readonly { readonly identity: string; readonly values: Readonly<Record<string, string>> }[];
}

export interface SupportedParameter {
  readonly info: ParameterInfo;
  readonly definition: ParameterDefinition;
}

/** What is supported: the schema, narrowed to what is mapped or declared. */
export class Tree {
  readonly schema: Schema;
  readonly #bindings = new Map<string, Binding>();
  readonly #views: Record<Protocol, SchemaView>;
  /** Direct children of what is bound, by path. The schema is ten times what a device supports: it is not searched for them. */
  readonly #below = new Map<string, Set<string>>();
  readonly #seen: Record<Protocol, Map<string, boolean>> = { cwmp: new Map(), usp: new Map() };
  readonly #supported: Record<Protocol, SupportedModel>;
  #children: Record<Protocol, Map<string, readonly string[]>> = { cwmp: new Map(), usp: new Map() };
  #steps: Record<Protocol, Map<string, ReadonlyMap<string, string>>> = { cwmp: new Map(), usp: new Map() };
  #infos = new Map<string, ObjectInfo | undefined>();
  #parameters = new Map<string, ReadonlyMap<string, SupportedParameter>>();
  #counted = new Map<string, string | undefined>();

  constructor(schema: Schema) {
    this.schema = schema;
    this.#views = { cwmp: schema.view('cwmp'), usp: schema.view('usp') };
    this.#supported = { cwmp: this.#supportedIn('cwmp'), usp: this.#supportedIn('usp') };
  }

  /** Schema paths of everything that is bound. */
  get paths(): IterableIterator<string> {
    return this.#bindings.keys();
  }

  binding(path: string): Binding | undefined {
    return this.#bindings.get(path);
  }

  definition(path: string): ObjectDefinition | undefined {
    return this.#views.usp.object(path) ?? this.#views.cwmp.object(path);
  }

  view(protocol: Protocol): SchemaView {
    return this.#views[protocol];
  }

  map(object: CompiledObject): void {
    this.#bind(object.path).mapped = object;
  }

  store(path: string, rows: StoredRows): void {
    this.#bind(path).stored = rows;
  }

  derive(path: string, table: DerivedTable): void {
    this.#bind(path).derived = table;
  }

  declare(declaration: Declaration): Disposable {
    const binding = this.#bind(declaration.path);
    const definition = this.definition(declaration.path)!;
    for (const [name, parameter] of Object.entries(declaration.parameters ?? {})) {
      if (!this.#views.usp.parameter(declaration.path + name) && !this.#views.cwmp.parameter(declaration.path + name)) {
        throw new InvariantError(`${declaration.path}${name} is not in the schema`);
      }
      binding.parameters.set(name, parameter);
    }
    for (const [name, handler] of Object.entries(declaration.commands ?? {})) {
      if (!definition.command(name)) throw new InvariantError(`${declaration.path}${name} is not in the schema`);
      binding.commands.set(name, typeof handler === 'function' ? { run: handler } : handler);
    }
    for (const name of declaration.events ?? []) {
      if (!definition.event(name)) throw new InvariantError(`${declaration.path}${name} is not in the schema`);
      binding.events.add(name);
    }
    return {
      [Symbol.dispose]: () => {
        for (const name of Object.keys(declaration.parameters ?? {})) binding.parameters.delete(name);
        for (const name of Object.keys(declaration.commands ?? {})) binding.commands.delete(name);
        for (const name of declaration.events ?? []) binding.events.delete(name);
        this.#forgetInfos();
      },
    };
  }

  supported(protocol: Protocol): SupportedModel {
    return this.#supported[protocol];
  }

  #supportedIn(protocol: Protocol): SupportedModel {
    const object = (path: string) => this.#info(protocol, path);
    const children = (path: string): ObjectInfo[] => this.children(protocol, path).map((child) => object(child)!);
    const below = (path: string): ObjectInfo[] => {
      const info = object(path);
      const rest = this.children(protocol, path).flatMap(below);
      return info ? [info, ...rest] : rest;
    };
    const paths = (path: string): string[] => [path, ...this.children(protocol, path).flatMap(paths)];
    const unasked = () => this.#views[protocol].unasked().filter((path) => this.has(protocol, path));
    return { object, below, children, paths, unasked };
  }

  /** Whether the object is supported in this view. */
  has(protocol: Protocol, path: string): boolean {
    if (!this.#bindings.has(path)) return false;
    const known = this.#seen[protocol].get(path);
    if (known !== undefined) return known;
    const seen = this.#views[protocol].has(path);
    this.#seen[protocol].set(path, seen);
    return seen;
  }

  /** Schema path of the supported object or table of this name directly below another. */
  child(protocol: Protocol, path: string, name: string): string | undefined {
    const steps = this.#steps[protocol];
    let named = steps.get(path);
    if (!named) {
      named = new Map(
        this.children(protocol, path)
          .map((child): [string, string] => [child.slice(path.length).split('.', 1)[0]!, child])
          .reverse(),
      );
      steps.set(path, named);
    }
    return named.get(name);
  }

  /** Schema paths of the supported children, in path order. */
  children(protocol: Protocol, path: string): readonly string[] {
    const known = this.#children[protocol].get(path);
    if (known) return known;
    const children = [...(this.#below.get(path) ?? [])].filter((child) => this.has(protocol, child)).sort(byBytes);
    this.#children[protocol].set(path, children);
    return children;
  }

  #bind(path: string): Binding {
    const known = this.#bindings.get(path);
    this.#forgetInfos();
    this.#children = { cwmp: new Map(), usp: new Map() };
    this.#steps = { cwmp: new Map(), usp: new Map() };
    this.#counted = new Map();
    if (known) return known;
    if (!this.#views.usp.has(path) && !this.#views.cwmp.has(path))
      throw new InvariantError(`${path} is not in the schema`);
    const binding: Binding = {
      path,
      mapped: undefined,
      stored: undefined,
      derived: undefined,
      parameters: new Map(),
      commands: new Map(),
      events: new Set(),
    };
    this.#bindings.set(path, binding);
    // What stands above a supported object is supported as well: it has to be walked through.
    const parent = parentObjectPath(path);
    if (parent === '' || parent === path) return binding;
    const siblings = this.#below.get(parent) ?? new Set();
    siblings.add(path);
    this.#below.set(parent, siblings);
    if (!this.#bindings.has(parent)) this.#bind(parent);
    return binding;
  }

  #forgetInfos(): void {
    this.#infos = new Map();
    this.#parameters = new Map();
  }

  #info(protocol: Protocol, path: string): ObjectInfo | undefined {
    const key = `${protocol} ${path}`;
    if (this.#infos.has(key)) return this.#infos.get(key);
    const info = this.#makeInfo(protocol, path);
    this.#infos.set(key, info);
    return info;
  }

  /** What is said of a parameter that is supported. */
  parameter(protocol: Protocol, path: string, name: string): SupportedParameter | undefined {
    const key = `${protocol} ${path}`;
    let parameters = this.#parameters.get(key);
    if (!parameters) {
      const view = this.#views[protocol];
      parameters = new Map(
        this.#info(protocol, path)?.parameters.map((info) => [
          info.name,
          { info, definition: view.parameter(path + info.name)! },
        ]),
      );
      this.#parameters.set(key, parameters);
    }
    return parameters.get(name);
  }

  #makeInfo(protocol: Protocol, path: string): ObjectInfo | undefined {
    const definition = this.#views[protocol].object(path);
    const binding = this.#bindings.get(path);
    if (!definition || !binding) return undefined;
    const changeable =
      definition.table &&
      definition.access === 'readWrite' &&
      !definition.fixedObject &&
      (binding.stored !== undefined || binding.mapped?.add !== undefined);
    return {
      path,
      table: definition.table,
      creatable: changeable,
      deletable: changeable,
      uniqueKeys: definition.uniqueKeys.map((key) => key.parameters),
      parameters: definition.parameters.flatMap((parameter) => {
        const how = this.#serves(binding, definition, parameter, protocol);
        return how === undefined ? [] : [parameterInfo(parameter, how === 'writable')];
      }),
      commands: definition.commands
        .filter((command) => binding.commands.has(command.name))
        .map((command) => ({
          name: command.name,
          async: command.async,
          input: argumentInfos(command.input),
          output: argumentInfos(command.output),
        })),
      events: definition.events
        .filter((event) => binding.events.has(event.name))
        .map((event) => ({ name: event.name, args: argumentInfos(event.args) })),
    };
  }

  #serves(
    binding: Binding,
    definition: ObjectDefinition,
    parameter: ParameterDefinition,
    protocol: Protocol,
  ): 'readable' | 'writable' | undefined {
    const writable = parameter.access !== 'readOnly';
    const declared = binding.parameters.get(parameter.name);
    if (declared) return declared.set && writable ? 'writable' : 'readable';
    if (binding.stored?.columns.has(parameter.name)) return writable ? 'writable' : 'readable';
    if (binding.derived?.columns.has(parameter.name)) return 'readable';
    const mapped = binding.mapped?.parameters.get(parameter.name);
    if (mapped) return mapped.writable && writable ? 'writable' : 'readable';
    if (parameter.name === 'Alias' && definition.table) return 'writable';
    return this.countedTable(protocol, definition.path, parameter.name) ? 'readable' : undefined;
  }

  /** The supported table that a ...NumberOfEntries parameter counts. */
  countedTable(protocol: Protocol, path: string, parameter: string): string | undefined {
    if (!parameter.endsWith('NumberOfEntries')) return undefined;
    const key = `${protocol} ${path}${parameter}`;
    if (this.#counted.has(key)) return this.#counted.get(key);
    const view = this.#views[protocol];
    const counted = this.children(protocol, path).find(
      (child) => view.object(child)?.numEntriesParameter === parameter,
    );
    this.#counted.set(key, counted);
    return counted;
  }
}

const byBytes = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function parameterInfo(definition: ParameterDefinition, writable: boolean): ParameterInfo {
  return {
    name: definition.name,
    type: definition.type.base,
    access: definition.access,
    writable,
    list: definition.type.list !== undefined,
    hidden: definition.hidden,
    secured: definition.secured,
    activeNotify: definition.activeNotify,
    forcedInform: definition.forcedInform,
  };
}

function argumentInfos(args: Arguments): ArgumentInfo[] {
  return args.parameters.map(({ name, type, mandatory }) => ({ name, type: type.base, mandatory }));
}
