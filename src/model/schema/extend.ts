import type { BaseType, Protocol } from '../api.ts';
import type {
  Arguments,
  CommandDefinition,
  EventDefinition,
  ObjectDefinition,
  ParameterDefinition,
  Schema,
  SchemaView,
  ValueType,
} from './types.ts';

/** A parameter that is the vendor's own (TR-106 section 3.3). */
export interface VendorParameter {
  readonly name: string;
  readonly type: BaseType;
  readonly list: boolean;
  readonly writable: boolean;
  readonly secured: boolean;
}

/** A command, or an event whose arguments are the input. */
export interface VendorAction {
  /** With its parentheses or bang. */
  readonly name: string;
  readonly async: boolean;
  readonly input: readonly { readonly name: string; readonly type: BaseType; readonly mandatory: boolean }[];
  readonly output: VendorAction['input'];
}

export interface VendorAdditions {
  readonly creatable: boolean;
  /** Unique keys of a table of the vendor's own, beside its Alias. */
  readonly keys: readonly (readonly string[])[];
  readonly parameters: readonly VendorParameter[];
  readonly commands: readonly VendorAction[];
  readonly events: readonly VendorAction[];
}

/** What a vendor adds to objects of the schema, and objects of its own. By schema path. */
export type VendorObjects = ReadonlyMap<string, VendorAdditions>;

/** `X_00D09E_Colour`, `X_EXAMPLE-COM_Colour` */
export const vendorName = /^X_[A-Z0-9-]+_[A-Za-z][A-Za-z0-9_]*$/;

/** Whether an object is the vendor's: it, or one around it, has a vendor's name. */
export function isVendorObject(path: string): boolean {
  return path.split('.').some((step) => vendorName.test(step));
}

/** The schema with a vendor's additions; everything else is as it was. */
export function extendSchema(schema: Schema, additions: VendorObjects): Schema {
  if (additions.size === 0) return schema;
  const views: Record<Protocol, SchemaView> = {
    cwmp: new ExtendedView(schema.view('cwmp'), additions),
    usp: new ExtendedView(schema.view('usp'), additions),
  };
  return { model: schema.model, view: (protocol) => views[protocol] };
}

class ExtendedView implements SchemaView {
  readonly protocol: Protocol;
  readonly #base: SchemaView;
  readonly #additions: VendorObjects;
  readonly #objects = new Map<string, ObjectDefinition>();

  constructor(base: SchemaView, additions: VendorObjects) {
    this.protocol = base.protocol;
    this.#base = base;
    this.#additions = additions;
  }

  object(path: string): ObjectDefinition | undefined {
    const added = this.#additions.get(path);
    const base = this.#base.object(path);
    if (!added || (!base && !isVendorObject(path))) return base;
    const known = this.#objects.get(path);
    if (known) return known;
    const own = added.parameters.map(definitionOf);
    const parameters = new Map([...(base?.parameters ?? aliasOf(path)), ...own].map((each) => [each.name, each]));
    // Commands and events are USP's alone.
    const more = this.protocol === 'usp' ? added : { commands: [], events: [] };
    const commands = new Map(
      [...(base?.commands ?? []), ...more.commands.map(commandOf)].map((each) => [each.name, each]),
    );
    const events = new Map([...(base?.events ?? []), ...more.events.map(eventOf)].map((each) => [each.name, each]));
    const object: ObjectDefinition = {
      ...(base ?? vendorObject(path, added)),
      parameters: [...parameters.values()],
      parameter: (name) => parameters.get(name),
      commands: [...commands.values()],
      command: (name) => commands.get(name),
      events: [...events.values()],
      event: (name) => events.get(name),
    };
    this.#objects.set(path, object);
    return object;
  }

  parameter(path: string): ParameterDefinition | undefined {
    const dot = path.lastIndexOf('.') + 1;
    return this.object(path.slice(0, dot))?.parameter(path.slice(dot));
  }

  has(objectPath: string): boolean {
    return this.#base.has(objectPath) || (this.#additions.has(objectPath) && isVendorObject(objectPath));
  }

  unasked(): readonly string[] {
    return this.#base.unasked();
  }

  children(path: string): readonly string[] {
    const own = [...this.#additions.keys()].filter(
      (candidate) => isVendorObject(candidate) && candidate.replace(/[^.]+\.(?:\{i\}\.)?$/, '') === path,
    );
    return own.length === 0 ? this.#base.children(path) : [...this.#base.children(path), ...own].sort();
  }

  below(path: string): readonly string[] {
    const own = [...this.#additions.keys()].filter(
      (candidate) => isVendorObject(candidate) && candidate.startsWith(path),
    );
    return own.length === 0 ? this.#base.below(path) : [...this.#base.below(path), ...own].sort();
  }
}

const noFacets = { sizes: [], ranges: [], enumeration: [], patterns: [] } as const;

function definitionOf({ name, type, list, writable, secured }: VendorParameter): ParameterDefinition {
  const valueType: ValueType = { base: type, ...noFacets, ...(list && { list: { sizes: [], nestedBrackets: false } }) };
  return {
    name,
    type: valueType,
    access: writable ? 'readWrite' : 'readOnly',
    status: 'current',
    since: '',
    hidden: false,
    secured,
    command: false,
    activeNotify: 'normal',
    forcedInform: false,
    customNumEntries: false,
    mandatory: false,
  };
}

function argumentsOf(args: VendorAction['input']): Arguments {
  return {
    parameters: args.map(({ name, type, mandatory }) => ({
      ...definitionOf({ name, type, list: false, writable: true, secured: false }),
      mandatory,
    })),
    objects: [],
  };
}

function commandOf({ name, async, input, output }: VendorAction): CommandDefinition {
  return { name, async, status: 'current', since: '', input: argumentsOf(input), output: argumentsOf(output) };
}

function eventOf({ name, input }: VendorAction): EventDefinition {
  return { name, status: 'current', since: '', args: argumentsOf(input) };
}

/** Every table has an Alias (TR-106 section 3.6.1). */
function aliasOf(path: string): ParameterDefinition[] {
  if (!path.endsWith('{i}.')) return [];
  return [definitionOf({ name: 'Alias', type: 'string', list: false, writable: true, secured: false })];
}

function vendorObject(
  path: string,
  { creatable, keys }: VendorAdditions,
): Omit<ObjectDefinition, 'parameters' | 'parameter' | 'commands' | 'command' | 'events' | 'event'> {
  const table = path.endsWith('{i}.');
  return {
    path,
    table,
    access: table && creatable ? 'readWrite' : 'readOnly',
    fixedObject: false,
    status: 'current',
    since: '',
    minEntries: 0,
    maxEntries: undefined,
    uniqueKeys: table ? [['Alias'], ...keys].map((parameters) => ({ functional: false, parameters })) : [],
    mountPoint: false,
  };
}
