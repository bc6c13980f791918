import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Scope, silentLog, systemClock } from '#base';
import { type Router, startRouter } from '#lab';
import { createDataModel, type DataModel } from '#model';
import { connectUbus, FileStateStore, loadDataModelFiles, RootedFiles, RootedScripts, UciFiles } from '#platform';

/** The data model on the simulated router, both in this process. */
export async function openBenchModel(): Promise<
  AsyncDisposable & { readonly model: DataModel; readonly router: Router }
> {
  const scope = new Scope();
  const directory = mkdtempSync(join(tmpdir(), 'tandem-bench-'));
  scope.defer(() => rmSync(directory, { recursive: true, force: true }));
  const router = scope.add(await startRouter({ directory }));
  const bus = scope.add(await connectUbus({ path: router.socketPath, log: silentLog }));
  const files = loadDataModelFiles('datamodel');
  const { model } = createDataModel(files.schema, files.mappings, {
    bus,
    uci: new UciFiles(join(router.root, 'etc/config'), silentLog),
    files: new RootedFiles(router.root),
    scripts: new RootedScripts(router.root),
    state: new FileStateStore(join(directory, 'state'), silentLog),
    clock: systemClock,
    log: silentLog,
    uniqueName: () => 'bench',
  });
  scope.add(model);
  return { model, router, [Symbol.asyncDispose]: () => scope[Symbol.asyncDispose]() };
}
