/** The part of JSON Schema (draft 7) that `datamodel/mapping.schema.json` is written in. */
interface Form {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly items?: Form;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, Form>>;
  readonly patternProperties?: Readonly<Record<string, Form>>;
  readonly additionalProperties?: boolean | Form;
  readonly required?: readonly string[];
  readonly anyOf?: readonly Form[];
  readonly oneOf?: readonly Form[];
  readonly definitions?: Readonly<Record<string, Form>>;
}

type Say = (path: string, reason: string) => void;

/**
 * Whether a mapping file has the form that its JSON Schema describes: what a typing error in a name would otherwise make of it is nothing at all.
 * @param form the schema itself @param root the file's JSON
 */
export function checkForm(form: unknown, root: unknown, say: Say): void {
  const { definitions = {} } = form as Form;
  check(form as Form, root, '', say);

  function check(given: Form, value: unknown, path: string, say: Say): void {
    const form = given.$ref ? definitions[given.$ref.replace(/^#\/definitions\//, '')]! : given;
    const types = [form.type ?? []].flat();
    const values = 'const' in form ? [form.const] : form.enum;
    if (types.length > 0 && !types.includes(typeOf(value))) say(path, `is ${named(types)}`);
    else if (values && !values.includes(value)) say(path, `is one of ${values.join(', ')}`);
    else if (form.anyOf) checkAny(form.anyOf, value, path, say);
    else checkFacets(form, value, path, say);
  }

  function checkFacets(form: Form, value: unknown, path: string, say: Say): void {
    if (typeof value === 'string' && form.pattern && !new RegExp(form.pattern, 'u').test(value))
      say(path, `'${value}' does not match ${form.pattern}`);
    if (
      typeof value === 'number' &&
      !(value >= (form.minimum ?? value) && value > (form.exclusiveMinimum ?? -Infinity))
    )
      say(path, 'is too small');
    if (Array.isArray(value)) {
      const { minItems = 0, maxItems = Infinity } = form;
      if (value.length < minItems || value.length > maxItems)
        say(path, minItems === maxItems ? `has ${minItems} items` : 'has too few or too many items');
      for (const [at, item] of value.entries()) if (form.items) check(form.items, item, `${path}/${at}`, say);
    } else if (typeOf(value) === 'object') checkTable(form, value as Record<string, unknown>, path, say);
  }

  function checkTable(form: Form, value: Record<string, unknown>, path: string, say: Say): void {
    for (const [name, member] of Object.entries(value)) {
      // Of the data model: parts of one path. Of the language: a key below it.
      const at = path === '' || (path.endsWith('.') && /^[A-Z]/.test(name)) ? path + name : `${path}/${name}`;
      const [, pattern] =
        Object.entries(form.patternProperties ?? {}).find(([key]) => new RegExp(key, 'u').test(name)) ?? [];
      const own = form.properties && Object.hasOwn(form.properties, name) ? form.properties[name] : undefined;
      const found = own ?? pattern ?? form.additionalProperties ?? true;
      if (found === false)
        say(
          at,
          path === '' && /^Device\b/.test(name) ? 'an object path ends in a dot' : 'is no key of the language here',
        );
      else if (found !== true) check(found, member, at, say);
    }
    for (const name of form.required ?? []) if (!Object.hasOwn(value, name)) say(path, `needs '${name}'`);
    const ways = (form.oneOf ?? []).map(({ required = [] }) => required);
    if (ways.length > 0 && ways.filter((keys) => keys.every((key) => Object.hasOwn(value, key))).length !== 1)
      say(path, `has one of ${ways.flat().join(', ')}`);
  }

  /** What is wrong is said of the way that was meant, as far as the kind of the value tells. */
  function checkAny(ways: readonly Form[], value: unknown, path: string, say: Say): void {
    const reasons: [string, string][][] = [];
    for (const way of ways) {
      const found: [string, string][] = [];
      check(way, value, path, (where, reason) => found.push([where, reason]));
      if (found.length === 0) return;
      reasons.push(found);
    }
    const meant = ways.findIndex((way) => {
      const { type, enum: values } = way.$ref ? definitions[way.$ref.replace(/^#\/definitions\//, '')]! : way;
      return values
        ? values.some((each) => typeOf(each) === typeOf(value))
        : [type ?? []].flat().includes(typeOf(value));
    });
    if (meant < 0) say(path, 'has another form');
    else for (const [where, reason] of reasons[meant]!) say(where, reason);
  }
}

const typeOf = (value: unknown): string => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value);

const words: Readonly<Record<string, string>> = {
  object: 'an object {…}',
  array: 'a list […]',
  string: 'a text',
  null: 'null',
};
const named = (types: readonly string[]): string => types.map((type) => words[type] ?? `a ${type}`).join(' or ');

/**
 * What JSON.parse does not say: keys that an object has twice (the later one would count), and where a text stops being JSON.
 * @returns line and column, from 1
 */
export function* jsonTrouble(
  text: string,
): Generator<{ readonly line: number; readonly column: number; readonly key: string }> {
  const open: (Set<string> | undefined)[] = [];
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"(?:\s*:)?|[{}[\]]/gs)) {
    if (token === '{') open.push(new Set());
    else if (token === '[') open.push(undefined);
    else if (token === '}' || token === ']') open.pop();
    else if (token.endsWith(':')) {
      const key = token.replace(/\s*:$/, '');
      if (open.at(-1)?.has(key)) yield { ...placeOf(text, index), key };
      open.at(-1)?.add(key);
    }
  }
}

/** @param at index in the text @returns line and column, from 1 */
export function placeOf(text: string, at: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, at).split('\n');
  return { line: before.length, column: before.at(-1)!.length + 1 };
}
