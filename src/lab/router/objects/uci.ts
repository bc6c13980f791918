import { type BlobTable, type BlobValue, isUciName, isUciPackageName, type UciDocument, UciError } from '#platform';
import { changeEntry, type Edit, type Staging, sectionTable } from '../staging.ts';
import type { World } from '../world.ts';
import {
  isTable,
  listArgument,
  method,
  type RouterObject,
  required,
  StatusError,
  status,
  tableArgument,
  textArgument,
} from './object.ts';
import type { Sessions } from './session.ts';
import type { UciApply } from './uci-apply.ts';

const sid = 'ubus_rpc_session';
const lookup = { config: 'string', section: 'string', type: 'string', match: 'table' } as const;

/** rpcd's object `uci`: reading and staged editing of the packages. Answers and refusals are those of rpcd. */
export function uciObject(world: World, staging: Staging, sessions: Sessions, apply: UciApply): RouterObject {
  const area = (args: BlobTable, config: string, wanted: 'read' | 'write'): string => {
    const id = textArgument(args, sid);
    if (id === undefined) return '';
    if (!sessions.access(id, 'uci', config, wanted)) throw new StatusError(status.permissionDenied);
    return id;
  };
  const config = (args: BlobTable): string => {
    const name = required(textArgument(args, 'config'));
    if (!isUciPackageName(name)) throw new StatusError(status.notFound);
    return name;
  };
  const get = (args: BlobTable): BlobTable | undefined => {
    const name = config(args);
    const document = found(staging.load(area(args, name, 'read'), name));
    return read(document, args);
  };
  const editing = (args: BlobTable, work: (edit: Edit) => BlobTable | undefined): BlobTable | undefined => {
    const name = config(args);
    const edit = found(staging.edit(area(args, name, 'write'), name));
    const answer = work(edit);
    edit.save();
    return answer;
  };
  const getArguments = {
    config: 'string',
    section: 'string',
    option: 'string',
    type: 'string',
    match: 'table',
    [sid]: 'string',
  } as const;
  const methods: RouterObject['methods'] = {
    configs: method({}, () => ({ configs: world.uci.packages() })),
    get: method(getArguments, get),
    state: method(getArguments, get),
    add: method({ config: 'string', type: 'string', name: 'string', values: 'table', [sid]: 'string' }, (args) => {
      const type = required(textArgument(args, 'type'));
      const name = textArgument(args, 'name');
      area(args, config(args), 'write');
      if (!/^[A-Za-z0-9_-]+$/.test(type) || (name !== undefined && !isUciName(name)))
        throw new StatusError(status.invalidArgument);
      return editing(args, (edit) => {
        const section = edit.addSection(type, name);
        for (const [option, value] of Object.entries(tableArgument(args, 'values') ?? {})) {
          if (!isUciName(option)) throw new StatusError(status.invalidArgument);
          if (Array.isArray(value))
            for (const item of value as BlobValue[]) edit.addToList(section, option, required(asText(item)));
          else edit.set(section, option, required(asText(value)));
        }
        return { section };
      });
    }),
    set: method({ ...lookup, values: 'table', [sid]: 'string' }, (args) => {
      const values = required(tableArgument(args, 'values'));
      config(args);
      selector(args);
      area(args, config(args), 'write');
      checkSection(textArgument(args, 'section'));
      return editing(args, (edit) => {
        let failure: number | undefined;
        const chosen = select(edit.document, args);
        if (chosen.length === 0) throw new StatusError(status.notFound);
        for (const section of chosen)
          for (const [option, value] of Object.entries(values))
            failure = mergeSet(edit, section, option, value) ?? failure;
        // A section without a value to set was never looked up: rpcd doesn't find it.
        if (Object.keys(values).length === 0) failure = status.notFound;
        if (failure !== undefined) throw new StatusError(failure);
        return undefined;
      });
    }),
    delete: method({ ...lookup, option: 'string', options: 'array', [sid]: 'string' }, (args) => {
      config(args);
      selector(args);
      area(args, config(args), 'write');
      checkSection(textArgument(args, 'section'));
      return editing(args, (edit) => {
        const chosen = select(edit.document, args);
        if (chosen.length === 0) throw new StatusError(status.notFound);
        for (const section of chosen) mergeDelete(edit, section, args);
        return undefined;
      });
    }),
    rename: method(
      { config: 'string', section: 'string', option: 'string', name: 'string', [sid]: 'string' },
      (args) => {
        config(args);
        const section = required(textArgument(args, 'section'));
        const to = required(textArgument(args, 'name'));
        area(args, config(args), 'write');
        if (!isUciName(to)) throw new StatusError(status.invalidArgument);
        return editing(args, (edit) => {
          const option = textArgument(args, 'option');
          const held = edit.document.section(section);
          // rpcd forgets that it found nothing before it answers: success, and no change.
          if (held !== undefined && (option === undefined || held.options.has(option)))
            edit.rename(section, option, to);
          return undefined;
        });
      },
    ),
    order: method({ config: 'string', sections: 'array', [sid]: 'string' }, (args) => {
      const sections = required(listArgument(args, 'sections'));
      return editing(args, (edit) => {
        sections.forEach((section, position) => {
          if (typeof section !== 'string') throw new StatusError(status.invalidArgument);
          if (!edit.document.has(section)) throw new StatusError(status.notFound);
          edit.order(section, position);
        });
        return undefined;
      });
    }),
    changes: method({ config: 'string', [sid]: 'string' }, (args) => {
      const one = textArgument(args, 'config');
      if (one !== undefined) {
        const own = area(args, one, 'read');
        found(staging.load(own, one));
        return { changes: staging.deltas(own, one).map(changeEntry) };
      }
      const id = textArgument(args, sid);
      const visible = staging
        .staged(id ?? '')
        .filter(
          (name) =>
            world.uci.revision(name) !== undefined && (id === undefined || sessions.access(id, 'uci', name, 'read')),
        );
      return {
        changes: Object.fromEntries(visible.map((name) => [name, staging.deltas(id ?? '', name).map(changeEntry)])),
      };
    }),
    ...apply.methods(area),
  };
  return {
    path: 'uci',
    provider: 'rpcd',
    methods: Object.fromEntries(Object.entries(methods).map(([name, m]) => [name, method(m.args, statusOf(m.call))])),
  };
}

/** libuci's refusals become rpcd's statuses. */
function statusOf(call: (args: BlobTable) => BlobTable | undefined): (args: BlobTable) => BlobTable | undefined {
  return (args) => {
    try {
      return call(args);
    } catch (error) {
      if (!(error instanceof UciError)) throw error;
      const codes: Record<string, number> = { UCI_NOT_FOUND: status.notFound, UCI_INVALID: status.invalidArgument };
      throw new StatusError(codes[error.code] ?? status.unknownError);
    }
  };
}

function found<T>(value: T | undefined): T {
  if (value === undefined) throw new StatusError(status.notFound);
  return value;
}

function selector(args: BlobTable): void {
  if (
    textArgument(args, 'section') === undefined &&
    textArgument(args, 'type') === undefined &&
    tableArgument(args, 'match') === undefined
  )
    throw new StatusError(status.invalidArgument);
}

function checkSection(section: string | undefined): void {
  if (section !== undefined && !/^([A-Za-z0-9_]+|@[A-Za-z0-9_-]+\[-?\d+\])$/.test(section))
    throw new StatusError(status.invalidArgument);
}

/** A name as it is, or `@type[index]`, where a negative index counts from the end. */
function resolveSection(document: UciDocument, wanted: string): string | undefined {
  const extended = /^@([A-Za-z0-9_-]+)\[(-?\d+)\]$/.exec(wanted);
  if (extended === null) return document.has(wanted) ? wanted : undefined;
  return document.sectionNames.filter((name) => document.section(name)?.type === extended[1]).at(Number(extended[2]));
}

function select(document: UciDocument, args: BlobTable): string[] {
  const section = textArgument(args, 'section');
  if (section !== undefined) {
    const name = resolveSection(document, section);
    return name === undefined ? [] : [name];
  }
  return document.sectionNames.filter((name) => matches(document, name, args));
}

function matches(document: UciDocument, name: string, args: BlobTable): boolean {
  const section = document.section(name)!;
  const type = textArgument(args, 'type');
  if (type !== undefined && section.type !== type) return false;
  const wanted = Object.entries(tableArgument(args, 'match') ?? {});
  if (wanted.length === 0) return true;
  let any = false;
  for (const [option, value] of wanted) {
    const held = section.options.get(option);
    const text = asText(value);
    if (held === undefined || text === undefined) continue;
    if (!(typeof held === 'string' ? held.split(/[ \t]+/) : held).includes(text)) return false;
    any = true;
  }
  return any;
}

function read(document: UciDocument, args: BlobTable): BlobTable | undefined {
  const section = textArgument(args, 'section');
  if (section === undefined) {
    const values: Record<string, BlobTable> = {};
    document.sectionNames.forEach((name, index) => {
      if (matches(document, name, args)) values[name] = sectionTable(document, name, index);
    });
    return { values };
  }
  // What isn't there is answered by success without data.
  const name = resolveSection(document, section);
  if (name === undefined) return undefined;
  const option = textArgument(args, 'option');
  if (option === undefined) return { values: sectionTable(document, name) };
  const value = document.section(name)?.options.get(option);
  return value === undefined ? undefined : { value };
}

/** A value as rpcd writes it: integers unsigned, booleans as 0 or 1, nothing else. */
function asText(value: BlobValue): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (typeof value === 'bigint') return BigInt.asUintN(64, value).toString();
  if (typeof value !== 'number' || !Number.isInteger(value)) return undefined;
  return value >= 0
    ? String(value)
    : value >= -0x8000_0000
      ? String(value >>> 0)
      : BigInt.asUintN(64, BigInt(value)).toString();
}

function mergeSet(edit: Edit, section: string, option: string, value: BlobValue): number | undefined {
  if (!isUciName(option)) return status.invalidArgument;
  const old = edit.document.section(section)?.options.get(option);
  if (Array.isArray(value)) {
    if (old !== undefined) edit.removeOption(section, option);
    const items = (value as BlobValue[]).map(asText).filter((text) => text !== undefined);
    for (const item of items) edit.addToList(section, option, item);
    return items.length === 0 ? status.invalidArgument : undefined;
  }
  const text = isTable(value) ? undefined : asText(value);
  if (text === undefined) return status.invalidArgument;
  if (Array.isArray(old)) edit.removeOption(section, option);
  if (old !== text) edit.set(section, option, text);
  return undefined;
}

function mergeDelete(edit: Edit, section: string, args: BlobTable): void {
  const options = listArgument(args, 'options');
  const option = textArgument(args, 'option');
  if (options === undefined && option === undefined) {
    edit.removeSection(section);
    return;
  }
  let removed = false;
  for (const name of options ?? [option!]) {
    if (typeof name !== 'string' || !edit.document.section(section)?.options.has(name)) continue;
    edit.removeOption(section, name);
    removed = true;
  }
  if (!removed) throw new StatusError(status.notFound);
}
