import { type Clock, formatDateTime, ok, type Result, refused, Secret } from '#base';
import type { CommandContext, CommandHandler, Model } from '#model';
import type { FileUse, TransferEngine } from './engine.ts';
import type { TransferFault } from './fault.ts';
import type { RemoteFile } from './http-files.ts';

export interface TransferCommandParts {
  readonly model: Model;
  readonly clock: Clock;
  readonly randomHex: (bytes: number) => string;
  /** Made when it is first needed. */
  readonly engine: () => TransferEngine;
}

/** The number that TR-181 wants in `TransferComplete!` (TR-369 "Error Codes", Command failure). */
const commandFailure = '7022';

/**
 * Files to and from a controller's servers: `VendorConfigFile.{i}.Backup()` and `Restore()`, `VendorLogFile.{i}.Upload()` (TR-181 USP view). Each end is also the event
 * `Device.LocalAgent.TransferComplete!`.
 */
export function declareTransferCommands(parts: TransferCommandParts): Disposable {
  const { model } = parts;
  const upload = (use: FileUse): CommandHandler =>
    command(parts, 'Upload', (engine, id, file, { signal }) => engine.upload(id, file, use, signal), use);
  const restore: CommandHandler = (args, context) => {
    if (args.CheckSum) {
      const message = 'a checksum can not be verified here';
      return Promise.resolve(refused({ kind: 'command-arguments', message, path: 'CheckSum' }));
    }
    const size = Number(args.FileSize ?? 0);
    return command(
      parts,
      'Download',
      async (engine, id, file, { signal, origin }) => {
        const fetched = await engine.download(id, file, 'configuration', size, signal);
        if (fetched.ok) return engine.install(id, 'configuration', args.TargetFileName ?? '', origin, signal);
        engine.forget(id);
        return fetched;
      },
      'configuration',
    )(args, context);
  };
  const declared = [
    model.declare({
      path: 'Device.DeviceInfo.VendorConfigFile.{i}.',
      commands: { 'Backup()': upload('configuration'), 'Restore()': restore },
    }),
    model.declare({ path: 'Device.DeviceInfo.VendorLogFile.{i}.', commands: { 'Upload()': upload('log') } }),
    model.declare({ path: 'Device.LocalAgent.', events: ['TransferComplete!'] }),
  ];
  return { [Symbol.dispose]: () => declared.forEach((one) => void one[Symbol.dispose]()) };
}

type Transfer = (
  engine: TransferEngine,
  id: string,
  file: RemoteFile,
  context: CommandContext,
) => Promise<Result<void, TransferFault>>;

function command(
  { model, clock, randomHex, engine: of }: TransferCommandParts,
  direction: 'Upload' | 'Download',
  transfer: Transfer,
  use: FileUse,
): CommandHandler {
  return async (args, context) => {
    const { URL: url = '', Username: username = '', Password = '' } = args;
    const engine = of();
    const started = clock.now();
    const file = { url, username, password: new Secret(Password) };
    const problem = engine.problemOf(direction === 'Upload' ? 'upload' : 'download', use, url);
    const result = problem ? refused(problem) : await transfer(engine, `command-${randomHex(8)}`, file, context);
    const { origin, commandKey, command: path, row } = context;
    model.raise(
      'Device.LocalAgent.TransferComplete!',
      {
        Command: path,
        CommandKey: commandKey,
        Requestor: origin.by === 'usp' ? (origin.peer ?? '') : '',
        TransferType: direction,
        Affected: row.path,
        // Never with credentials.
        TransferURL: URL.canParse(url) ? withoutCredentials(url) : '',
        StartTime: formatDateTime(started),
        CompleteTime: formatDateTime(clock.now()),
        FaultCode: result.ok ? '0' : commandFailure,
        FaultString: result.ok ? '' : result.fault.message.slice(0, 256),
      },
      { by: 'device' },
    );
    if (result.ok) return ok({});
    return refused({ kind: 'command-failed', message: result.fault.message, path });
  };
}

function withoutCredentials(url: string): string {
  const clean = new URL(url);
  clean.username = '';
  clean.password = '';
  return clean.href;
}
