import type { Model, ObjectReading, ParameterReading, View } from '#model';

/** What one request is answered from: TR-181 as it stands now, read once. */
export class Look {
  readonly #parameters = new Map<string, ParameterReading>();
  /** Rows by the path of their table, in the order of their numbers. */
  readonly #rows = new Map<string, string[]>();

  constructor(objects: Iterable<ObjectReading>) {
    for (const { path, parameters } of objects) {
      for (const parameter of parameters) this.#parameters.set(path + parameter.info.name, parameter);
      const table = /^(.*\.)[0-9]+\.$/.exec(path)?.[1];
      if (table === undefined) continue;
      const rows = this.#rows.get(table);
      if (rows) rows.push(path);
      else this.#rows.set(table, [path]);
    }
  }

  reading(path: string): ParameterReading | undefined {
    return this.#parameters.get(path);
  }

  /** '' where there is none. */
  value(path: string): string {
    return this.#parameters.get(path)?.value ?? '';
  }

  /** @param table `Device.IP.Interface.` */
  rows(table: string): readonly string[] {
    return this.#rows.get(table) ?? [];
  }

  /** The row of a table whose parameter has this value. */
  rowWhere(table: string, name: string, matches: (value: string) => boolean): string | undefined {
    return this.rows(table).find((row) => matches(this.value(row + name)));
  }
}

/** What the interface stack is seen from. */
const structure = [
  'Device.IP.Interface.',
  'Device.Ethernet.',
  'Device.PPP.',
  'Device.Cellular.Interface.',
  'Device.DSL.',
  'Device.ATM.',
  'Device.DHCPv4.',
  'Device.DHCPv6.Client.',
  'Device.NAT.',
  'Device.WiFi.',
  'Device.Hosts.',
];

/**
 * @param roots paths of TR-181 that are read; the interface stack beside them when `withStack`
 * @param view values of secrets are there only when it reveals
 */
export async function lookAt(
  model: Model,
  view: View,
  roots: Iterable<string>,
  withStack: boolean,
  signal?: AbortSignal,
): Promise<Look> {
  const wanted = new Set(roots);
  if (withStack) for (const path of structure) wanted.add(path);
  // What is below another one is read with it.
  const paths = [...wanted].filter((path) => ![...wanted].some((other) => other !== path && path.startsWith(other)));
  const readings = await model.get(view, paths, signal ? { signal } : {});
  // A component that this device does not have is simply not there.
  return new Look(readings.flatMap(({ result }) => (result.ok ? result.value : [])));
}
