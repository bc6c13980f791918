import { ok, refused } from '#base';
import type { Model } from '#model';
import type { RecordExchange } from './record-exchange.ts';

/** What the data model shows of a session. */
export interface SessionView {
  readonly status: RecordExchange<unknown>['status'];
  /** Attempts since a message last came through. */
  readonly retries: number;
  /** After the answer that is due, which belongs to the session as it is. */
  reset(): void;
}

/** What of `E2ESession.` is not configuration. @param exchangeAt by instance path of the controller's row */
export function declareSession(model: Model, exchangeAt: (controller: string) => SessionView | undefined): Disposable {
  const at = (path: string) => exchangeAt(path.slice(0, -'E2ESession.'.length));
  return model.declare({
    path: 'Device.LocalAgent.Controller.{i}.E2ESession.',
    parameters: {
      Status: { get: ({ path }) => at(path)?.status ?? 'Down' },
      CurrentRetryCount: { get: ({ path }) => String(at(path)?.retries ?? 0) },
    },
    commands: {
      'Reset()': async (_, { row }) => {
        const exchange = at(row.path);
        if (!exchange)
          return refused({ kind: 'command-failed', message: 'the controller is not enabled', path: row.path });
        exchange.reset();
        return ok({});
      },
    },
  });
}
