/** Names of sections and options (libuci: letters, digits, underscore). */
export const isUciName = (text: string): boolean => /^[A-Za-z0-9_]+$/.test(text);

/** Names of packages: as above, and the hyphen. */
export const isUciPackageName = (text: string): boolean => /^[A-Za-z0-9_-]+$/.test(text);

/** Types of sections: any printable ASCII but the blank. */
export const isUciType = (text: string): boolean => /^[\x21-\x7e]+$/.test(text);

/** Values: no control characters but tab, line feed and carriage return. */
export const isUciValue = (text: string): boolean => !/[\x00-\x08\x0b\x0c\x0e-\x1f]/.test(text);

/**
 * The name that libuci gives an anonymous section: its ordinal among the sections created so far (two hex digits or
 * more) and 16 bits of the djb hash of its type. It changes when sections move, so it never serves as an identity.
 */
export function anonymousName(ordinal: number, type: string): string {
  let hash = 5381;
  for (let i = 0; i < type.length; i++) hash = (Math.imul(hash, 33) + type.charCodeAt(i)) & 0x7fffffff;
  const tail = (hash % 0x10000).toString(16).padStart(4, '0');
  return `cfg${ordinal.toString(16).padStart(2, '0')}${tail}`;
}
