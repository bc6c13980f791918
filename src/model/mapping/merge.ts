import type { MappingFile, MappingProblem, ObjectText, SourceText } from './grammar.ts';

/** One object as the files so far have made it. */
export interface MergedObject {
  readonly text: ObjectText;
  /** Of the file that defined the object, and of those that changed it since. */
  readonly sources: Readonly<Record<string, SourceText>>;
}

export type MergedObjects = ReadonlyMap<string, MergedObject>;

/**
 * Lays a file over what the earlier ones say: an object's parameters one by one (`null` removes), its other keys where the file has them, whole objects removed
 * by `null`.
 * @returns the new state, and the paths whose meaning has changed; nothing is changed in place
 */
export function mergeMapping(
  file: string,
  before: MergedObjects,
  overlay: MappingFile,
): { objects: MergedObjects; touched: ReadonlySet<string>; problems: MappingProblem[] } {
  const objects = new Map(before);
  const touched = new Set<string>();
  const problems: MappingProblem[] = [];
  for (const path of overlay.removed) {
    if (!objects.has(path)) problems.push({ file, path, reason: 'removes what is not there' });
    for (const below of [...objects.keys()]) {
      if (!below.startsWith(path)) continue;
      objects.delete(below);
      touched.add(below);
    }
  }
  for (const [path, text] of Object.entries(overlay.objects)) {
    const known = objects.get(path);
    for (const kind of ['parameters', 'commands', 'events'] as const) {
      for (const [name, member] of Object.entries(text[kind])) {
        if (member === null && known?.text[kind][name] === undefined) {
          problems.push({ file, path: path + name, reason: 'removes what is not there' });
        }
      }
    }
    for (const [name, source] of Object.entries(overlay.sources)) {
      const other = known?.sources[name];
      if (other && other !== source && JSON.stringify(other) !== JSON.stringify(source)) {
        problems.push({ file, path: `sources/${name}`, reason: `is another source where ${path} was first mapped` });
      }
    }
    objects.set(path, {
      text: known ? mergeText(known.text, text) : withoutRemoved(text),
      sources: known ? { ...known.sources, ...overlay.sources } : overlay.sources,
    });
    touched.add(path);
  }
  return { objects, touched, problems };
}

function mergeText(before: ObjectText, overlay: ObjectText): ObjectText {
  return withoutRemoved({
    ...before,
    ...overlay,
    ...((before.let || overlay.let) && { let: { ...before.let, ...overlay.let } }),
    parameters: { ...before.parameters, ...overlay.parameters },
    commands: { ...before.commands, ...overlay.commands },
    events: { ...before.events, ...overlay.events },
  });
}

function withoutRemoved(text: ObjectText): ObjectText {
  const present = <T>(members: Readonly<Record<string, T>>): Readonly<Record<string, T>> =>
    Object.values(members).includes(null as T)
      ? Object.fromEntries(Object.entries(members).filter(([, member]) => member !== null))
      : members;
  return {
    ...text,
    parameters: present(text.parameters),
    commands: present(text.commands),
    events: present(text.events),
  };
}
