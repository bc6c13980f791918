import { explain, type Log, ok, refused } from '#base';
import type { CommandHandler, Model } from '#model';
import type { Bus, StateStore } from '#platform';
import { forgetCause, rememberCause } from './boot-cause.ts';

/**
 * `Device.Reboot()` and `Device.FactoryReset()` (TR-181 USP view). procd answers before it goes down; a factory reset is rpcd's
 * (`rpc-sys factory`) and refused where that is not installed.
 */
export function declareDeviceCommands(model: Model, bus: Bus, state: StateStore, log: Log): Disposable {
  const calling =
    (command: 'Reboot' | 'FactoryReset', object: string, method: string): CommandHandler =>
    async (args, { origin, commandKey }) => {
      log.warn('going down', { command, cause: args.Cause ?? '', by: origin.by, peer: origin.peer });
      try {
        await rememberCause(state, command, commandKey, args.Reason ?? '', origin);
        await bus.invoke(object, method, {});
        return ok({});
      } catch (error) {
        log.error('could not', { command, error });
        await forgetCause(state);
        return refused({ kind: 'command-failed', message: explain(error), cause: error });
      }
    };
  return model.declare({
    path: 'Device.',
    commands: {
      'Reboot()': calling('Reboot', 'system', 'reboot'),
      'FactoryReset()': calling('FactoryReset', 'rpc-sys', 'factory'),
    },
  });
}
