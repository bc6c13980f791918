import { type Clock, type Log, type LogLevel, Scope, systemClock } from '#base';
import { createDataModel, type DataModel } from '#model';
import {
  connectUbus,
  FileStateStore,
  loadDataModelFiles,
  RandomPool,
  RootedFiles,
  RootedPrograms,
  RootedScripts,
  readFactory,
  UciFiles,
  withoutPublicRoots,
} from '#platform';
import {
  bootRecord,
  bootstrap,
  declareDeviceCommands,
  declareDiagnosticObjects,
  declareDiagnostics,
  declareScheduleTimer,
  declareTransferCommands,
  ForeignApply,
  GatewayInfo,
  Probation,
  publishBusApi,
  publishFeeds,
  readFacts,
  readSettings,
  type StatusPart,
  type TransferEngine,
} from '#services';
import { startCwmpRoom } from './cwmp.ts';
import type { Operator, RoomParts } from './room.ts';
import { composeTransfers } from './transfers.ts';
import { startUspRoom } from './usp.ts';

/** Every path can be redirected, so that tests and the lab run without touching the host. */
export interface AgentOptions {
  /** Root of the device's files. `/` on a router. */
  readonly root: string;
  readonly ubusSocket: string;
  /** Schema and mappings as installed. */
  readonly share: string;
  readonly log: Log;
  /** Default the system's. */
  readonly clock?: Clock;
  /** The configuration's log level, once it has been read. */
  readonly onLogLevel?: (level: LogLevel) => void;
}

export interface Agent extends AsyncDisposable {
  readonly model: DataModel;
}

/** Set by the bundler from package.json. */
declare const TANDEM_VERSION: string | undefined;
const version = typeof TANDEM_VERSION === 'string' ? TANDEM_VERSION : 'development';

const factoryDirectory = '/usr/share/tandem/factory';

/**
 * Puts the rooms together; decides nothing.
 * @throws TandemError when the data model, the configuration or the factory data can't be read. An absent ubusd is waited for.
 */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { log, root, clock = systemClock } = options;
  const scope = new Scope();
  const at = (path: string): string => `${root === '/' ? '' : root}${path}`;
  const pool = new RandomPool();
  const randomHex = (count: number): string => pool.take(count).toString('hex');
  const random = (): number => pool.take(6).readUIntBE(0, 6) / 2 ** 48;
  try {
    const bus = scope.add(
      await connectUbus({ path: options.ubusSocket, log: log.child('ubus'), clock, persist: true }),
    );
    const rooted = new RootedFiles(root);
    const programs = new RootedPrograms(root);
    const scripts = new RootedScripts(root);
    const uci = new UciFiles(at('/etc/config'), log.child('uci'), undefined, at('/var/run/uci'));
    const state = new FileStateStore(at('/etc/tandem'), log.child('state'));
    const runtime = new FileStateStore(at('/var/run/tandem'), log.child('runtime'));
    uci.sweep();
    state.sweep();
    const foreignApply = new ForeignApply(bus, rooted);
    const files = loadDataModelFiles(options.share, at('/etc/tandem/datamodel.d'));
    const { model, problems, elsewhere } = createDataModel(
      files.schema,
      files.mappings,
      {
        bus,
        uci,
        files: rooted,
        scripts,
        programs,
        state,
        clock,
        log: log.child('model'),
        uniqueName: () => randomHex(4),
        runtime,
        contested: (packages) => foreignApply.holds(packages),
        applying: (write) => probation.applying(write),
        applied: (write) => probation.applied(write),
        tookOver: () => probation.tookOver(),
      },
      readFacts(rooted),
      files.table,
      files.form,
    );
    scope.add(model);
    for (const { file, path, reason } of problems) log.error('a mapping was left out', { file, path, reason });
    for (const file of elsewhere) log.info('a mapping is for other devices', { file });
    await model.recover();
    const factory = readFactory(rooted, factoryDirectory);
    if (factory.tls.ca !== undefined) withoutPublicRoots();
    const first = await bootstrap({ uci, factory, log: log.child('bootstrap'), randomHex });
    const settings = readSettings(uci);
    options.onLogLevel?.(settings.logLevel);
    scope.add(declareDeviceCommands(model, bus, state, log.child('device')));
    scope.add(declareScheduleTimer(model, clock));
    const diagnostics = { model, bus, clock, programs };
    scope.add(declareDiagnostics(diagnostics));

    const gateway = scope.add(new GatewayInfo(model, rooted));
    await gateway.look();
    const leases = [() => gateway.look()];
    const operators: Operator[] = [];
    const probation = scope.add(
      new Probation({
        state,
        clock,
        log: log.child('probation'),
        ...settings.confirm,
        managed: () => operators.some((operator) => operator.managed()),
        probe: () => {
          for (const operator of operators) operator.probe();
        },
        putBack: (packages, states) => model.putBack(packages, states),
        contested: (packages) => foreignApply.holds(packages),
        undone: (paths) => {
          for (const operator of operators) operator.undone(paths);
        },
      }),
    );
    probation.resume();
    const status: Record<string, StatusPart> = { probation: () => probation.status() };
    const startedMs = clock.monotonicMs();
    status.agent = () => ({
      version,
      uptime: Math.floor((clock.monotonicMs() - startedMs) / 1000),
      objects: model.supported('usp').paths('Device.').length,
      mapping_problems: problems.length,
      ...(problems.length > 0 && {
        left_out: problems.slice(0, 20).map(({ file, path, reason }) => `${file}: ${path}: ${reason}`),
      }),
    });
    const actions: Record<string, () => void> = {
      lease: () => {
        for (const look of leases) look().catch((error) => log.error('a lease can not be read', { error }));
      },
    };
    scope.add(publishBusApi(bus, model, status, actions));
    const feeds = scope.add(publishFeeds(bus, model, clock, log.child('feeds')));
    const rooms: RoomParts = {
      log,
      clock,
      bus,
      model,
      uci,
      files: rooted,
      scripts,
      at,
      state,
      runtime,
      factory,
      settings,
      random,
      randomHex,
      version,
      reached: () => probation.reached(),
      leases,
      boot: () => bootRecord(state, runtime, first, log.child('usp')),
      diagnostics: (events) => scope.add(declareDiagnosticObjects(diagnostics, events, log.child('diagnostics'))),
      trace: (protocol) => feeds.trace(protocol),
      operators,
      status,
      actions,
    };
    let transfers: TransferEngine | undefined;
    const engine = (): TransferEngine => {
      transfers ??= composeTransfers(rooms);
      return transfers;
    };
    scope.add(declareTransferCommands({ model, clock, randomHex, engine }));
    scope.add(await startCwmpRoom(rooms));
    scope.add(await startUspRoom(rooms));
    await model.resumeOperations();
    log.info('ready', { objects: model.supported('usp').paths('Device.').length });
    return { model, [Symbol.asyncDispose]: () => scope[Symbol.asyncDispose]() };
  } catch (error) {
    await scope[Symbol.asyncDispose]();
    throw error;
  }
}
