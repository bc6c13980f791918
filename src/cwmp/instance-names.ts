import type { Model } from '#model';
import { acsView } from './verbs/verb.ts';

/**
 * Alias-based addressing (TR-069 3.6.1): a row can be given by `[alias]` instead of its number, in every path. Inside, rows have numbers
 * only; what is here reads the one and writes the other.
 */
export type InstanceMode = 'InstanceNumber' | 'InstanceAlias';

/** `Device.ManagementServer.` InstanceMode and AutoCreateInstances. */
export interface InstanceSettings {
  readonly mode: InstanceMode;
  readonly autoCreate: boolean;
}

export const byNumber: InstanceSettings = { mode: 'InstanceNumber', autoCreate: false };

/** A step of a path: a name, a number, `*` or `[alias]` with its brackets; an alias may hold dots. */
export const stepPattern = /\[[^\]]*\]|[^.[\]]+/g;

export const hasAlias = (path: string): boolean => path.includes('[');
/** Wildcards are for reading (TR-181 InstanceWildcardsSupported: GPV, GPN and GPA). */
export const hasWildcard = (path: string): boolean => path.includes('*');

/** A row given by an alias that no row has, with what follows in the path. */
export interface MissingRow {
  /** `Device.WiFi.SSID.`, its own rows by number. */
  readonly table: string;
  readonly alias: string;
  /** `SSID`, or `Stats.` and the like. */
  readonly rest: string;
}

/** The path with its rows by number; a path that says nothing sensible is given back as it is, for the model to refuse. */
export type Resolved = { readonly path: string } | { readonly missing: MissingRow };

/** Finds rows by their aliases; each is looked for once. */
export class AliasResolver {
  readonly #model: Model;
  readonly #known = new Map<string, string | undefined>();

  constructor(model: Model) {
    this.#model = model;
  }

  async resolve(path: string): Promise<Resolved> {
    if (!hasAlias(path)) return { path };
    const steps = path.match(stepPattern) ?? [];
    let numeric = '';
    for (const [index, step] of steps.entries()) {
      const last = index === steps.length - 1;
      if (!step.startsWith('[')) {
        numeric += last && !path.endsWith('.') ? step : `${step}.`;
        continue;
      }
      const row = await this.#row(numeric, step);
      if (row === undefined) {
        const rest = steps.slice(index + 1).join('.');
        const dot = rest !== '' && path.endsWith('.') ? '.' : '';
        return { missing: { table: numeric, alias: step.slice(1, -1), rest: rest + dot } };
      }
      numeric = row;
    }
    return { path: numeric };
  }

  async #row(table: string, step: string): Promise<string | undefined> {
    const key = table + step;
    if (!this.#known.has(key)) {
      const [reading] = await this.#model.get(acsView, [`${key}.Alias`]);
      this.#known.set(key, reading?.result.ok ? reading.result.value[0]?.path : undefined);
    }
    return this.#known.get(key);
  }
}

/** How rows are named in what is sent: as the ACS named them in its request, and beyond that as InstanceMode says. */
export class InstanceNames {
  readonly #mode: InstanceMode;
  /** `[alias]` by the row's path. */
  readonly #aliases = new Map<string, string>();

  private constructor(mode: InstanceMode) {
    this.#mode = mode;
  }

  /** @param paths what will be named, rows by number */
  static async of(model: Model, settings: InstanceSettings, paths: Iterable<string>): Promise<InstanceNames> {
    const names = new InstanceNames(settings.mode);
    if (settings.mode === 'InstanceNumber') return names;
    const rows = new Set<string>();
    for (const path of paths) {
      for (const { index } of path.matchAll(/\.[1-9][0-9]*(?=\.)/g)) {
        rows.add(path.slice(0, path.indexOf('.', index + 1) + 1));
      }
    }
    const readings = await model.get(
      acsView,
      [...rows].map((row) => `${row}Alias`),
    );
    for (const { result } of readings) {
      // A table without aliases keeps its numbers.
      if (!result.ok) continue;
      for (const { path, parameters } of result.value) {
        const alias = parameters[0]?.value ?? '';
        if (alias !== '') names.#aliases.set(path, `[${alias}]`);
      }
    }
    return names;
  }

  /**
   * @param path rows by number
   * @param requested the path of the request that it answers
   */
  show(path: string, requested = ''): string {
    if (this.#mode === 'InstanceNumber' && !hasAlias(requested)) return path;
    const given = requested.match(stepPattern) ?? [];
    let shown = '';
    let numeric = '';
    const steps = path.match(stepPattern) ?? [];
    for (const [index, step] of steps.entries()) {
      const end = index === steps.length - 1 && !path.endsWith('.') ? '' : '.';
      numeric += step + end;
      const asked = given[index];
      const isRow = /^[1-9][0-9]*$/.test(step);
      const named = asked !== undefined && asked !== '*' ? asked : this.#aliases.get(numeric);
      shown += ((isRow && named) || step) + end;
    }
    return shown;
  }
}
