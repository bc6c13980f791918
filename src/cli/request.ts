import type { BlobTable } from '#platform';

export class UsageError extends Error {}

/** One question to the agent. */
export interface Request {
  /** Default `tandem`. */
  readonly object?: string;
  readonly method: string;
  readonly args: BlobTable;
}

/** Methods that look at neither view in particular. */
export const unviewed: ReadonlySet<string> = new Set(['status', 'operate', 'inform', 'list', 'confirm']);

/** @param words behind the command @throws UsageError */
export function requestOf(command: string, words: readonly string[]): Request {
  const none = (): Record<string, never> => {
    if (words.length > 0) throw new UsageError(`tandem ${command} takes nothing`);
    return {};
  };
  const one = (what: string): string => {
    if (words.length !== 1) throw new UsageError(`tandem ${command} takes one ${what}`);
    return words[0]!;
  };
  switch (command) {
    case 'status':
    case 'inform':
      return { method: command, args: none() };
    case 'transfers':
      return { object: 'tandem.transfers', method: 'list', args: none() };
    case 'confirm':
      return { object: 'tandem.transfers', method: 'confirm', args: { key: one('command key') } };
    case 'get':
      if (words.length === 0) throw new UsageError('tandem get takes at least one path');
      return { method: 'get', args: { paths: [...words] } };
    case 'set':
      if (words.length === 0) throw new UsageError('tandem set takes at least one PARAMETER=VALUE');
      return { method: 'set', args: { values: pairs(words) } };
    case 'add':
      if (words.length === 0) throw new UsageError('tandem add takes a table');
      return { method: 'add', args: { path: dotted(words[0]!), values: pairs(words.slice(1)) } };
    case 'del':
      return { method: 'del', args: { path: dotted(one('row')) } };
    case 'operate':
      if (words.length === 0) throw new UsageError('tandem operate takes a command');
      return { method: 'operate', args: { path: words[0]!, args: pairs(words.slice(1)) } };
    case 'instances':
      return { method: 'instances', args: { path: dotted(one('path')) } };
    case 'schema':
      return { method: 'schema', args: { path: words.length === 0 ? 'Device.' : one('path') } };
    default:
      throw new UsageError(`'${command}' is not a command`);
  }
}

/** `tandem schema --coverage` */
export function coverageRequest(words: readonly string[]): Request {
  if (words.length !== 1 || words[0] !== 'schema') throw new UsageError('--coverage belongs to tandem schema');
  return { method: 'coverage', args: {} };
}

/** Where only an object can be meant, its last dot may be left out. */
const dotted = (path: string): string => (path.endsWith('.') ? path : `${path}.`);

function pairs(texts: readonly string[]): BlobTable {
  const values = new Map<string, string>();
  for (const text of texts) {
    // The value begins after the first `=` that does not stand in a search expression.
    const match = /^((?:\[[^\]]*\]|[^=[])+)=([\s\S]*)$/.exec(text);
    if (!match) throw new UsageError(`'${text}' is not NAME=VALUE`);
    if (values.has(match[1]!)) throw new UsageError(`${match[1]} is given twice`);
    values.set(match[1]!, match[2]!);
  }
  return Object.fromEntries(values);
}
