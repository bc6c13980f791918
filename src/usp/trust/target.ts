import type { FaultKind, Model } from '#model';

/** By target with a search expression: the objects (with their last dot) and parameters that it leads to now; one that is missing has not been looked up, or could not be. */
export type FoundTargets = ReadonlyMap<string, ReadonlySet<string>>;

export interface TargetMatcher {
  /** The path is one of the target's, or below one. */
  readonly rows: (path: string) => boolean;
  /** So it would be with other instance numbers; asked of schema paths (`{i}`) only. */
  readonly any: (path: string) => boolean;
  /** Where it is not known what the target leads to: whether it could be this path. */
  readonly perhaps?: (path: string) => boolean;
}

/**
 * One entry of `Permission.{i}.Targets`: a partial path or an object, which covers everything below it, with or without its last dot; a parameter, command or event; with
 * `*` for any instance, or a search expression.
 */
export function matcherOf(target: string, found: FoundTargets): TargetMatcher {
  const any = patternOf(target.replaceAll(/\.\[(?:"[^"]*"|[^\]"])*\]/g, '.*').replaceAll(/\.[0-9]+(?=\.|$)/g, '.*'));
  if (isSearch(target)) {
    const paths = found.get(target);
    // Where references lead nobody can say.
    if (!paths) return { any, rows: () => false, perhaps: /[+#]/.test(target) ? () => true : any };
    return { any, rows: (path) => steps(path).some((step) => paths.has(step)) };
  }
  return { any, rows: /[*{]/.test(target) ? patternOf(target) : plain(target) };
}

export const isSearch = (target: string): boolean =>
  target.includes('[') || target.includes('+.') || target.includes('#');

/** Asks the model what the search expressions lead to. */
export async function findTargets(model: Model, targets: Iterable<string>): Promise<FoundTargets> {
  const searches = [...new Set(targets)].filter(isSearch);
  if (searches.length === 0) return new Map();
  // The objects themselves, and nothing below them; values are of no interest. Without a last dot it can be an object as well as a parameter.
  const asked = searches.flatMap((target) => (/[.)!]$/.test(target) ? [target] : [target, `${target}.`]));
  const readings = await model.get({ protocol: 'usp' }, asked, { maxDepth: 1 });
  const found = new Map(searches.map((target) => [target, new Set<string>()]));
  for (const { requested, result } of readings) {
    const target = searches.includes(requested) ? requested : requested.slice(0, -1);
    if (!result.ok) {
      if (!nothingThere.has(result.fault.kind)) found.delete(target);
      continue;
    }
    const parameter = requested.endsWith('.') ? '' : requested.slice(requested.lastIndexOf('.') + 1);
    for (const { path } of result.value) found.get(target)?.add(path + parameter);
  }
  return found;
}

/** Any other fault leaves it open what is there. */
const nothingThere = new Set<FaultKind>(['unsupported-path', 'no-instance', 'path-syntax']);

function plain(target: string): (path: string) => boolean {
  if (target.endsWith('.')) return (path) => path.startsWith(target);
  const below = `${target}.`;
  return (path) => path === target || path.startsWith(below);
}

function patternOf(target: string): (path: string) => boolean {
  const steps = target
    .replace(/\.$/, '')
    .split('.')
    .map((word) => (word === '*' || word === '{i}' ? '(?:[0-9]+|\\{i\\}|\\*)' : word.replace(/[^\w-]/g, '\\$&')));
  const expression = new RegExp(`^${steps.join('\\.')}${target.endsWith('.') ? '\\.' : '(?:\\.|$)'}`);
  return (path) => expression.test(path);
}

/** `Device.`, `Device.WiFi.`, … and the path itself. */
function steps(path: string): string[] {
  const all = [path];
  for (let dot = path.indexOf('.'); dot >= 0 && dot < path.length - 1; dot = path.indexOf('.', dot + 1)) {
    all.push(path.slice(0, dot + 1));
  }
  return all;
}
