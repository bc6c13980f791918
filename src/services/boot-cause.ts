import type { Log } from '#base';
import type { Origin } from '#model';
import type { StateStore } from '#platform';

const mark = 'boot';

/** Written before the device goes down on a command, so that the boot that follows can say why. */
export async function rememberCause(
  state: StateStore,
  command: 'Reboot' | 'FactoryReset',
  commandKey: string,
  reason: string,
  origin: Origin,
): Promise<void> {
  const remote = origin.by === 'usp' || origin.by === 'cwmp';
  await state.write(
    mark,
    JSON.stringify({ Cause: `${remote ? 'Remote' : 'Local'}${command}`, CommandKey: commandKey, Reason: reason }),
  );
}

/** The command did not come to pass. */
export function forgetCause(state: StateStore): Promise<void> {
  return state.remove(mark);
}

export interface BootRecord {
  /** Arguments of `Device.Boot!` (TR-181). */
  readonly args: Readonly<Record<string, string>>;
  /** Who has still to hear of it, from an earlier run of the agent in this boot; `undefined`: nobody has been told. */
  readonly owed: readonly string[] | undefined;
  readonly keep: (owed: readonly string[]) => Promise<void>;
}

/**
 * What is to be said of this boot, and to whom.
 * @param runtime lost at a reboot, kept over a restart of the agent
 * @param first whether this is the first start after the factory or a reset
 */
export async function bootRecord(
  state: StateStore,
  runtime: StateStore,
  first: boolean,
  log: Log,
): Promise<BootRecord> {
  const known = readRecord(runtime.read(mark));
  const args = known?.args ?? (await causeOf(state, first, log));
  const keep = (owed: readonly string[] | undefined): Promise<void> =>
    runtime.write(mark, JSON.stringify({ args, ...(owed && { owed }) }));
  if (!known) {
    await keep(undefined);
    await state.remove(mark);
  }
  return { args, owed: known?.owed, keep };
}

function readRecord(text: string | undefined): Pick<BootRecord, 'args' | 'owed'> | undefined {
  if (text === undefined) return undefined;
  try {
    const { args, owed } = JSON.parse(text) as Partial<BootRecord>;
    return { args: args ?? {}, owed };
  } catch {
    return { args: {}, owed: [] };
  }
}

async function causeOf(state: StateStore, first: boolean, log: Log): Promise<Readonly<Record<string, string>>> {
  let known: { Cause?: unknown; CommandKey?: unknown; Reason?: unknown } = {};
  const text = state.read(mark);
  if (text !== undefined) {
    try {
      known = JSON.parse(text) as typeof known;
    } catch (error) {
      log.warn('the cause of this boot can not be read', { error });
    }
  }
  return {
    CommandKey: typeof known.CommandKey === 'string' ? known.CommandKey : '',
    Cause: typeof known.Cause === 'string' ? known.Cause : first ? 'LocalFactoryReset' : 'LocalReboot',
    Reason: typeof known.Reason === 'string' ? known.Reason : '',
    FirmwareUpdated: 'false',
    ParameterMap: '{}',
  };
}
