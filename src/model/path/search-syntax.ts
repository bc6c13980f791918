import type { Scanner } from './scanner.ts';
import type { ReferenceItem, RelativeStep, SearchConstant, SearchOperator, SearchTerm } from './types.ts';

const namePattern = /[A-Za-z_][A-Za-z0-9_-]*/y;
const blankPattern = /[ \t]*/y;
const operatorPattern = /==|!=|~=|<=|>=|<|>/y;
const literalPattern = /"[^"]*"/y;
// Numbers, booleans and times; longer than any of them is none.
const barePattern = /[A-Za-z0-9+:.-]{1,64}/y;
const itemPattern = /[1-9][0-9]{0,4}|\*/y;
const deepestRelativePath = 16;

/** `[A==1&&B.C!="x"]` (TR-369 section 2.5.4). The scanner stands at the opening bracket. */
export function readSearch(scanner: Scanner, mostTerms: number): SearchTerm[] {
  const start = scanner.at;
  scanner.skip('[');
  const terms: SearchTerm[] = [];
  do {
    if (terms.length >= mostTerms) scanner.fail('too many search terms in one path', start);
    terms.push(readTerm(scanner));
  } while (scanner.skip('&&'));
  if (!scanner.skip(']')) scanner.fail('&& or ] is expected');
  return terms;
}

/** `+`, `#2+` or `#*+`; `undefined` when none of them comes next. */
export function readReferenceItem(scanner: Scanner): ReferenceItem | undefined {
  if (scanner.skip('+')) return 1;
  if (!scanner.skip('#')) return undefined;
  const item = scanner.take(itemPattern) ?? scanner.fail('the number of a list item or * is expected');
  if (!scanner.skip('+')) scanner.fail('+ is expected');
  return item === '*' ? '*' : Number(item);
}

function readTerm(scanner: Scanner): SearchTerm {
  // R-ARC.9a: white space around the operator is tolerated.
  scanner.take(blankPattern);
  const steps = readRelativePath(scanner);
  scanner.take(blankPattern);
  const operator = scanner.take(operatorPattern) ?? scanner.fail('an operator is expected');
  scanner.take(blankPattern);
  const constant = readConstant(scanner);
  scanner.take(blankPattern);
  return { steps, operator: operator as SearchOperator, constant };
}

function readRelativePath(scanner: Scanner): RelativeStep[] {
  const steps: RelativeStep[] = [];
  for (;;) {
    const name = scanner.take(namePattern) ?? scanner.fail('a parameter name is expected');
    const follow = readReferenceItem(scanner);
    if (steps.length >= deepestRelativePath) scanner.fail('the parameter of a search is too deep');
    steps.push(follow === undefined ? { name } : { name, follow });
    if (scanner.skip('.')) continue;
    if (follow !== undefined) scanner.fail('a dot is expected after a followed reference');
    return steps;
  }
}

function readConstant(scanner: Scanner): SearchConstant {
  const literal = scanner.take(literalPattern);
  if (literal !== undefined) return { text: unescapeLiteral(literal.slice(1, -1)), quoted: true };
  const bare = scanner.take(barePattern) ?? scanner.fail('a quoted text, number, boolean or time is expected');
  return { text: bare, quoted: false };
}

/** %22 is a quote and %25 a percent sign; any other percent sign stands for itself. */
const unescapeLiteral = (text: string): string => text.replace(/%2[25]/g, (escaped) => (escaped === '%22' ? '"' : '%'));

export const escapeLiteral = (text: string): string =>
  text.replace(/["%]/g, (character) => (character === '"' ? '%22' : '%25'));
