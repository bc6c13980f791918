import { parentPath } from './expand.ts';

export interface ReferenceResolver {
  /** An object path as `pathRef targetParent` writes it, made the absolute schema path of what may be named. */
  target(text: string, objectPath: string, targetType: 'row' | 'parameter'): string;
  /** A parameter path as `enumerationRef targetParam` writes it. */
  parameter(text: string, objectPath: string): string;
}

/** TR-106 relative paths: `.X.` from the root, `X.` from the object, `#.X.` from its parent, one `#` for each level. */
/** @param root what a leading dot stands for: `Device.`, or the service's own object */
export function referenceResolver(objects: ReadonlySet<string>, root: string): ReferenceResolver {
  const absolute = (text: string, objectPath: string, less = 0): string => {
    if (text.startsWith('Device.')) return text;
    const written = /^#*/.exec(text)![0].length;
    const hashes = Math.max(0, written - less);
    const rest = text.slice(written).replace(/^\./, '');
    if (hashes === 0) return (written === 0 && text.startsWith('.') ? root : objectPath) + rest;
    let from = objectPath;
    for (let level = 0; level < hashes; level++) from = parentPath(from);
    return from + rest;
  };
  return {
    target(text, objectPath, targetType) {
      const whole = text.endsWith('.') ? text : `${text}.`;
      const exact = absolute(whole, objectPath);
      // Of an argument some begin to count at the command and not at its object (RequestChallenge()).
      const nearer = absolute(whole, objectPath, 1);
      const known = (path: string): boolean => objects.has(path) || objects.has(`${path}{i}.`);
      const path = !known(exact) && known(nearer) ? nearer : exact;
      return targetType === 'row' && (objects.has(`${path}{i}.`) || !objects.has(path)) && !path.endsWith('{i}.')
        ? `${path}{i}.`
        : path;
    },
    parameter: (text, objectPath) => absolute(text, objectPath),
  };
}
