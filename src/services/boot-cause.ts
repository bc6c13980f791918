import type { Log } from '#base';
import type { Origin } from '#model';
import type { StateStore } from '#platform';

const mark = 'boot';

/** Written before the device goes down on a command, so that the boot that follows can say why. */
export async function rememberCause(
  state: StateStore,
  command: 'Reboot' | 'FactoryReset',
  commandKey: string,
  origin: Origin,
): Promise<void> {
  const remote = origin.by === 'usp' || origin.by === 'cwmp';
  await state.write(
    mark,
    JSON.stringify({ Cause: `${remote ? 'Remote' : 'Local'}${command}`, CommandKey: commandKey }),
  );
}

/** The command did not come to pass. */
export function forgetCause(state: StateStore): Promise<void> {
  return state.remove(mark);
}

/**
 * Arguments of `Device.Boot!` (TR-181), once in each boot.
 * @param runtime lost at a reboot, kept over a restart of the agent
 * @param first whether this is the first start after the factory or a reset
 * @returns `undefined` when the agent has been started before in this boot
 */
export async function bootCause(
  state: StateStore,
  runtime: StateStore,
  first: boolean,
  log: Log,
): Promise<Readonly<Record<string, string>> | undefined> {
  if (runtime.read(mark) !== undefined) return undefined;
  let known: { Cause?: unknown; CommandKey?: unknown } = {};
  const text = state.read(mark);
  if (text !== undefined) {
    try {
      known = JSON.parse(text) as typeof known;
    } catch (error) {
      log.warn('the cause of this boot can not be read', { error });
    }
    await state.remove(mark);
  }
  await runtime.write(mark, 'seen');
  return {
    CommandKey: typeof known.CommandKey === 'string' ? known.CommandKey : '',
    Cause: typeof known.Cause === 'string' ? known.Cause : first ? 'LocalFactoryReset' : 'LocalReboot',
    FirmwareUpdated: 'false',
    ParameterMap: '{}',
  };
}
