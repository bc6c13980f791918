import { type Change, type ModelFault, parsePath, toSchemaPath } from '#model';

/** What each `NotifType` listens for; there is none for an OnBoardRequest, which is nobody's subscription. */
export const changeKinds: Readonly<Record<string, Change['kind']>> = {
  ValueChange: 'value',
  ObjectCreation: 'created',
  ObjectDeletion: 'deleted',
  Event: 'event',
  OperationComplete: 'completed',
};

/** Items of a list. Commas within brackets or quotes are part of their item. */
export function listItems(text: string): string[] {
  if (text === '') return [];
  const items = text.match(/(?:\[(?:"[^"]*"|[^\]"])*\]|"[^"]*"|[^,])+/g) ?? [];
  return items.map((item) => item.trim()).filter(Boolean);
}

/** Whether a subscription of this type can refer to these paths (TR-181 Subscription.{i}.ReferenceList). Whether they exist is not asked. */
export function checkReferences(notifType: string, paths: readonly string[]): ModelFault | undefined {
  for (const path of paths) {
    if (!parsePath(path, 'usp').ok)
      return { kind: 'invalid-value', message: `${path} is no path`, path: 'ReferenceList' };
    // The parameters of a new row are written one by one.
    if (notifType === '') continue;
    const leaf = path.slice(path.lastIndexOf('.') + 1);
    if (leafFits(notifType, leaf)) continue;
    const message = `${notifType} can not refer to ${leaf === '' ? 'an object' : leaf}`;
    return { kind: 'invalid-value', message, path: 'ReferenceList' };
  }
  return undefined;
}

function leafFits(notifType: string, leaf: string): boolean {
  if (leaf === '') return true;
  if (notifType === 'Event') return leaf.endsWith('!');
  if (notifType === 'OperationComplete') return leaf.endsWith('()');
  return !leaf.endsWith('!') && !leaf.endsWith('()');
}

/** Paths as they are watched: of rows, a table may be named without its last dot. */
export function watchedPaths(notifType: string, paths: readonly string[]): string[] {
  const rows = notifType === 'ObjectCreation' || notifType === 'ObjectDeletion';
  return paths.map((path) => (rows && !path.endsWith('.') ? `${path}.` : path));
}

/**
 * Whether a row that came or went is one that the subscription means: of a table that is named, its rows and not those below them. `false` never for what is no
 * row. A followed reference can lead to any table.
 */
export function meansRow(change: Change, watched: readonly string[]): boolean {
  if (change.kind !== 'created' && change.kind !== 'deleted') return true;
  const row = toSchemaPath(change.path);
  return watched.some((path) => {
    const schema = path.replace(/\[(?:"[^"]*"|[^\]"])*\](?=\.)/g, '{i}').replaceAll('.*.', '.{i}.');
    if (schema.includes('+')) return true;
    const meant = toSchemaPath(schema);
    return row === meant || row === `${meant}{i}.`;
  });
}
