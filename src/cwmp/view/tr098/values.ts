import type { BaseType, ParameterReading } from '#model';
import { isSecurityPart, toTr098 } from './convert.ts';
import type { Look } from './look.ts';
import { readSecurity } from './security.ts';
import type { Leaf, Node, Tree } from './tree.ts';

/** A parameter as it reads under TR-098's root. */
export function readLeaf(node: Node, leaf: Leaf, look: Look, tree: Tree): ParameterReading {
  const { info, rule, place } = leaf;
  if (rule.is !== undefined) return { info, value: rule.is };
  if (rule.count !== undefined) {
    return { info, value: String(node.tables.get(`${node.schemaPath}${rule.count}.{i}.`) ?? 0) };
  }
  if (place === undefined) return { info, value: zeroOf(info.type) };
  if (place.endsWith('.')) return { info, value: tree.toTr098(place.slice(0, -1)) ?? '' };
  const reading = look.reading(place);
  if (!reading) return { info, value: zeroOf(info.type) };
  const value =
    rule.as === undefined
      ? reading.value
      : isSecurityPart(rule.as)
        ? readSecurity(reading.value, rule.as)
        : toTr098(rule.as, reading.value, tree);
  return reading.fault ? { info, value, fault: reading.fault } : { info, value };
}

/** TR-106 3.2: what a parameter has that has nothing. */
const zeroOf = (type: BaseType): string =>
  type === 'string' || type === 'base64' || type === 'hexBinary'
    ? ''
    : type === 'boolean'
      ? 'false'
      : type === 'dateTime'
        ? '0001-01-01T00:00:00Z'
        : '0';
