import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLog } from '#base';
import { type Router, startRouter } from '#lab';
import { createDataModel, type DataModel, type ObjectReading, type Write } from '#model';
import {
  type BlobTable,
  connectUbus,
  parseUci,
  RootedFiles,
  RootedScripts,
  type UbusClient,
  UciFiles,
} from '#platform';
import { FakeBus } from '../../support/fake-bus.ts';
import { HandClock } from '../../support/hand-clock.ts';
import { MemoryState } from '../../support/memory-state.ts';
import { furtherTable, schemaTable, shippedMappings } from '../../support/model-fixture.ts';

// The device answers garbage, half an answer, or nothing: values are absent or of their type, and nothing breaks. The garbage is put into
// what the simulated router really answers, so that it gets as far as it can.
const directory = mkdtempSync(join(tmpdir(), 'tandem-garbage-'));
let router: Router;
let client: UbusClient;
const answers = new Map<string, unknown>();

type Answer = (object: string, method: string, args: BlobTable) => unknown;
type Spoil = (text: string) => string;

class AnyBus extends FakeBus {
  readonly #answer: Answer;
  constructor(answer: Answer) {
    super({});
    this.#answer = answer;
  }
  override async invoke(object: string, method: string, args: BlobTable = {}): Promise<BlobTable> {
    return (await this.#answer(object, method, args)) as BlobTable;
  }
}

function modelOf(answer: Answer, spoil: Spoil = (text) => text, config = join(router.root, 'etc/config')): DataModel {
  const files = new RootedFiles(router.root);
  const { model, problems } = createDataModel(
    schemaTable(),
    shippedMappings(),
    {
      bus: new AnyBus(answer),
      uci: new UciFiles(config, silentLog, async (_paths, work) => work()),
      files: {
        readText: (path, limit) => {
          const text = files.readText(path, limit);
          return text === undefined ? undefined : spoil(text);
        },
        list: (path) => files.list(path),
        exists: (path) => files.exists(path),
      },
      scripts: new RootedScripts(router.root),
      state: new MemoryState(),
      clock: new HandClock(),
      log: silentLog,
      uniqueName: () => 'x',
    },
    {},
    furtherTable,
  );
  expect(problems).toEqual([]);
  return model;
}

const keyOf = (object: string, method: string, args: BlobTable): string =>
  `${object} ${method} ${JSON.stringify(args)}`;
const recorded: Answer = (object, method, args) => {
  const known = answers.get(keyOf(object, method, args));
  if (known === undefined) throw new Error('no object');
  return structuredClone(known);
};

beforeAll(async () => {
  router = await startRouter({ directory, reloadDelayMs: 0 });
  client = await connectUbus({ path: router.socketPath, log: silentLog });
  const model = modelOf(async (object, method, args) => {
    const answer = await client.invoke(object, method, args);
    answers.set(keyOf(object, method, args), answer);
    return answer;
  });
  await everything(model);
  await model[Symbol.asyncDispose]();
  expect(answers.size).toBeGreaterThan(8);
});
afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await router[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

const lexical: Readonly<Record<string, RegExp>> = {
  boolean: /^(true|false)$/,
  int: /^-?\d+$/,
  unsignedInt: /^\d+$/,
  long: /^-?\d+$/,
  unsignedLong: /^\d+$/,
  decimal: /^-?\d+(\.\d+)?$/,
  dateTime: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[-+]\d\d:\d\d)?$/,
  hexBinary: /^([0-9a-fA-F]{2})*$/,
};
function wrongTypes(objects: readonly ObjectReading[]): string[] {
  return objects.flatMap(({ path, parameters }) =>
    parameters.flatMap(({ info, value }) => {
      const pattern = lexical[info.type];
      const items = typeof value !== 'string' ? [] : info.list ? value.split(',').filter(Boolean) : [value];
      return typeof value === 'string' && (!pattern || items.every((item) => pattern.test(item)))
        ? []
        : [`${path}${info.name} (${info.type}) = ${JSON.stringify(value)}`];
    }),
  );
}
async function everything(model: DataModel): Promise<ObjectReading[]> {
  const found: ObjectReading[] = [];
  for (const protocol of ['usp', 'cwmp'] as const) {
    const [reading] = await model.get({ protocol }, ['Device.']);
    if (!reading!.result.ok) throw new Error(reading!.result.fault.message);
    found.push(...reading!.result.value);
  }
  return found;
}

const garbageLine = (number: number): string => String(JSON.stringify(garbage[number % garbage.length], plain));
const plain = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);
const garbage: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  1e300,
  2 ** 53,
  2n ** 63n,
  -(2n ** 63n),
  Number.NaN,
  Number.POSITIVE_INFINITY,
  '',
  ' ',
  'x',
  '-',
  '1e999',
  '9'.repeat(400),
  '\0',
  "'",
  ',',
  '1,2',
  '02:00',
  '::::',
  '192.0.2.1/99',
  'infinite',
  '-5m',
  [],
  {},
  [[]],
  [null],
  { __proto__: null },
  ['x', 1, {}],
];

/** The answer with one in `rarity` of its members replaced by garbage or taken away, as a sequence of numbers says. */
function spoiled(value: unknown, next: () => number, rarity: number): unknown {
  const chance = next();
  if (chance % rarity === 0) return garbage[Math.floor(chance / rarity) % garbage.length];
  if (Array.isArray(value)) return value.map((item) => spoiled(item, next, rarity));
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value).flatMap(([name, member]) =>
        next() % (rarity * 4) === 0 ? [] : [[name, spoiled(member, next, rarity)]],
      ),
    );
  }
  return value;
}

/** A sequence of numbers that looks like chance, from its beginning. */
function sequence(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 8;
  };
}

describe('whatever the sources answer', () => {
  it('garbage in the middle of it: reading gives values of their types', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.constantFrom(2, 4, 16, 64), async (seed, rarity) => {
        const next = sequence(seed);
        const model = modelOf(
          (object, method, args) => spoiled(recorded(object, method, args), next, rarity),
          (text) =>
            text
              .split('\n')
              .map((line) => (next() % rarity === 0 ? garbageLine(next()) : line))
              .join('\n'),
        );
        expect(wrongTypes(await everything(model))).toEqual([]);
        await model[Symbol.asyncDispose]();
      }),
      { numRuns: 15, endOnFailure: true },
    );
  }, 60_000);

  it('garbage in the middle of it: every write is answered, and lands whole or not at all', async () => {
    const sane = modelOf(recorded);
    const values: Readonly<Record<string, string>> = { boolean: 'true', string: 'x', dateTime: '2026-01-02T03:04:05Z' };
    const writes = (await everything(sane)).flatMap(({ path, parameters }) =>
      parameters.flatMap(({ info }): Write[] =>
        info.writable
          ? [{ op: 'set', path, parameters: [{ name: info.name, value: values[info.type] ?? '7', required: true }] }]
          : [],
      ),
    );
    await sane[Symbol.asyncDispose]();
    expect(writes.length).toBeGreaterThan(200);
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.constantFrom(2, 16), async (seed, rarity) => {
        const next = sequence(seed);
        const config = mkdtempSync(join(directory, 'config-'));
        cpSync(join(router.root, 'etc/config'), config, { recursive: true });
        const model = modelOf((...call) => spoiled(recorded(...call), next, rarity), undefined, config);
        const sections = () =>
          readdirSync(config).map((name) => parseUci(readFileSync(join(config, name), 'utf8')).sectionNames.length);
        const before = sections();
        const answer = await model.write({ protocol: 'usp' }, writes, { origin: { by: 'usp' }, partial: true });
        expect(answer.outcomes).toHaveLength(writes.length);
        for (const { result } of answer.outcomes) {
          if (!result.ok) expect(result.fault.fault.message).not.toBe('');
        }
        // Still packages, with the sections that they had.
        expect(sections()).toEqual(before);
        await model[Symbol.asyncDispose]();
      }),
      { numRuns: 5, endOnFailure: true },
    );
  }, 60_000);

  it('half of it: what is there counts', async () => {
    const model = modelOf((object, method, args) => {
      const whole = Object.entries(recorded(object, method, args) as object);
      return Object.fromEntries(whole.slice(0, whole.length / 2));
    });
    const found = await everything(model);
    expect(wrongTypes(found)).toEqual([]);
    expect(found.length).toBeGreaterThan(100);
    await model[Symbol.asyncDispose]();
  });

  const extremes: readonly (readonly [string, () => unknown])[] = [
    ['nothing', () => undefined],
    ['null', () => null],
    ['an empty table', () => ({})],
    ['a text', () => 'text'],
    ['an error', () => Promise.reject(new Error('no'))],
    ['a late refusal', () => new Promise((_, refuse) => setImmediate(() => refuse(new Error('timed out'))))],
    ['something that goes round in circles', () => circle()],
  ];
  it.each(extremes)('%s: every value is absent or of its type', async (_, answer) => {
    const model = modelOf(answer);
    const found = await everything(model);
    expect(wrongTypes(found)).toEqual([]);
    // What comes from UCI is there all the same.
    const ssid = found.find(({ path }) => path === 'Device.WiFi.SSID.1.');
    expect(ssid?.parameters.find(({ info }) => info.name === 'SSID')?.value).not.toBe('');
    await model[Symbol.asyncDispose]();
  });
});

function circle(): Record<string, unknown> {
  const table: Record<string, unknown> = { up: true };
  table.interface = [table];
  table.device = table;
  return table;
}
