import type { Result } from '#base';
import type { DeclaredRow } from './declaring.ts';
import type { ModelFault } from './fault.ts';
import type { Origin } from './view.ts';

export interface OperateRequest {
  /** `Device.Reboot()`; wildcards and searches run the command on every match. */
  readonly path: string;
  readonly args: Readonly<Record<string, string>>;
  readonly commandKey: string;
  readonly origin: Origin;
  readonly signal?: AbortSignal;
}

/** Output arguments by name (`Result.1.Status` for nested ones), or why there are none. */
export type CommandResult = Result<Readonly<Record<string, string>>, ModelFault>;

/** An asynchronous command that somebody else runs for the agent. */
export interface ForeignOperation {
  /** `Device.X_Meter.Measure()` */
  readonly path: string;
  readonly commandKey: string;
  readonly origin: Origin;
  /** @param signal aborted when it is canceled, and when the agent stops @returns how it ends */
  readonly run: (signal: AbortSignal) => Promise<CommandResult>;
}

/** An asynchronous command that has been started. */
export interface Operation {
  /** Its row, for as long as it runs: `Device.LocalAgent.Request.3.` */
  readonly row: string;
  /** How it ends; never rejects. Everybody else watches for `completed`. */
  readonly done: Promise<CommandResult>;
}

export interface OperateOutcome {
  /** Resolved: `Device.Reboot()` */
  readonly path: string;
  /** Of an asynchronous command: whether it could be started. */
  readonly result: CommandResult;
  /** The schema calls the command asynchronous, and it has been started. */
  readonly operation?: Operation;
}

export interface CommandContext {
  /** `Device.DeviceInfo.FirmwareImage.1.Download()` */
  readonly command: string;
  /** The object instance the command is on: `Device.DeviceInfo.FirmwareImage.1.` */
  readonly row: DeclaredRow;
  readonly commandKey: string;
  readonly origin: Origin;
  /** Aborted when the command is canceled and when the agent stops: whatever is under way is to be given up. */
  readonly signal: AbortSignal;
  /** When it was asked for, milliseconds since 1970; of a lasting command that is run again, the first time. */
  readonly requestedMs: number;
}

/** Whether a command is asynchronous is the schema's to say: then the handler may run for long, and is asked for its end only. */
export type CommandHandler = (
  args: Readonly<Record<string, string>>,
  context: CommandContext,
) => Promise<CommandResult>;

export interface CommandDeclaration {
  readonly run: CommandHandler;
  /**
   * Of an asynchronous command: it outlives a restart of the agent, after which it is run again with the arguments that it had. Those that do not are over then and
   * end as failed.
   */
  readonly lasting?: boolean;
}

export type DeclaredCommands = Readonly<Record<string, CommandHandler | CommandDeclaration>>;
