import { type Clock, explain, type Log, ok, type Result, refused } from '#base';
import type { Change, CommandDeclaration, CommandResult, DeclaredRow, ModelFault, Operation, Origin } from '../api.ts';
import type { StoredRow, StoredRows } from './stored.ts';

export const requestTable = 'Device.LocalAgent.Request.{i}.';
export const requestColumns = ['Alias', 'Originator', 'Command', 'CommandKey', 'Status'];
const tablePath = 'Device.LocalAgent.Request.';

/** What a row holds beside its columns: what it takes to run a lasting command again. */
const by = '.by';
const requestedAt = '.requested';
const argumentsOf = '.arguments';

/** Commands that have not ended; more are refused. */
const openLimit = 64;

export interface OperationsParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly rows: StoredRows;
  /** Changes the table; `keep`: on flash when it resolves. Whoever watches the table is told. */
  readonly change: (put: readonly StoredRow[], gone: readonly string[], origin: Origin, keep: boolean) => Promise<void>;
  readonly completed: (change: Extract<Change, { kind: 'completed' }>) => void;
}

export interface StartRequest {
  /** `Device.IP.Diagnostics.IPPing()` */
  readonly path: string;
  readonly command: CommandDeclaration;
  readonly row: DeclaredRow;
  readonly args: Readonly<Record<string, string>>;
  readonly commandKey: string;
  readonly origin: Origin;
}

/**
 * Asynchronous commands and their rows (TR-369 "Asynchronous Operations", TR-181 `Device.LocalAgent.Request.{i}.`). A row is there from the start of a
 * command to its end, and over a restart of the agent: then lasting commands are run again and all others end as failed.
 */
export class Operations {
  readonly #parts: OperationsParts;
  /** By path of the row. */
  readonly #running = new Map<string, AbortController>();
  #stopped = false;

  constructor(parts: OperationsParts) {
    this.#parts = parts;
  }

  /** @returns a refusal where the command can't be started (R-OPR.3: none that runs is ended for it) */
  async start(request: StartRequest): Promise<Result<Operation, ModelFault>> {
    const { rows, change, clock } = this.#parts;
    const { path, command, commandKey, origin, args } = request;
    const originator = origin.peer ?? '';
    const open = rows.of(tablePath);
    if (open.length >= openLimit) return refused({ kind: 'resources', message: 'too many commands are running', path });
    const same = open.some(
      ({ values }) => values.Command === path && values.CommandKey === commandKey && values.Originator === originator,
    );
    if (same) return refused({ kind: 'resources', message: 'it is running already, with this command key', path });
    const number = rows.takeNumber();
    const requestedMs = clock.now();
    const row: StoredRow = {
      path: `${tablePath}${number}.`,
      instances: [number],
      values: {
        Alias: `cpe-${number}`,
        Originator: originator,
        Command: path,
        CommandKey: commandKey,
        Status: 'Requested',
        [by]: origin.by,
        [requestedAt]: String(requestedMs),
        ...(command.lasting && { [argumentsOf]: JSON.stringify(args) }),
      },
    };
    try {
      await change([row], [], origin, true);
    } catch (error) {
      return refused({ kind: 'resources', message: 'the request can not be kept', path, cause: error });
    }
    const abort = this.#begin(row);
    return ok({ row: row.path, done: this.#run(await this.#say(row, 'Active'), request, requestedMs, abort) });
  }

  /**
   * What an earlier run of the agent has left. To be called when those who would hear of an end are listening.
   * @param find the command as it is declared now; `undefined`: not any more
   */
  async resume(
    find: (path: string) => Promise<{ readonly command: CommandDeclaration; readonly row: DeclaredRow } | undefined>,
  ): Promise<void> {
    for (const row of this.#parts.rows.of(tablePath)) {
      if (this.#running.has(row.path)) continue;
      const { values } = row;
      const path = values.Command ?? '';
      const commandKey = values.CommandKey ?? '';
      const origin = originOf(row);
      const args = readArguments(values[argumentsOf]);
      const found = args && (await find(path));
      if (args && found?.command.lasting) {
        const abort = this.#begin(row);
        const request = { path, ...found, args, commandKey, origin };
        void this.#run(await this.#say(row, 'Active'), request, Number(values[requestedAt]) || 0, abort);
      } else {
        const message = 'the agent was restarted before the command had ended';
        await this.#end(row, { path, commandKey, origin }, refused({ kind: 'command-failed', message, path }));
      }
    }
  }

  /** `Request.{i}.Cancel()`: completes at once; the command itself ends as soon as its handler has given up. */
  async cancel(rowPath: string): Promise<CommandResult> {
    const row = this.#parts.rows.row(rowPath);
    const running = this.#running.get(rowPath);
    if (!row || !running) return refused({ kind: 'no-instance', message: 'it has ended', path: rowPath });
    if (running.signal.aborted) return ok({});
    await this.#say(row, 'Canceling');
    running.abort(new Error('canceled'));
    return ok({});
  }

  /** What runs is given up; its rows stay, for the next start to deal with. */
  stop(): void {
    this.#stopped = true;
    for (const running of this.#running.values()) running.abort(new Error('the agent stops'));
  }

  /** How far the command is, for whoever watches; not on flash, where it makes no difference. */
  async #say(row: StoredRow, Status: string): Promise<StoredRow> {
    const said = { ...row, values: { ...row.values, Status } };
    await this.#parts.change([said], [], originOf(row), false);
    return said;
  }

  #begin({ path }: StoredRow): AbortController {
    const abort = new AbortController();
    this.#running.set(path, abort);
    return abort;
  }

  async #run(
    row: StoredRow,
    request: StartRequest,
    requestedMs: number,
    abort: AbortController,
  ): Promise<CommandResult> {
    const { log } = this.#parts;
    const { command, args, commandKey, origin, path } = request;
    let result: CommandResult;
    try {
      abort.signal.throwIfAborted();
      result = await command.run(args, {
        command: path,
        row: request.row,
        commandKey,
        origin,
        signal: abort.signal,
        requestedMs,
      });
    } catch (error) {
      if (!abort.signal.aborted) log.error('a command failed', { command: path, error });
      result = refused({ kind: 'internal', message: explain(error), path, cause: error });
    }
    if (!result.ok && abort.signal.aborted) {
      result = refused({ kind: 'canceled', message: this.#stopped ? 'the agent stops' : 'canceled', path });
    }
    this.#running.delete(row.path);
    if (!this.#stopped) await this.#end(row, request, result);
    return result;
  }

  async #end(
    row: StoredRow,
    { path, commandKey, origin }: Pick<StartRequest, 'path' | 'commandKey' | 'origin'>,
    result: CommandResult,
  ): Promise<void> {
    const { change, completed, log } = this.#parts;
    const canceled = !result.ok && result.fault.kind === 'canceled';
    try {
      await this.#say(row, result.ok ? 'Success' : canceled ? 'Canceled' : 'Error');
      // R-OPR.0
      await change([], [row.path], origin, true);
    } catch (error) {
      log.error('the request of a command that has ended could not be removed', { command: path, error });
    }
    completed({ kind: 'completed', path, commandKey, result, origin });
  }
}

function originOf({ values }: StoredRow): Origin {
  const known = values[by];
  const origin = known === 'cwmp' || known === 'usp' || known === 'cli' || known === 'factory' ? known : 'device';
  return values.Originator ? { by: origin, peer: values.Originator } : { by: origin };
}

function readArguments(text: string | undefined): Readonly<Record<string, string>> | undefined {
  return text === undefined ? undefined : (JSON.parse(text) as Record<string, string>);
}
