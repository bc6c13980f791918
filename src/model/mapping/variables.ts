import type { MappingProblem, ObjectText, SourceText } from './grammar.ts';

/** What every row has, as far as it is of the kind (docs/mapping-language.md). */
const builtIn = ['id', 'item', 'instance', 'position', 'parent', 'of', 'above', 'listed'];

interface Texts {
  readonly textOf: (path: string) => ObjectText | undefined;
  readonly sources: Readonly<Record<string, SourceText>>;
}

/** Variables that an object, its commands or its sources name and nothing sets: they would have no value, and nobody would be told. */
export function unknownVariables(file: string, path: string, { textOf, sources }: Texts): MappingProblem[] {
  const text = textOf(path);
  if (!text) return [];
  const known = variablesOf(path, textOf);
  const problems: MappingProblem[] = [];
  const look = (below: string, where: unknown, more?: string): void => {
    for (const [, name] of JSON.stringify(where ?? '').matchAll(/\$([A-Za-z]\w*)(?![\w$])/g)) {
      if (name !== more && !known.has(name!))
        problems.push({ file, path: path + below, reason: `nothing sets $${name}` });
    }
  };
  const { rows, when, parameters, commands } = text;
  look('rows', rows);
  look('let', text.let);
  look('when', when);
  let named = JSON.stringify([rows, when, text.let, text.id]);
  for (const [name, rule] of Object.entries(parameters)) {
    const { at, of, run, by, to } = typeof rule === 'string' ? { at: rule } : (rule ?? {});
    look(name, [at, of, run]);
    named += JSON.stringify([at, of]);
    const targets = typeof to === 'string' ? [[to, by ?? '']] : Object.entries(to ?? {});
    for (const [table, variable] of targets) {
      // A table of a later file is not known yet.
      if (variable && textOf(table!) && !variablesOf(table!, textOf).has(variable))
        problems.push({ file, path: path + name, reason: `'${variable}' is no variable of ${table}` });
    }
  }
  for (const [name, rule] of Object.entries(commands)) look(name, [rule?.ubus?.[0], rule?.args], 'in');
  for (const [name, { ubus, args, file: of }] of Object.entries(sources)) {
    if (new RegExp(`[["{,]${name}[/"[]`).test(named)) look(`sources/${name}`, [ubus?.[0], args, of]);
  }
  return problems;
}

/** Those of the object and of all around it. */
function variablesOf(path: string, textOf: Texts['textOf']): ReadonlySet<string> {
  const known = new Set(builtIn);
  for (let at = path; at !== ''; at = at.replace(/[^.]*\.?$/, '')) {
    const text = textOf(at);
    const lets = [text?.rows ?? []].flat().map((rows) => (typeof rows === 'string' ? undefined : rows.let));
    for (const each of [text?.let, ...lets]) for (const name of Object.keys(each ?? {})) known.add(name);
  }
  return known;
}
