import { ok, type Result, refused } from '#base';
import type { CommandResult, Model, ModelFault, OperateOutcome, OperateRequest, View } from '#model';
import type { Broker, KnownService } from './broker.ts';
import { rowsAt } from './rows.ts';
import { faultOf } from './service-link.ts';

/** Commands that are synchronous may take their time. */
const operateMs = 60_000;

/** Command keys of ours: a service tells us alone of the ends of what we have asked for. */
const ownKey = 'broker-';
export const isOwnKey = (commandKey: string): boolean => commandKey.startsWith(ownKey);

/**
 * Runs a command of a service. An asynchronous one has its row in the agent's own table of requests, where controllers look for it and cancel it; the service knows it by a key
 * of ours.
 */
export async function operateOn(
  own: Model,
  broker: Broker,
  service: KnownService,
  { access }: View,
  asked: OperateRequest,
): Promise<Result<readonly OperateOutcome[], ModelFault>> {
  const { path: command, args: inputArgs, commandKey, origin } = asked;
  const rows = await rowsAt(service.link, command, access);
  if (!rows.ok) return rows;
  if (rows.value[0] !== command || rows.value.length > 1) {
    const outcomes: OperateOutcome[] = [];
    for (const path of rows.value) {
      const one = await operateOn(
        own,
        broker,
        service,
        { protocol: 'usp', ...(access && { access }) },
        { ...asked, path },
      );
      if (one.ok) outcomes.push(...one.value);
      else outcomes.push({ path, result: one });
    }
    return ok(outcomes);
  }
  if (!(access?.allows('CommandEvent', 'x', command) ?? true)) {
    return refused({ kind: 'denied', message: 'permission denied', path: command });
  }
  const key = `${ownKey}${broker.randomHex(8)}`;
  const ends = new Ends(service.end.signal);
  // Before the command: what is over at once is heard, too.
  const watch = broker.watch({ paths: [command], kinds: ['completed'] }, (change) => {
    if (change.kind === 'completed' && change.commandKey === key) ends.over(change.path, change.result);
  });
  const request = { operate: { command, commandKey: key, sendResp: true, inputArgs } };
  const answer = await service.link.ask(request, 'operateResp', operateMs);
  if (!answer.ok) {
    watch[Symbol.dispose]();
    return answer;
  }
  const running: Promise<unknown>[] = [];
  const outcomes: OperateOutcome[] = [];
  for (const { executedCommand: path, cmdFailure, reqObjPath, reqOutputArgs } of answer.value.operationResults) {
    if (cmdFailure) outcomes.push({ path, result: refused(faultOf(cmdFailure, path)) });
    else if (reqObjPath === undefined) outcomes.push({ path, result: ok(reqOutputArgs?.outputArgs ?? {}) });
    else {
      const cancel = (): void => {
        const there = { command: `${reqObjPath}Cancel()`, commandKey: '', sendResp: false, inputArgs: {} };
        void service.link.ask({ operate: there }, 'operateResp');
      };
      const begun = await own.begin({
        path,
        commandKey,
        origin,
        run: (signal) => {
          signal.addEventListener('abort', cancel, { once: true });
          return ends.of(path);
        },
      });
      if (!begun.ok) cancel();
      else running.push(begun.value.done);
      outcomes.push(begun.ok ? { path, result: ok({}), operation: begun.value } : { path, result: begun });
    }
  }
  void Promise.all(running).then(() => watch[Symbol.dispose]());
  return ok(outcomes);
}

/** How commands end, by the path that was executed; whoever asks may come before or after. */
class Ends {
  readonly #known = new Map<string, CommandResult>();
  readonly #waiting = new Map<string, (result: CommandResult) => void>();
  readonly #gone: AbortSignal;

  /** @param gone the service is: then nothing ends any more */
  constructor(gone: AbortSignal) {
    this.#gone = gone;
  }

  over(path: string, result: CommandResult): void {
    const waiting = this.#waiting.get(path);
    if (waiting) waiting(result);
    else this.#known.set(path, result);
  }

  of(path: string): Promise<CommandResult> {
    const known = this.#known.get(path);
    if (known) return Promise.resolve(known);
    return new Promise((resolve) => {
      const lost = (): void =>
        resolve(refused({ kind: 'command-failed', message: 'the service that ran it is gone', path }));
      this.#waiting.set(path, resolve);
      if (this.#gone.aborted) lost();
      else this.#gone.addEventListener('abort', lost, { once: true });
    });
  }
}
