import { oneLine } from '#base';
import type { BlobTable, BlobValue } from '#platform';

/** An answer of the agent, for people. @param method of its ubus object */
export function readableAnswer(method: string, answer: BlobTable): string {
  switch (method) {
    case 'get':
      return lines(listOf(answer.parameters).map((p) => `${p.path}=${p.value}${p.problem ? `   # ${p.problem}` : ''}`));
    case 'operate':
      return lines(
        listOf(answer.results).flatMap((result) => [
          `${result.path}`,
          ...Object.entries(result.output as BlobTable).map(([name, value]) => `  ${name}=${value}`),
        ]),
      );
    case 'instances':
      return lines(
        listOf(answer.instances).map(
          (row) =>
            `${row.path}  ${Object.entries(row.keys as BlobTable)
              .map(([k, v]) => `${k}=${v}`)
              .join(' ')}`,
        ),
      );
    case 'schema':
      return lines(
        listOf(answer.objects).flatMap((object) => [
          `${object.path}${object.creatable ? '  (rows can be added)' : ''}`,
          ...listOf(object.parameters).map(
            (p) => `  ${p.name} ${p.type}${p.list ? '[]' : ''}${p.writable ? ' W' : ''}`,
          ),
          ...listOf(object.commands).flatMap(({ name, input, output, async }) => [
            `  ${name}${async ? '  (asynchronous)' : ''}`,
            ...listOf(input).map((argument) => `    in  ${argumentText(argument)}`),
            ...listOf(output).map((argument) => `    out ${argumentText(argument)}`),
          ]),
          ...listOf(object.events).flatMap(({ name, args }) => [
            `  ${name}`,
            ...listOf(args).map((argument) => `    ${argumentText(argument)}`),
          ]),
        ]),
      );
    case 'coverage': {
      const rows = listOf(answer.components).map(({ component, schema, mapped, handler }) => {
        const numbers = [Number(schema), Number(mapped), Number(handler)];
        return { component: String(component), numbers };
      });
      const total = [0, 1, 2].map((at) => rows.reduce((sum, { numbers }) => sum + numbers[at]!, 0));
      const row = (name: string, [all, mapped, handler]: number[]): string =>
        [all, mapped, handler, all! - mapped! - handler!].reduce(
          (line, n) => line + String(n).padStart(9),
          name.padEnd(34),
        );
      return lines([
        'component                            schema   mapped  handler  missing',
        ...rows.map(({ component, numbers }) => row(component, numbers)),
        row('total', total),
      ]);
    }
    case 'list':
      return lines(listOf(answer.transfers).map((one) => `${one.key}  ${one.direction}  ${one.state}  ${one.type}`));
    case 'status':
      return readableStatus(answer);
    default:
      return lines(
        listOf(answer.objects).flatMap((object) => [
          `${object.path}`,
          ...Object.entries(object.parameters as BlobTable).map(([name, value]) => `  ${name}=${value}`),
        ]),
      );
  }
}

const argumentText = ({ name, type, mandatory }: BlobTable): string =>
  `${name} ${type}${mandatory ? ' (mandatory)' : ''}`;

/** Why something was refused, and what it was about. */
export function readableFault({ path, message, kind }: BlobTable): string {
  const about = path === '' || String(message).startsWith(String(path)) ? '' : `${path}: `;
  return oneLine(`${about}${message} (${kind})`);
}

/** Parts of the agent, one below the other; a list has a block for each of its items. */
export function readableStatus(answer: BlobTable): string {
  return lines(
    Object.entries(answer).flatMap(([part, fields]) => [
      `${part}:`,
      ...Object.entries(fields as BlobTable).flatMap(([name, value]) => statusLines(name, value)),
    ]),
  );
}

function statusLines(name: string, value: BlobValue): string[] {
  if (!Array.isArray(value)) return [`  ${name}: ${value}`];
  return value.flatMap((item) => {
    if (item === null || typeof item !== 'object' || Array.isArray(item)) return [`  ${name}: ${item}`];
    const [first, ...rest] = Object.entries(item as BlobTable);
    return [`  ${name}: ${first?.[1] ?? ''}`, ...rest.map(([field, text]) => `    ${field}: ${text}`)];
  });
}

/** Values come from anybody (host names, networks around): what would steer the terminal, or look like a line of its own, is escaped. */
const lines = (texts: readonly string[]): string => texts.map((text) => `${oneLine(text)}\n`).join('');

export const listOf = (value: unknown): BlobTable[] => (Array.isArray(value) ? (value as BlobTable[]) : []);
