import { isInNetwork } from './addresses.ts';

/**
 * Expressions of the mapping language. There is nothing to execute: a path through an answer, with filters by equality.
 *
 *   option                          an option of this row
 *   source/a/b                      into a source's answer
 *   source/*\/list[section=$id]/x   every member, those elements whose member equals
 *   $item/a, $ifname                a variable
 *   …/#                             how many there are
 */
export interface Expression {
  readonly head: { readonly kind: 'option' | 'source' | 'variable'; readonly name: string };
  readonly steps: readonly Step[];
}

export interface Step {
  readonly kind: 'key' | 'variable' | 'every' | 'count' | 'names';
  readonly name: string;
  readonly conditions: readonly Condition[];
}

export interface Condition {
  readonly key: string;
  /** Equal, not equal, matches the regular expression, is an IPv4 address in the network. */
  readonly operator: '=' | '!=' | '~' | '<';
  /** Begins with `$`: a variable. */
  readonly operand: string;
  /** Of `~`. */
  readonly pattern?: RegExp;
}

/** @returns the expression, or what is wrong with the text */
export function parseExpression(text: string, sources: ReadonlySet<string>): Expression | string {
  const [first, ...rest] = splitSteps(text);
  if (!first) return 'an expression is empty';
  const steps: Step[] = [];
  for (const part of rest) {
    const step = parseStep(part);
    if (typeof step === 'string') return step;
    steps.push(step);
  }
  if (first.startsWith('$')) return { head: { kind: 'variable', name: first.slice(1) }, steps };
  const bracket = first.indexOf('[');
  if (bracket >= 0) return `'${first}': a filter needs a step before it`;
  if (rest.length > 0) {
    if (!sources.has(first)) return `'${first}' is not a source of this file`;
    return { head: { kind: 'source', name: first }, steps };
  }
  if (!/^[\w-]+$/.test(first)) return `'${first}' is not the name of an option`;
  return { head: { kind: 'option', name: first }, steps };
}

/** An expression, or the literal texts and expressions of a text with braces by turns. */
export type Formula = Expression | readonly (string | Expression)[];

/** @returns the formula, or what is wrong with the text */
export function parseFormula(text: string, sources: ReadonlySet<string>): Formula | string {
  if (!text.includes('{')) return parseExpression(text, sources);
  const parts: (string | Expression)[] = [];
  for (const [index, part] of text.split(/[{}]/).entries()) {
    const parsed = index % 2 === 0 ? part : parseExpression(part, sources);
    if (index % 2 === 1 && typeof parsed === 'string') return parsed;
    parts.push(parsed);
  }
  return parts;
}

/** A value from outside as text, a list with commas; `undefined`: it is none. A table is none, whatever it says of itself. */
export function textOf(value: unknown): string | undefined {
  if (Array.isArray(value)) return value.map((item) => textOf(item) ?? '').join(',');
  return value === undefined || value === null || typeof value === 'object' ? undefined : String(value);
}

/** Every value of an expression; of a text one, or none. */
export function evaluateFormula(formula: Formula, around: Surroundings): unknown[] {
  if (!isText(formula)) return evaluate(formula, around);
  let text = '';
  for (const part of formula) {
    const value = typeof part === 'string' ? part : evaluate(part, around)[0];
    const piece = textOf(value);
    if (piece === undefined) return [];
    text += piece;
  }
  return [text];
}

function isText(formula: Formula): formula is readonly (string | Expression)[] {
  return Array.isArray(formula);
}

/** Conditions of a filter: `mode=ap&disabled!=1`. @returns the conditions, or what is wrong */
export function parseConditions(text: string): Condition[] | string {
  const conditions: Condition[] = [];
  for (const part of text.split('&')) {
    const match = /^([\w.-]+)(=|!=|~|<)(.*)$/.exec(part);
    if (!match) return `'${part}' is not a condition (a name, one of = != ~ <, and a value)`;
    const [, key, operator, operand] = match as unknown as [string, string, Condition['operator'], string];
    const pattern = operator === '~' ? patternOf(operand) : undefined;
    if (typeof pattern === 'string') return pattern;
    conditions.push({ key, operator, operand, ...(pattern && { pattern }) });
  }
  return conditions;
}

function parseStep(text: string): Step | string {
  const match = /^([^[\]]+)(?:\[(.*)\])?$/.exec(text);
  if (!match) return `'${text}' is not a step`;
  const conditions = match[2] === undefined ? [] : parseConditions(match[2]);
  if (typeof conditions === 'string') return conditions;
  const name = match[1]!;
  if (name === '*') return { kind: 'every', name, conditions };
  if (name === '#') return { kind: 'count', name, conditions };
  if (name === '@') return { kind: 'names', name, conditions };
  if (name.startsWith('$')) return { kind: 'variable', name: name.slice(1), conditions };
  return { kind: 'key', name, conditions };
}

/** Slashes inside brackets belong to the condition. */
function splitSteps(text: string): string[] {
  return text.match(/(?:[^/[]|\[[^\]]*\])+/g) ?? [];
}

/** What an expression is evaluated against. */
export interface Surroundings {
  /** Option of the row's own section. */
  option(name: string): unknown;
  /** The source's answer; `undefined` while it is on its way, or when there is none. */
  source(name: string): unknown;
  variable(name: string): unknown;
}

/** Every value that the expression reaches, in order. */
export function evaluate(expression: Expression, around: Surroundings): unknown[] {
  const { head } = expression;
  const start =
    head.kind === 'option'
      ? around.option(head.name)
      : head.kind === 'source'
        ? around.source(head.name)
        : around.variable(head.name);
  let values: unknown[] = start === undefined || start === null ? [] : [start];
  for (const step of expression.steps) {
    values = take(values, step, around);
    if (values.length === 0 && step.kind !== 'count') break;
  }
  return values;
}

/** A value with the members that led to it, outermost first: their keys, and those around it. */
export interface Keyed {
  readonly value: unknown;
  readonly keys: readonly string[];
  readonly around: readonly unknown[];
}

/** The members that the last step reaches, for rows: each with the keys of every `*` and filter on the way. */
export function evaluateKeyed(expression: Expression, around: Surroundings): Keyed[] {
  let reached: Keyed[] = evaluate({ head: expression.head, steps: [] }, around).map((value) => ({
    value,
    keys: [],
    around: [],
  }));
  for (const [index, step] of expression.steps.entries()) {
    const last = index === expression.steps.length - 1;
    reached = reached.flatMap(({ value, keys, around: outer }) => {
      const containers = step.kind === 'every' ? [value] : take([value], { ...step, conditions: [] }, around);
      if (step.kind !== 'every' && step.conditions.length === 0 && !last) {
        return containers.map((container) => ({ value: container, keys, around: outer }));
      }
      return containers.flatMap((container) =>
        container === null || typeof container !== 'object'
          ? []
          : Object.entries(container).flatMap(([key, member]) =>
              meets(member, step.conditions, around, key)
                ? [{ value: member, keys: [...keys, key], around: [...outer, member] }]
                : [],
            ),
      );
    });
  }
  return reached;
}

function take(values: unknown[], step: Step, around: Surroundings): unknown[] {
  if (step.kind === 'count') return [values.reduce<number>((sum, value) => sum + membersOf(value).length, 0)];
  if (step.kind === 'names') {
    return values.flatMap((value) => (value !== null && typeof value === 'object' ? Object.keys(value) : []));
  }
  const reached: unknown[] = [];
  for (const value of values) {
    if (step.kind === 'every') {
      reached.push(...membersThat(value, step.conditions, around));
      continue;
    }
    for (const key of keysOf(step, around)) {
      const member = memberOf(value, key);
      if (member === undefined || member === null) continue;
      if (step.conditions.length === 0) reached.push(member);
      else reached.push(...membersThat(member, step.conditions, around));
    }
  }
  return reached;
}

function membersThat(value: unknown, conditions: readonly Condition[], around: Surroundings): unknown[] {
  if (conditions.length === 0) return membersOf(value);
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, member]) => (meets(member, conditions, around, key) ? [member] : []));
}

/** A variable that holds a list stands for each of its values. */
function keysOf(step: Step, around: Surroundings): string[] {
  if (step.kind !== 'variable') return [step.name];
  const value = around.variable(step.name);
  return Array.isArray(value) ? value.map(text) : [text(value)];
}

const macAddress = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i;

/** @param name of the member among its siblings: `.key` */
export function meets(value: unknown, conditions: readonly Condition[], around: Surroundings, name?: string): boolean {
  return conditions.every(({ key, operator, operand, pattern }) => {
    const member = memberOf(value, key) ?? (key === '.key' ? name : undefined);
    if (pattern) return pattern.test(text(member));
    const wanted = operand.startsWith('$') ? around.variable(operand.slice(1)) : operand;
    if (operator === '<') return isInNetwork(text(member), text(wanted));
    return isAmong(member, wanted) === (operator === '=');
  });
}

/** Of lists, whether they have one in common. */
function isAmong(member: unknown, wanted: unknown): boolean {
  if (Array.isArray(member) && member.length > 0) return member.some((item) => isAmong(item, wanted));
  if (Array.isArray(wanted)) return wanted.some((item) => isAmong(member, item));
  const [actual, other] = [text(member), text(wanted)];
  // One daemon writes MAC addresses in capitals, the other does not.
  return actual === other || (macAddress.test(actual) && actual.toLowerCase() === other.toLowerCase());
}

function patternOf(text: string): RegExp | string {
  try {
    return new RegExp(text, 'u');
  } catch {
    return `'${text}' is not a regular expression`;
  }
}

export function memberOf(value: unknown, key: string): unknown {
  if (value === null || typeof value !== 'object') return undefined;
  return Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
}

export function membersOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  if (value !== null && typeof value === 'object') return Object.values(value);
  return [];
}

/** An object is something, whatever is in it. */
function text(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' && !Array.isArray(value) ? '{}' : (textOf(value) ?? '');
}
