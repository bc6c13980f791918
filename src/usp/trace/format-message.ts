import { type Model, toSchemaPath } from '#model';
import type { Body, TextMap, UspMessage } from '../codec/types.ts';

/** Names whose values are not for people's eyes, where the schema says nothing (arguments, vendors' parameters). */
const secretName = /passw|passphrase|secret|presharedkey|privatekey|wepkey|token|\bpin$/i;
const mask = '********';
/** A line and a message that are longer than this are cut. */
const lineLimit = 400;
const linesLimit = 400;

export type IsSecret = (objectPath: string, name: string) => boolean;

/** What the schema calls secret, and what sounds like it. */
export function secretsOf(model: Model): IsSecret {
  return (objectPath, name) => {
    if (secretName.test(name)) return true;
    const path = toSchemaPath(objectPath.replace(/\[[^\]]*\](?=\.)/g, '{i}').replaceAll('.*.', '.{i}.'));
    const info = model
      .supported('usp')
      .object(path.endsWith('.') ? path : `${path}.`)
      ?.parameters.find((parameter) => parameter.name === name);
    return info !== undefined && (info.hidden || info.secured);
  };
}

/** `Set`, `GetResp`, `Error`. */
export function titleOf(body: Body): string {
  const name = body.kind === 'error' ? 'error' : Object.keys(body.kind === 'request' ? body.request : body.response)[0];
  return (name ?? 'nothing').replace(/^./, (letter) => letter.toUpperCase());
}

/** A message in the words of the specification, one field a line, secrets masked. */
export function formatMessage(message: UspMessage, isSecret: IsSecret): string[] {
  const { body } = message;
  const content =
    body.kind === 'error' ? body.error : Object.values(body.kind === 'request' ? body.request : body.response)[0];
  const lines: string[] = [];
  write(lines, masked(content, isSecret, ''), 0);
  const rest = lines.length - linesLimit;
  return rest > 0 ? [...lines.slice(0, linesLimit), `… ${rest} lines more`] : lines;
}

/** Objects that say which object their parameters are of. */
const pathFields = ['objPath', 'resolvedPath', 'affectedPath', 'instantiatedPath', 'command', 'executedCommand'];
/** Maps from parameters or arguments to values. */
const valueMaps = new Set(['resultParams', 'updatedParams', 'inputArgs', 'outputArgs', 'params', 'uniqueKeys']);

function masked(value: unknown, isSecret: IsSecret, within: string): unknown {
  if (Array.isArray(value)) return value.map((item) => masked(item, isSecret, within));
  if (value === null || typeof value !== 'object') return value;
  const fields = value as Readonly<Record<string, unknown>>;
  const named = pathFields.map((name) => fields[name]).find((path) => typeof path === 'string');
  const path = typeof named === 'string' ? named.replace(/[^.]*$/, '') : within;
  const entries = Object.entries(fields).map(([name, field]): [string, unknown] => {
    if (valueMaps.has(name)) return [name, maskedMap(field as TextMap, path, isSecret)];
    if (name === 'value' && typeof fields.param === 'string') {
      return [name, hide(path, fields.param, String(field), isSecret)];
    }
    if (name === 'paramValue' && typeof fields.paramPath === 'string') {
      const dot = fields.paramPath.lastIndexOf('.') + 1;
      return [name, hide(fields.paramPath.slice(0, dot), fields.paramPath.slice(dot), String(field), isSecret)];
    }
    return [name, masked(field, isSecret, path)];
  });
  return Object.fromEntries(entries);
}

function maskedMap(values: TextMap, path: string, isSecret: IsSecret): TextMap {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      const dot = name.lastIndexOf('.') + 1;
      return [name, hide(path + name.slice(0, dot), name.slice(dot), value, isSecret)];
    }),
  );
}

/** What sets secrets in passing (TriggerConfigSettings) is hidden whole. */
function hide(path: string, name: string, value: string, isSecret: IsSecret): string {
  if (value === '') return value;
  if (isSecret(path, name) || (/=/.test(value) && secretName.test(value))) return mask;
  // Credentials in a URL.
  return value.replace(/(:\/\/)[^/?#\s]*@/g, `$1${mask}@`);
}

const fieldName = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function write(lines: string[], value: unknown, depth: number): void {
  if (lines.length > 10 * linesLimit || value === null || typeof value !== 'object') return;
  const indent = '  '.repeat(depth);
  const keep = valueMapOf(value);
  for (const [name, field] of Object.entries(value)) {
    const label = keep ? name : fieldName(name);
    if (Array.isArray(field)) {
      for (const item of field) writeField(lines, indent, label, item, depth);
    } else writeField(lines, indent, valueMaps.has(name) ? fieldName(name) : label, field, depth, valueMaps.has(name));
  }
}

/** Names of parameters stay as they are; a map is marked by its only symbol. */
const isMap = Symbol('map');
const valueMapOf = (value: object): boolean => isMap in value;

function writeField(lines: string[], indent: string, label: string, field: unknown, depth: number, map = false): void {
  if (field === undefined) return;
  if (field !== null && typeof field === 'object') {
    lines.push(`${indent}${label}`);
    write(lines, map ? { ...field, [isMap]: true } : field, depth + 1);
    return;
  }
  const text = typeof field === 'string' ? printable(field) : String(field);
  lines.push(`${indent}${label}: ${text.length > lineLimit ? `${text.slice(0, lineLimit)}… (${text.length})` : text}`);
}

/** Nothing that a peer has sent moves the cursor of the terminal. */
const printable = (text: string): string =>
  text.replace(
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
