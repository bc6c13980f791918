import type { BaseType } from '#model';

/** `xsi:type` of a value (TR-106 3.2; a list is a string on the wire). */
export function xsdType(type: BaseType, list: boolean): string {
  return list ? 'xsd:string' : type === 'base64' ? 'soap-enc:base64' : `xsd:${type}`;
}

/** Whether a value that the ACS typed so may be given to a parameter of this type (else 9006). An untyped one may. */
export function acceptsXsdType(given: string | undefined, type: BaseType, list: boolean): boolean {
  if (given === undefined) return true;
  const local = given.slice(given.indexOf(':') + 1);
  if (list || type === 'string') return local === 'string';
  if (local === 'string') return true;
  if (integers.has(type)) return integers.has(local as BaseType) || local === 'integer';
  if (type === 'base64') return local === 'base64' || local === 'base64Binary';
  return local === type;
}

const integers: ReadonlySet<BaseType> = new Set<BaseType>(['int', 'unsignedInt', 'long', 'unsignedLong']);
