import type { Model, ObjectInfo, ParameterInfo } from '#model';
import { isSecurityPart, isWritable, type PathTranslation } from './convert.ts';
import type { Look } from './look.ts';
import type { Numbers } from './numbers.ts';
import { type Bindings, isOptional, type ObjectRule, type ParameterRule, placeOf, schemaPlaceOf } from './rules.ts';
import { hostOf, numberOf, type RowKeys, Stack } from './stack.ts';
import { tr098 } from './table.ts';

export const root = 'InternetGatewayDevice.';

/** A parameter of one object, with where it is. */
export interface Leaf {
  readonly info: ParameterInfo;
  readonly rule: ParameterRule;
  /** Path in TR-181; `undefined`: constants, counts, and rows that are not there. */
  readonly place: string | undefined;
}

/** An object that is there now. */
export interface Node {
  readonly path: string;
  readonly schemaPath: string;
  readonly rule: ObjectRule;
  readonly info: ObjectInfo;
  readonly bindings: Bindings;
  readonly leaves: readonly Leaf[];
  readonly children: readonly Node[];
  /** Rows that can be under this object, also when there are none: schema path → how many. */
  readonly tables: ReadonlyMap<string, number>;
  /** TR-181's row of a table that it stands for. */
  readonly key: string | undefined;
}

export const rulesOf = (object: ObjectRule): [string, ParameterRule][] => [
  ...(object.same?.names.split(' ') ?? []).map((name): [string, ParameterRule] => [
    name,
    { at: object.same!.at + name },
  ]),
  ...Object.entries(object.parameters ?? {}).map(([name, rule]): [string, ParameterRule] => [
    name,
    typeof rule === 'string' ? { at: rule } : rule,
  ]),
];

/** Direct children in the table, by schema path below the root. */
export const childrenOf: ReadonlyMap<string, readonly string[]> = (() => {
  const children = new Map<string, string[]>();
  for (const path of Object.keys(tr098)) {
    if (path === '') continue;
    const parent = path.replace(/[^.]+\.(\{i\}\.)?$/, '');
    const known = children.get(parent);
    if (known) known.push(path);
    else children.set(parent, [path]);
  }
  return children;
})();

/** What TR-098 has on this device: its table where TR-181 has something behind it. */
export class Supported {
  readonly #model: Model;
  readonly #objects = new Map<string, ObjectInfo>();
  readonly #behind = new Map<string, ReadonlyMap<string, ParameterInfo>>();

  constructor(model: Model) {
    this.#model = model;
  }

  /** @param schemaPath below the root: `User.{i}.` */
  object(schemaPath: string): ObjectInfo | undefined {
    const known = this.#objects.get(schemaPath);
    if (known) return known;
    const rule = tr098[schemaPath];
    if (!rule) return undefined;
    const parameters = rulesOf(rule).flatMap(([name, parameter]) => this.#parameter(schemaPath, name, parameter) ?? []);
    const table = schemaPath.endsWith('{i}.');
    const row =
      rule.add === undefined ? undefined : this.#model.supported('cwmp').object(`${schemaPlaceOf(rule.add)}{i}.`);
    const info: ObjectInfo = {
      path: root + schemaPath,
      table,
      creatable: row?.creatable ?? false,
      deletable: (rule.remove !== undefined && row?.deletable) ?? false,
      uniqueKeys: [],
      parameters,
      commands: [],
      events: [],
    };
    this.#objects.set(schemaPath, info);
    return info;
  }

  #parameter(schemaPath: string, name: string, rule: ParameterRule): ParameterInfo | undefined {
    if (rule.is !== undefined) return constant(name, 'string', rule.forcedInform ?? false);
    if (rule.count !== undefined) {
      // Of a table that this device has nothing of, there is no count either.
      const counted = this.object(`${schemaPath}${rule.count}.{i}.`)?.parameters.length ?? 0;
      return counted > 0 ? constant(name, 'unsignedInt', false) : undefined;
    }
    const place = schemaPlaceOf(rule.at!);
    if (place.endsWith('.')) return this.#model.supported('cwmp').object(place) && constant(name, 'string', false);
    const object = place.slice(0, place.lastIndexOf('.') + 1);
    const behind = this.#parametersOf(object).get(place.slice(object.length));
    if (!behind) return undefined;
    const converted = rule.as !== undefined && !isSecurityPart(rule.as) && !isWritable(rule.as);
    const writable = behind.writable && rule.write !== false && !converted;
    return {
      ...behind,
      name,
      type: rule.type ?? behind.type,
      list: rule.type === undefined && rule.as === undefined && behind.list,
      access: writable ? behind.access : 'readOnly',
      writable,
    };
  }

  #parametersOf(object: string): ReadonlyMap<string, ParameterInfo> {
    let known = this.#behind.get(object);
    if (!known) {
      const parameters = this.#model.supported('cwmp').object(object)?.parameters ?? [];
      known = new Map(parameters.map((parameter) => [parameter.name, parameter]));
      this.#behind.set(object, known);
    }
    return known;
  }
}

const constant = (name: string, type: 'string' | 'unsignedInt', forcedInform: boolean): ParameterInfo => ({
  name,
  type,
  access: 'readOnly',
  writable: false,
  list: false,
  hidden: false,
  secured: false,
  activeNotify: 'normal',
  forcedInform,
});

/** The objects of TR-098 as they are now, and how the rows of both roots correspond. */
export class Tree implements PathTranslation {
  readonly top: Node;
  readonly #nodes = new Map<string, Node>();
  /** Of the WAN connection that the default route goes through. */
  readonly defaultConnection: string | undefined;
  /** TR-181's row → TR-098's, the first that stands for it. */
  readonly #standing = new Map<string, string>();

  constructor(look: Look, supported: Supported, numbers: Numbers) {
    const stack = new Stack(look);
    const router = look.rows('Device.Routing.Router.')[0];
    const time = look.rows('Device.Time.Client.')[0];
    const bindings: Bindings = {
      ...(router && { router }),
      ...(time && { time }),
    };
    this.top = this.#grow(root, '', bindings, {}, undefined, { look, stack, supported, numbers })!;
    const { ppp, ip } = stack.defaultConnection;
    this.defaultConnection = this.#standing.get(ppp ?? ip ?? '');
  }

  node(path: string): Node | undefined {
    return this.#nodes.get(path);
  }

  toTr098(path: string): string | undefined {
    return this.#standing.get(`${path}.`)?.slice(0, -1);
  }

  toTr181(path: string): string | undefined {
    const node = this.#nodes.get(`${path}.`);
    // A connection stands for what is routed to, whatever its row is of.
    return (node?.bindings.ip ?? node?.key)?.slice(0, -1);
  }

  #grow(
    path: string,
    schemaPath: string,
    inherited: Bindings,
    keys: RowKeys,
    key: string | undefined,
    soil: { look: Look; stack: Stack; supported: Supported; numbers: Numbers },
  ): Node | undefined {
    const rule = tr098[schemaPath]!;
    const info = soil.supported.object(schemaPath)!;
    const bindings = rule.ofDefaultRoute ? { ...inherited, ...soil.stack.defaultConnection } : inherited;
    if (rule.when !== undefined && bindings[rule.when] === undefined) return undefined;
    const children: Node[] = [];
    const tables = new Map<string, number>();
    for (const child of childrenOf.get(schemaPath) ?? []) {
      const name = child.slice(schemaPath.length);
      const { rows } = tr098[child]!;
      if (rows === undefined) {
        const node = this.#grow(path + name, child, bindings, keys, undefined, soil);
        if (node) children.push(node);
        continue;
      }
      const table = path + name.slice(0, -'{i}.'.length);
      const found =
        rows === 'one'
          ? [{ key: undefined, number: 1, bindings: {} }]
          : 'each' in rows
            ? (soil.look.rows(placeOf(rows.each, bindings) ?? '').map((row) => ({
                key: row,
                number: numberOf(row),
                bindings: { [rows.bind]: row, ...hostBinding(soil.look, rows.bind, row) },
              })) as { key: string; number: number; bindings: Bindings }[])
            : soil.stack.rows(rows.stack, bindings, keys);
      const nodes = found
        .map((row) => {
          const number = row.number ?? soil.numbers.of(table.slice(root.length), row.key!);
          const below = typeof rows === 'object' && 'stack' in rows ? { ...keys, [rows.stack]: row.key } : keys;
          return { number, row, below };
        })
        .sort((a, b) => a.number - b.number)
        .flatMap(
          ({ number, row, below }) =>
            this.#grow(`${table}${number}.`, child, { ...bindings, ...row.bindings }, below, row.key, soil) ?? [],
        );
      if (nodes.length === 0 && !hasParameters(soil.supported, child)) continue;
      tables.set(child, nodes.length);
      children.push(...nodes);
    }
    const leaves = leavesOf(rule, info, bindings, soil.look);
    // An object of which this device has nothing is not there.
    const empty = leaves.length === 0 && children.length === 0 && tables.size === 0;
    if (empty && path !== root && key === undefined) return undefined;
    const node: Node = { path, schemaPath, rule, info, bindings, leaves, children, tables, key };
    this.#nodes.set(path, node);
    for (const row of key === undefined ? [] : [key, ...besides(schemaPath, bindings)]) {
      if (!this.#standing.has(row)) this.#standing.set(row, path);
    }
    return node;
  }
}

/** Rows of TR-181 that are one with an object's own. */
const besides = (schemaPath: string, { ip, ap }: Bindings): string[] =>
  [
    schemaPath.endsWith('WANPPPConnection.{i}.') ? ip : undefined,
    schemaPath.endsWith('WLANConfiguration.{i}.') ? ap : undefined,
  ].filter((row) => row !== undefined);

const hasParameters = (supported: Supported, schemaPath: string): boolean =>
  (supported.object(schemaPath)?.parameters.length ?? 0) > 0;

const hostBinding = (look: Look, bind: string, row: string): Bindings => {
  const host = bind === 'station' ? hostOf(look, row) : undefined;
  return host === undefined ? {} : { host };
};

function leavesOf(rule: ObjectRule, info: ObjectInfo, bindings: Bindings, look: Look): Leaf[] {
  const rules = new Map(rulesOf(rule));
  return info.parameters.flatMap((parameter): Leaf[] => {
    const own = rules.get(parameter.name)!;
    if (own.when !== undefined && bindings[own.when] === undefined) return [];
    if (own.at === undefined) return [{ info: parameter, rule: own, place: undefined }];
    const place = placeOf(own.at, bindings);
    if (place === undefined && !isOptional(own.at)) return [];
    const given = own.staticOnly && look.value(`${bindings.address}AddressingType`) !== 'Static';
    // Without the row there is nowhere to write to.
    const here = parameter.writable && (place === undefined || given) ? { ...parameter, writable: false } : parameter;
    return [{ info: here, rule: own, place }];
  });
}
