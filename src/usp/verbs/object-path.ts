import type { Model, View } from '#model';

/** An object path without its last dot is understood all the same. */
export const objectPath = (path: string): string => (path.endsWith('.') ? path : `${path}.`);

/**
 * The tables that the search path of an Add stands for, each by its own path, so that each row has its own result (TR-369 "The Add Message").
 * @returns the path as it is where it does not search, or finds nothing
 */
export async function tablesOf(model: Model, view: View, path: string): Promise<readonly string[]> {
  const end = Math.max(path.lastIndexOf('*.'), path.lastIndexOf('].')) + 2;
  if (end < 2) return [path];
  const parents = await model.instances(view, path.slice(0, end), true);
  if (!parents.ok || parents.value.length === 0) return [path];
  return parents.value.map(({ path: parent }) => parent + path.slice(end));
}
