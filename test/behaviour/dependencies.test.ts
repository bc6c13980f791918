import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLog, systemClock } from '#base';
import { installFactory, type Router, startRouter } from '#lab';
import { compileMappings, createDataModel, type DataModel, openSchema } from '#model';
import {
  type BlobTable,
  type Bus,
  connectUbus,
  FileStateStore,
  RootedFiles,
  RootedScripts,
  type UbusClient,
  type Uci,
  UciFiles,
} from '#platform';
import { Dependencies, uciKey } from '../../src/model/engine/dependencies.ts';
import { interfaceStack, interfaceStackOf } from '../../src/model/engine/interface-stack.ts';
import { Tree } from '../../src/model/engine/tree.ts';
import type { SourceText } from '../../src/model/mapping/grammar.ts';
import { furtherTable, schemaTable, shippedMappings } from '../support/model-fixture.ts';

// What a path depends on is read off the mappings; here it is held against what reading the path really asks for.
const directory = mkdtempSync(join(tmpdir(), 'tandem-depends-'));
const asked = { packages: new Set<string>(), calls: new Set<string>(), files: new Set<string>() };
let router: Router;
let bus: UbusClient;
let model: DataModel;

beforeAll(async () => {
  router = await startRouter({ directory, reloadDelayMs: 0 });
  installFactory(router.root, {});
  bus = await connectUbus({ path: router.socketPath, log: silentLog });
  const uci: Uci = new UciFiles(join(router.root, 'etc/config'), silentLog);
  const files = new RootedFiles(router.root);
  const recording: Bus = new Proxy(bus as Bus, {
    get(target, name) {
      if (name === 'invoke') {
        return (object: string, method: string, args?: BlobTable) => {
          asked.calls.add(`${object} ${method}`);
          return bus.invoke(object, method, args);
        };
      }
      const value = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const made = createDataModel(
    schemaTable(),
    shippedMappings(),
    {
      bus: recording,
      uci: new Proxy(uci, {
        get(target, name) {
          if (name !== 'load') return Reflect.get(target, name).bind(target);
          return (pack: string) => {
            asked.packages.add(pack);
            return uci.load(pack);
          };
        },
      }),
      files: {
        readText: (path, limit) => {
          asked.files.add(path);
          return files.readText(path, limit);
        },
        list: (path) => files.list(path),
        exists: (path) => files.exists(path),
      },
      scripts: new RootedScripts(router.root),
      state: new FileStateStore(join(directory, 'state'), silentLog),
      clock: systemClock,
      log: silentLog,
      uniqueName: () => 'x',
    },
    {},
    furtherTable,
  );
  model = made.model;
});
afterAll(async () => {
  await model[Symbol.asyncDispose]();
  await bus[Symbol.asyncDispose]();
  await router[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

/** Whether a source that a path depends on can have made this call, or read this file. */
function fits(pattern: string, actual: string): boolean {
  const parts = pattern.split(/\$[\w]+|\*/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(actual);
}

describe('what a path depends on', () => {
  it.each(['usp', 'cwmp'] as const)(
    'is everything that reading it asks for (%s)',
    async (protocol) => {
      const { schema, objects } = compileMappings(openSchema(schemaTable()), shippedMappings(), {}, furtherTable);
      const tree = new Tree(schema);
      for (const object of objects) tree.map(object);
      tree.derive(interfaceStack, interfaceStackOf(tree));
      const dependencies = new Dependencies(tree);
      const missing: string[] = [];
      let limited = 0;
      for (const { path } of model.supported(protocol).below('Device.')) {
        const watched = path.replaceAll('{i}', '*');
        const keys = dependencies.of(protocol, watched);
        for (const set of Object.values(asked)) set.clear();
        await model.changed();
        const [reading] = await model.get({ protocol }, [watched]);
        if (!reading!.result.ok || !keys) continue;
        limited++;
        const sources = [...keys].flatMap((key) => (key.startsWith('{') ? [JSON.parse(key) as SourceText] : []));
        for (const pack of asked.packages) if (!keys.has(uciKey(pack))) missing.push(`${watched}: uci ${pack}`);
        for (const call of asked.calls) {
          if (!sources.some(({ ubus }) => ubus && fits(ubus.join(' '), call))) missing.push(`${watched}: ${call}`);
        }
        for (const file of asked.files) {
          // Code that a mapping names reads what it likes.
          if (sources.some(({ handler }) => handler !== undefined)) continue;
          if (!sources.some((source) => source.file && fits(source.file, file))) missing.push(`${watched}: ${file}`);
        }
      }
      expect(missing).toEqual([]);
      expect(limited).toBeGreaterThan(80);
    },
    60_000,
  );
});
