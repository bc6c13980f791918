import { explain, type Log, ok, refused } from '#base';
import type { CommandHandler, Model } from '#model';
import type { Bus } from '#platform';

/**
 * `Device.Reboot()` and `Device.FactoryReset()` (TR-181 USP view). procd answers before it goes down; a factory reset is rpcd's
 * (`rpc-sys factory`) and refused where that is not installed.
 */
export function declareDeviceCommands(model: Model, bus: Bus, log: Log): Disposable {
  const calling =
    (object: string, method: string): CommandHandler =>
    async (args, { origin }) => {
      log.warn('going down', { command: method, cause: args.Cause ?? '', by: origin.by, peer: origin.peer });
      try {
        await bus.invoke(object, method, {});
        return ok({});
      } catch (error) {
        log.error('could not', { command: method, error });
        return refused({ kind: 'command-failed', message: explain(error), cause: error });
      }
    };
  return model.declare({
    path: 'Device.',
    commands: { 'Reboot()': calling('system', 'reboot'), 'FactoryReset()': calling('rpc-sys', 'factory') },
  });
}
