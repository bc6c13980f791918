import { oneLine } from '#base';
import type { BlobTable, Bus } from '#platform';

/** What `tandem trace` and `tandem events` follow. */
export type Followed =
  | { readonly what: 'trace'; readonly protocol: 'usp' | 'cwmp' }
  | { readonly what: 'events'; readonly paths: readonly string[]; readonly view: string };

export interface Following {
  readonly print: (text: string) => void;
  readonly json: boolean;
  /** Ends it. */
  readonly until: Promise<unknown>;
  /** What is going to be shown is shown from now on. */
  readonly ready: () => void;
}

/**
 * Prints what happens as it happens.
 * @returns faults of the request; none when it was followed to the end
 * @throws UbusError UBUS_NOT_FOUND when the agent does not run
 */
export async function follow(
  bus: Bus,
  followed: Followed,
  { print, json, until, ready }: Following,
): Promise<BlobTable[]> {
  const object = followed.what === 'trace' ? 'tandem.trace' : 'tandem.events';
  let id: unknown;
  const show = (text: (data: BlobTable) => string, data: BlobTable): void =>
    print(json ? `${JSON.stringify(data)}\n` : text(data));
  using _ = bus.subscribe(object, (name, data) => {
    if (followed.what === 'trace' && name === followed.protocol) show(traceText, data);
    if (followed.what === 'events' && data.id === id) show(changeText, data);
  });
  if (followed.what === 'trace') await bus.invoke(object, 'ready');
  else {
    const answer = await bus.invoke(object, 'follow', { paths: [...followed.paths], view: followed.view });
    const faults = Array.isArray(answer.faults) ? (answer.faults as BlobTable[]) : [];
    if (faults.length > 0) return faults;
    id = answer.id;
  }
  ready();
  await until;
  return [];
}

function traceText({ time, direction, peer, title, lines }: BlobTable): string {
  const text = Array.isArray(lines) ? lines.map((line) => `    ${oneLine(String(line))}\n`).join('') : '';
  return `${oneLine(`${time} ${direction === 'in' ? '<-' : '->'} ${peer} ${title}`)}\n${text}`;
}

function changeText({ time, kind, path, by, value, args, problem }: BlobTable): string {
  const words = Object.entries((args as BlobTable | undefined) ?? {}).map(([name, text]) => `${name}=${text}`);
  const what = {
    value: `${path}=${value}`,
    created: `${path} created ${words.join(' ')}`,
    deleted: `${path} deleted`,
    event: `${path} ${words.join(' ')}`,
    completed: problem === undefined ? `${path} complete ${words.join(' ')}` : `${path} failed: ${problem}`,
  }[String(kind)];
  return `${oneLine(`${time} ${(what ?? String(path)).trimEnd()} (${by})`)}\n`;
}
