import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, silentLog, systemClock } from '#base';
import { createDataModel, type DataModel, type MappingText } from '#model';
import { type Bus, FileStateStore, type Programs, RootedFiles, RootedScripts, type Uci, UciFiles } from '#platform';

const datamodel = join(import.meta.dirname, '../../datamodel');

export const furtherTable = (name: string): Uint8Array | undefined => {
  const path = join(datamodel, 'tables', `${name}.bin`);
  return existsSync(path) ? readFileSync(path) : undefined;
};

/** JSON Schema of mapping files. */
export const mappingForm = (): unknown => JSON.parse(readFileSync(join(datamodel, 'mapping.schema.json'), 'utf8'));

export const schemaTable = (): Uint8Array => readFileSync(join(datamodel, 'tr181.bin'));

/** The mappings that ship. */
export function shippedMappings(): MappingText[] {
  const directory = join(datamodel, 'openwrt');
  return readdirSync(directory)
    .filter((name) => name.endsWith('.json') && !name.endsWith('.schema.json'))
    .sort()
    .map((name) => ({ file: name, text: readFileSync(join(directory, name), 'utf8') }));
}

export interface ModelFixture extends AsyncDisposable {
  readonly model: DataModel;
  readonly root: string;
  config(pack: string): string;
}

/** A data model over UCI files in a directory of its own. */
export async function openModel(options: {
  readonly bus: Bus;
  readonly packages: Readonly<Record<string, string>>;
  readonly mappings?: readonly MappingText[];
  /** An earlier fixture's root: opened again, as after a restart. */
  readonly root?: string;
  /** Nobody else is there: no lock, which would start a process for each write. */
  readonly unlocked?: boolean;
  /** Puts something between the model and the files. */
  readonly uci?: (real: Uci) => Uci;
  readonly clock?: Clock;
  readonly programs?: Programs;
}): Promise<ModelFixture> {
  const root = options.root ?? mkdtempSync(join(tmpdir(), 'tandem-model-'));
  const config = join(root, 'etc/config');
  mkdirSync(config, { recursive: true });
  for (const [pack, text] of Object.entries(options.packages)) writeFileSync(join(config, pack), text);
  let names = 0;
  const uci = options.unlocked
    ? new UciFiles(config, silentLog, async (_paths, work) => work())
    : new UciFiles(config, silentLog);
  const { model, problems } = createDataModel(
    schemaTable(),
    options.mappings ?? shippedMappings(),
    {
      bus: options.bus,
      uci: options.uci?.(uci) ?? uci,
      files: new RootedFiles(root),
      scripts: new RootedScripts(root),
      ...(options.programs && { programs: options.programs }),
      state: new FileStateStore(join(root, 'etc/tandem'), silentLog),
      clock: options.clock ?? systemClock,
      log: silentLog,
      uniqueName: () => `t${++names}`,
    },
    {},
    furtherTable,
  );
  if (problems.length > 0) throw new Error(JSON.stringify(problems, undefined, 1));
  await model.recover();
  return {
    model,
    root,
    config: (pack) => readFileSync(join(config, pack), 'utf8'),
    async [Symbol.asyncDispose]() {
      await model[Symbol.asyncDispose]();
      rmSync(root, { recursive: true, force: true });
    },
  };
}
