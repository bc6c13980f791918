import { randomBytes } from 'node:crypto';
import { type Log, Scope, systemClock } from '#base';
import { createDataModel, type DataModel } from '#model';
import { connectUbus, FileStateStore, loadDataModelFiles, RootedFiles, UciFiles } from '#platform';
import { declareDeviceCommands, publishBusApi } from '#services';

/** Every path can be redirected, so that tests and the lab run without touching the host. */
export interface AgentOptions {
  /** Root of the device's files. `/` on a router. */
  readonly root: string;
  readonly ubusSocket: string;
  /** Schema and mappings as installed. */
  readonly share: string;
  readonly log: Log;
}

export interface Agent extends AsyncDisposable {
  readonly model: DataModel;
}

/**
 * Puts the rooms together; decides nothing.
 * @throws TandemError when the data model can't be read. An absent ubusd is waited for.
 */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { log, root } = options;
  const scope = new Scope();
  const at = (path: string): string => `${root === '/' ? '' : root}${path}`;
  try {
    const bus = scope.add(
      await connectUbus({ path: options.ubusSocket, log: log.child('ubus'), clock: systemClock, persist: true }),
    );
    const files = loadDataModelFiles(options.share, at('/etc/tandem/datamodel.d'));
    const { model, problems } = createDataModel(files.schema, files.mappings, {
      bus,
      uci: new UciFiles(at('/etc/config'), log.child('uci')),
      files: new RootedFiles(root),
      state: new FileStateStore(at('/etc/tandem'), log.child('state')),
      clock: systemClock,
      log: log.child('model'),
      uniqueName: () => randomBytes(4).toString('hex'),
    });
    scope.add(model);
    for (const { file, path, reason } of problems) log.error('a mapping was left out', { file, path, reason });
    await model.recover();
    scope.add(declareDeviceCommands(model, bus, log.child('device')));
    const startedMs = systemClock.monotonicMs();
    scope.add(
      publishBusApi(bus, model, {
        agent: () => ({
          uptime: Math.floor((systemClock.monotonicMs() - startedMs) / 1000),
          objects: model.supported('usp').below('Device.').length,
          mapping_problems: problems.length,
        }),
      }),
    );
    log.info('ready', { objects: model.supported('usp').below('Device.').length });
    return { model, [Symbol.asyncDispose]: () => scope[Symbol.asyncDispose]() };
  } catch (error) {
    await scope[Symbol.asyncDispose]();
    throw error;
  }
}
