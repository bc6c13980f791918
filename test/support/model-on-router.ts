import { join } from 'node:path';
import { silentLog, systemClock } from '#base';
import type { Router } from '#lab';
import { createDataModel, type DataModel } from '#model';
import { connectUbus, FileStateStore, RootedFiles, RootedPrograms, RootedScripts, type UciFiles } from '#platform';
import { furtherTable, schemaTable, shippedMappings } from './model-fixture.ts';

export interface ModelOnRouter extends AsyncDisposable {
  readonly model: DataModel;
  readonly state: FileStateStore;
}

/** The data model with the mappings that ship, on a simulated router. @param directory the router's; the model's state goes there, too */
export async function modelOnRouter(router: Router, directory: string, uci: UciFiles): Promise<ModelOnRouter> {
  const bus = await connectUbus({ path: router.socketPath, log: silentLog });
  const state = new FileStateStore(join(directory, 'state'), silentLog);
  let names = 0;
  const { model, problems } = createDataModel(
    schemaTable(),
    shippedMappings(),
    {
      bus,
      uci,
      files: new RootedFiles(router.root),
      scripts: new RootedScripts(router.root),
      programs: new RootedPrograms(router.root),
      state,
      clock: systemClock,
      log: silentLog,
      uniqueName: () => `made${++names}`,
    },
    {},
    furtherTable,
  );
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  return {
    model,
    state,
    async [Symbol.asyncDispose]() {
      await model[Symbol.asyncDispose]();
      await bus[Symbol.asyncDispose]();
    },
  };
}
