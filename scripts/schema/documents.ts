import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { childrenNamed, type Element, readXml } from './xml.ts';

export type ItemKind = 'dataType' | 'component' | 'model';

/** A named item and the document whose scope its own references are read in. */
export interface Item {
  readonly element: Element;
  readonly document: Document;
}

export interface Document {
  readonly file: string;
  item(kind: ItemKind, name: string): Item | undefined;
}

const typesFile = 'tr-106-types.xml';
/** Bibliographic references only. */
const biblioFile = 'tr-069-biblio.xml';

/** Loads documents by file name, each once; names are looked up in the file's own scope, then through its imports. */
export function openDocuments(directory: string): (file: string) => Document {
  const loaded = new Map<string, Document>();
  const load = (file: string): Document => {
    const known = loaded.get(file);
    if (known) return known;
    const root = readXml(readFileSync(join(directory, publishedName(directory, file)), 'utf8'), file);
    const own = new Map<string, Element>();
    const imported = new Map<string, { file: string; name: string }>();
    for (const kind of ['dataType', 'component', 'model'] as const)
      for (const element of childrenNamed(root, kind)) own.set(`${kind} ${element.attributes.get('name')}`, element);
    for (const element of childrenNamed(root, 'import')) {
      const from = element.attributes.get('file')!;
      if (from === biblioFile) continue;
      for (const child of element.children) {
        const name = child.attributes.get('name')!;
        imported.set(`${child.name} ${name}`, { file: from, name: child.attributes.get('ref') ?? name });
      }
    }
    const document: Document = {
      file,
      item(kind, name) {
        const element = own.get(`${kind} ${name}`);
        if (element) return { element, document };
        const reference = imported.get(`${kind} ${name}`);
        if (reference) return load(reference.file).item(kind, reference.name);
        // Nine files use common data types that they don't import.
        return kind === 'dataType' && file !== typesFile ? load(typesFile).item(kind, name) : undefined;
      },
    };
    loaded.set(file, document);
    return document;
  };
  return load;
}

/**
 * Imports name files without their amendment and corrigendum (`tr-104-2-common.xml`); where they were published one by one
 * (`tr-104-2-0-3-common.xml`) the newest is meant.
 */
function publishedName(directory: string, file: string): string {
  const parts = /^(tr-\d+-\d+)-([a-z][a-z0-9-]*\.xml)$/.exec(file);
  if (!parts || existsSync(join(directory, file))) return file;
  const [, issue, rest] = parts;
  const published = readdirSync(directory)
    .flatMap((name) => {
      const [, amendment, corrigendum] =
        (name.startsWith(`${issue}-`) &&
          name.endsWith(`-${rest}`) &&
          /^(\d+)-(\d+)-/.exec(name.slice(issue!.length + 1))) ||
        [];
      const exact = name === `${issue}-${amendment}-${corrigendum}-${rest}`;
      return exact ? [{ name, order: Number(amendment) * 1000 + Number(corrigendum) }] : [];
    })
    .sort((a, b) => b.order - a.order);
  return published[0]?.name ?? file;
}
