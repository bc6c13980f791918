import {
  accesses,
  baseTypes,
  defaultKinds,
  entryKind,
  enumerationBit,
  magic,
  maskOf,
  notifies,
  objectBit,
  parameterBit,
  statuses,
  typeBit,
  unaskedMark,
} from '../../src/model/schema/format.ts';
import type { SizeRange, Status, UniqueKey } from '../../src/model/schema/types.ts';
import { ByteWriter, Interned, section } from './bytes.ts';
import type { RawCommand, RawEvent, RawModel, RawObject, RawParameter } from './expand.ts';
import { type ReferenceResolver, referenceResolver } from './references.ts';
import type { RawType } from './syntax.ts';

export interface ViewModels {
  readonly usp: RawModel;
  readonly cwmp: RawModel;
}

/**
 * Lays the two views out as one table. The same models give the same bytes.
 * @param root what references that begin with a dot begin at
 */
export function emitTable(model: string, views: ViewModels, root = 'Device.'): Buffer {
  const emitter = new Emitter(views, root);
  // The first pass counts how often each string and type is used, the second one writes with final ids.
  emitter.typeIds(() => emitter.strings.id(model));
  const types = emitter.types.values().map((key) => Buffer.from(key, 'latin1'));
  const paths = [...new Set([...views.usp.keys(), ...views.cwmp.keys()])].sort();
  const objects = paths.map((path) => emitter.object(path));
  const strings = emitter.strings.values().map((text) => Buffer.from(text, 'utf8'));

  const marks = Buffer.from(paths.map((path) => emitter.marks(path)));
  const lines = Buffer.from(paths.join('\n'), 'latin1');
  const head = Buffer.alloc(24);
  const stringsAt = head.length;
  const stringSection = section(strings, stringsAt);
  const typesAt = stringsAt + stringSection.length;
  const typeSection = section(types, typesAt);
  const pathsAt = typesAt + typeSection.length;
  const objectsAt = pathsAt + marks.length + lines.length;
  head.writeUInt32LE(magic, 0);
  head.writeUInt32LE(emitter.strings.id(model), 4);
  head.writeUInt32LE(stringsAt, 8);
  head.writeUInt32LE(typesAt, 12);
  head.writeUInt32LE(pathsAt, 16);
  head.writeUInt32LE(objectsAt, 20);
  return Buffer.concat([head, stringSection, typeSection, marks, lines, section(objects, objectsAt)]);
}

class Emitter {
  readonly strings = new Interned();
  readonly types = new Interned();
  readonly #views: ViewModels;
  readonly #resolve: ReferenceResolver;

  constructor(views: ViewModels, root: string) {
    this.#views = views;
    this.#resolve = referenceResolver(new Set([...views.usp.keys(), ...views.cwmp.keys()]), root);
  }

  /** Settles the strings' ids, then the types' (whose records hold string ids). */
  typeIds(others: () => void): void {
    const everything = (): void => {
      for (const path of new Set([...this.#views.usp.keys(), ...this.#views.cwmp.keys()])) this.object(path);
    };
    others();
    everything();
    this.strings.settle();
    this.types.reset();
    everything();
    this.types.settle();
  }

  object(path: string): Buffer {
    const usp = this.#views.usp.get(path);
    const cwmp = this.#views.cwmp.get(path);
    const record = new ByteWriter();
    this.#entry(record, entryKind.object, usp && this.#head(usp), cwmp && this.#head(cwmp));
    const members = <T>(
      kind: number,
      of: (object: RawObject) => Map<string, T>,
      write: (member: T) => Buffer,
    ): void => {
      const a = usp ? of(usp) : new Map<string, T>();
      const b = cwmp ? of(cwmp) : new Map<string, T>();
      for (const name of mergeOrder([...a.keys()], [...b.keys()])) {
        const inUsp = a.get(name);
        const inCwmp = b.get(name);
        this.#entry(record, kind, inUsp && write(inUsp), inCwmp && write(inCwmp));
      }
    };
    members(
      entryKind.parameter,
      (object) => object.parameters,
      (parameter) => this.#parameter(parameter, parameter.name, path),
    );
    members(
      entryKind.command,
      (object) => object.commands,
      (command) => this.#command(command, path),
    );
    members(
      entryKind.event,
      (object) => object.events,
      (event) => this.#event(event, path),
    );
    return record.take();
  }

  marks(path: string): number {
    let marks = 0;
    for (const [protocol, mask] of Object.entries(maskOf)) {
      const object = this.#views[protocol as keyof ViewModels].get(path);
      if (object) marks |= mask;
      for (const { forcedInform, activeNotify } of object?.parameters.values() ?? []) {
        if (forcedInform || activeNotify === 'forceEnabled' || activeNotify === 'forceDefaultEnabled')
          marks |= unaskedMark;
      }
    }
    return marks;
  }

  #entry(record: ByteWriter, kind: number, usp: Buffer | undefined, cwmp: Buffer | undefined): void {
    const write = (mask: number, body: Buffer): void => {
      record.number(mask).number(kind).number(body.length).raw(body);
    };
    if (usp && cwmp && usp.equals(cwmp)) write(maskOf.usp | maskOf.cwmp, usp);
    else {
      if (usp) write(maskOf.usp, usp);
      if (cwmp) write(maskOf.cwmp, cwmp);
    }
  }

  #head(object: RawObject): Buffer {
    const out = new ByteWriter();
    const attribute = (name: string): string | undefined => object.attributes.get(name);
    const flags =
      (Number(object.path.endsWith('{i}.')) << objectBit.table) |
      (Number(attribute('access') === 'readWrite') << objectBit.writable) |
      (Number(attribute('fixedObject') === 'true') << objectBit.fixed) |
      (Number(attribute('mountType') === 'mountPoint') << objectBit.mountPoint) |
      (statusBits(object.status) << objectBit.status);
    out.number(flags).number(object.since);
    writeEntries(out, object);
    for (const name of ['enableParameter', 'numEntriesParameter', 'discriminatorParameter'])
      out.optional(this.#optionalString(attribute(name)));
    this.#uniqueKeys(out, object.uniqueKeys);
    return out.take();
  }

  #uniqueKeys(out: ByteWriter, keys: readonly UniqueKey[]): void {
    out.many(keys, (key) => {
      out.number(Number(key.functional));
      out.many(key.parameters, (name) => out.number(this.strings.id(name)));
    });
  }

  #parameter(parameter: RawParameter, name: string, objectPath: string): Buffer {
    const out = new ByteWriter();
    this.#writeParameter(out, parameter, name, objectPath, false);
    return out.take();
  }

  #writeParameter(out: ByteWriter, parameter: RawParameter, name: string, objectPath: string, argument: boolean): void {
    const { syntax } = parameter;
    // An argument has no access of its own, and its default is the argument's whatever the XML calls it.
    const kind = argument ? 'parameter' : syntax.default?.kind;
    const flags =
      ((argument ? 0 : accesses.indexOf(parameter.access)) << parameterBit.access) |
      (statusBits(parameter.status) << parameterBit.status) |
      ((argument ? 0 : notifies.indexOf(parameter.activeNotify)) << parameterBit.notify) |
      (Number(syntax.hidden) << parameterBit.hidden) |
      (Number(syntax.secured) << parameterBit.secured) |
      (Number(syntax.command) << parameterBit.command) |
      (Number(parameter.forcedInform) << parameterBit.forcedInform) |
      (Number(parameter.customNumEntries) << parameterBit.customNumEntries) |
      // `mandatory` on an ordinary parameter is not valid.
      (Number(argument && parameter.mandatory) << parameterBit.mandatory) |
      (Number(syntax.default !== undefined) << parameterBit.hasDefault) |
      ((kind ? defaultKinds.indexOf(kind) : 0) << parameterBit.defaultKind);
    out
      .number(this.strings.id(name))
      .number(this.types.id(this.#type(syntax.type, objectPath)))
      .number(flags)
      .number(parameter.since);
    if (syntax.default) out.number(this.strings.id(syntax.default.value));
  }

  #command(command: RawCommand, objectPath: string): Buffer {
    const out = new ByteWriter();
    out.number(this.strings.id(command.name));
    out.number(Number(command.async) | (statusBits(command.status) << 1)).number(command.since);
    this.#arguments(out, command.input, objectPath);
    this.#arguments(out, command.output, objectPath);
    return out.take();
  }

  #event(event: RawEvent, objectPath: string): Buffer {
    const out = new ByteWriter();
    out.number(this.strings.id(event.name)).number(statusBits(event.status)).number(event.since);
    this.#arguments(out, event.args, objectPath);
    return out.take();
  }

  #arguments(out: ByteWriter, model: RawModel, objectPath: string): void {
    const objects = [...model.values()];
    out.many(
      objects.filter((object) => object.path !== ''),
      (object) => {
        out.number(this.strings.id(object.path));
        writeEntries(out, object);
        this.#uniqueKeys(out, object.uniqueKeys);
      },
    );
    const parameters = objects.flatMap((object) =>
      [...object.parameters.values()].map((parameter) => ({ parameter, path: object.path })),
    );
    out.many(parameters, ({ parameter, path }) =>
      this.#writeParameter(out, parameter, path + parameter.name, objectPath, true),
    );
  }

  /** The record as text, one character a byte, so that equal types are stored once. */
  #type(type: RawType, objectPath: string): string {
    const out = new ByteWriter();
    const { list, pathReference, enumerationReference } = type;
    const flags =
      (Number(list !== undefined) << typeBit.list) |
      (Number(list?.nestedBrackets ?? false) << typeBit.nested) |
      (Number(pathReference !== undefined) << typeBit.pathReference) |
      (Number(enumerationReference !== undefined) << typeBit.enumerationReference) |
      (Number(pathReference?.refType === 'weak') << typeBit.weak) |
      (Number(pathReference?.targetType === 'parameter') << typeBit.toParameter);
    const sizes = (items: readonly SizeRange[]): void =>
      void out.many(items, (size) => out.optional(size.min).optional(size.max));
    const bound = (value: bigint | undefined): void =>
      void out.optional(value === undefined ? undefined : this.strings.id(String(value)));
    const text = (value: string): void => void out.number(this.strings.id(value));
    out.number(baseTypes.indexOf(type.base)).number(flags);
    out.optional(this.#optionalString(type.named)).optional(this.#optionalString(type.units));
    if (list) {
      out.optional(list.minItems).optional(list.maxItems);
      sizes(list.sizes);
    }
    sizes(type.sizes);
    out.many(type.ranges, (range) => {
      bound(range.min);
      bound(range.max);
      bound(range.step);
    });
    out.many(type.enumeration, (item) => {
      text(item.value);
      out.number(
        (Number(!item.writable) << enumerationBit.readOnly) |
          (Number(item.optional) << enumerationBit.optional) |
          (statusBits(item.status) << enumerationBit.status),
      );
    });
    out.many(type.patterns, text);
    if (pathReference)
      out.many(
        pathReference.targetParents.map((target) => this.#resolve.target(target, objectPath, pathReference.targetType)),
        text,
      );
    if (enumerationReference) {
      text(this.#resolve.parameter(enumerationReference.target, objectPath));
      out.optional(this.#optionalString(enumerationReference.nullValue));
    }
    return out.take().toString('latin1');
  }

  #optionalString(text: string | undefined): number | undefined {
    return text === undefined ? undefined : this.strings.id(text);
  }
}

const statusBits = (status: string): number => statuses.indexOf(status as Status);

function writeEntries(out: ByteWriter, object: RawObject): void {
  const max = object.attributes.get('maxEntries') ?? '1';
  out.number(Number(object.attributes.get('minEntries') ?? '1'));
  out.optional(max === 'unbounded' ? undefined : Number(max));
}

/** Both orders kept where they agree; what only the second has comes before the shared name that follows it. */
function mergeOrder(first: readonly string[], second: readonly string[]): string[] {
  const inFirst = new Set(first);
  const merged = new Set<string>();
  let at = 0;
  for (const name of first) {
    const shared = second.indexOf(name, at);
    if (shared >= 0) {
      for (; at <= shared; at++) if (!inFirst.has(second[at]!)) merged.add(second[at]!);
    }
    merged.add(name);
  }
  for (const name of second) merged.add(name);
  return [...merged];
}
