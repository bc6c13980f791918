import type { Protocol } from '../api.ts';
import type { Cursor } from './cursor.ts';
import {
  accesses,
  baseTypes,
  defaultKinds,
  entryKind,
  enumerationBit,
  maskOf,
  notifies,
  objectBit,
  oldestUspMinor,
  parameterBit,
  statuses,
  typeBit,
} from './format.ts';
import type { Table } from './table.ts';
import type {
  Arguments,
  CommandDefinition,
  EventDefinition,
  NumberRange,
  ObjectDefinition,
  ParameterDefinition,
  SizeRange,
  UniqueKey,
  ValueType,
} from './types.ts';

const noSizes: readonly SizeRange[] = [];
const noRanges: readonly NumberRange[] = [];
const nothing: readonly never[] = [];

/** Types are shared by many parameters; decoded ones are kept while there are few. */
const typesKept = 256;

/** Turns records of the table into definitions of one protocol's view. */
export class Decoder {
  readonly #table: Table;
  readonly #protocol: Protocol;
  readonly #types = new Map<number, ValueType>();

  constructor(table: Table, protocol: Protocol) {
    this.#table = table;
    this.#protocol = protocol;
  }

  object(index: number): ObjectDefinition | undefined {
    const { cursor, end } = this.#table.entries(index);
    const parameters = new Map<string, ParameterDefinition>();
    const commands = new Map<string, CommandDefinition>();
    const events = new Map<string, EventDefinition>();
    let head: ObjectHead | undefined;
    while (cursor.at < end) {
      const mask = cursor.number();
      const kind = cursor.number();
      const next = cursor.number() + cursor.at;
      if ((mask & maskOf[this.#protocol]) !== 0) {
        if (kind === entryKind.object) head = this.#head(cursor);
        else if (kind === entryKind.parameter) keep(parameters, this.#parameter(cursor));
        else if (kind === entryKind.command) keep(commands, this.#command(cursor));
        else keep(events, this.#event(cursor));
      }
      cursor.at = next;
    }
    if (!head) return undefined;
    return {
      path: this.#table.paths[index]!,
      ...head,
      parameters: [...parameters.values()],
      commands: [...commands.values()],
      events: [...events.values()],
      parameter: (name) => parameters.get(name),
      command: (name) => commands.get(name),
      event: (name) => events.get(name),
    };
  }

  #head(cursor: Cursor): ObjectHead {
    const flags = cursor.number();
    return {
      table: bit(flags, objectBit.table),
      access: bit(flags, objectBit.writable) ? 'readWrite' : 'readOnly',
      fixedObject: bit(flags, objectBit.fixed),
      mountPoint: bit(flags, objectBit.mountPoint),
      status: statuses[(flags >> objectBit.status) & 3]!,
      since: this.#since(cursor),
      minEntries: cursor.number(),
      maxEntries: cursor.optional(),
      enableParameter: this.#optionalString(cursor),
      numEntriesParameter: this.#optionalString(cursor),
      discriminatorParameter: this.#optionalString(cursor),
      uniqueKeys: this.#uniqueKeys(cursor),
    };
  }

  #uniqueKeys(cursor: Cursor): UniqueKey[] {
    return cursor.many(() => ({
      functional: cursor.number() === 1,
      parameters: cursor.many(() => this.#table.string(cursor.number())),
    }));
  }

  #parameter(cursor: Cursor): ParameterDefinition {
    const name = this.#table.string(cursor.number());
    const type = this.#type(cursor.number());
    const flags = cursor.number();
    const since = this.#since(cursor);
    return {
      name,
      type,
      access: accesses[(flags >> parameterBit.access) & 3]!,
      status: statuses[(flags >> parameterBit.status) & 3]!,
      since,
      default: bit(flags, parameterBit.hasDefault)
        ? { kind: defaultKinds[(flags >> parameterBit.defaultKind) & 3]!, value: this.#table.string(cursor.number()) }
        : undefined,
      hidden: bit(flags, parameterBit.hidden),
      secured: bit(flags, parameterBit.secured),
      command: bit(flags, parameterBit.command),
      activeNotify: notifies[(flags >> parameterBit.notify) & 3]!,
      forcedInform: bit(flags, parameterBit.forcedInform),
      customNumEntries: bit(flags, parameterBit.customNumEntries),
      mandatory: bit(flags, parameterBit.mandatory),
    };
  }

  #command(cursor: Cursor): CommandDefinition {
    const name = this.#table.string(cursor.number());
    const flags = cursor.number();
    return {
      name,
      async: bit(flags, 0),
      status: statuses[flags >> 1]!,
      since: this.#since(cursor),
      input: this.#arguments(cursor),
      output: this.#arguments(cursor),
    };
  }

  #event(cursor: Cursor): EventDefinition {
    const name = this.#table.string(cursor.number());
    const status = statuses[cursor.number()]!;
    return { name, status, since: this.#since(cursor), args: this.#arguments(cursor) };
  }

  #arguments(cursor: Cursor): Arguments {
    return {
      objects: cursor.many(() => {
        const path = this.#table.string(cursor.number());
        return {
          path,
          table: path.endsWith('.{i}.'),
          minEntries: cursor.number(),
          maxEntries: cursor.optional(),
          uniqueKeys: this.#uniqueKeys(cursor),
        };
      }),
      parameters: cursor.many(() => this.#parameter(cursor)),
    };
  }

  #type(id: number): ValueType {
    let type = this.#types.get(id);
    if (!type) {
      if (this.#types.size >= typesKept) this.#types.clear();
      type = this.#decodeType(this.#table.typeAt(id));
      this.#types.set(id, type);
    }
    return type;
  }

  #decodeType(cursor: Cursor): ValueType {
    const base = baseTypes[cursor.number()]!;
    const flags = cursor.number();
    const text = (): string => this.#table.string(cursor.number());
    const bound = (): bigint | undefined => {
      const id = cursor.optional();
      return id === undefined ? undefined : BigInt(this.#table.string(id));
    };
    const sizes = (): readonly SizeRange[] => {
      const read = cursor.many(() => ({ min: cursor.optional(), max: cursor.optional() }));
      return read.length === 0 ? noSizes : read;
    };
    const named = this.#optionalString(cursor);
    const units = this.#optionalString(cursor);
    const list = bit(flags, typeBit.list)
      ? {
          minItems: cursor.optional(),
          maxItems: cursor.optional(),
          sizes: sizes(),
          nestedBrackets: bit(flags, typeBit.nested),
        }
      : undefined;
    const ownSizes = sizes();
    const ranges = cursor.many(() => ({ min: bound(), max: bound(), step: bound() }));
    const enumeration = cursor.many(() => {
      const value = text();
      const valueFlags = cursor.number();
      return {
        value,
        writable: !bit(valueFlags, enumerationBit.readOnly),
        optional: bit(valueFlags, enumerationBit.optional),
        status: statuses[valueFlags >> enumerationBit.status]!,
      };
    });
    const patterns = cursor.many(text);
    return {
      base,
      named,
      units,
      list,
      sizes: ownSizes,
      ranges: ranges.length === 0 ? noRanges : ranges,
      enumeration: enumeration.length === 0 ? nothing : enumeration,
      patterns: patterns.length === 0 ? nothing : patterns,
      pathReference: bit(flags, typeBit.pathReference)
        ? {
            refType: bit(flags, typeBit.weak) ? 'weak' : 'strong',
            targetType: bit(flags, typeBit.toParameter) ? 'parameter' : 'row',
            targets: cursor.many(text),
          }
        : undefined,
      enumerationReference: bit(flags, typeBit.enumerationReference)
        ? { target: text(), nullValue: this.#optionalString(cursor) }
        : undefined,
    };
  }

  #optionalString(cursor: Cursor): string | undefined {
    const id = cursor.optional();
    return id === undefined ? undefined : this.#table.string(id);
  }

  #since(cursor: Cursor): string {
    const minor = cursor.number();
    if (this.#table.ofService) return `${minor >> 8}.${minor & 0xff}`;
    return `2.${this.#protocol === 'usp' ? Math.max(minor, oldestUspMinor) : minor}`;
  }
}

type ObjectHead = Omit<
  ObjectDefinition,
  'path' | 'parameters' | 'commands' | 'events' | 'parameter' | 'command' | 'event'
>;

const bit = (flags: number, index: number): boolean => ((flags >> index) & 1) === 1;

function keep<T extends { readonly name: string }>(members: Map<string, T>, member: T): void {
  members.set(member.name, member);
}
