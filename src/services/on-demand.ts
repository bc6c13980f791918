import { explain, type Log } from '#base';
import type { Model, View } from '#model';

export interface OnDemandParts {
  readonly model: Model;
  readonly log: Log;
  /** Parameters that decide; one of them being `true` is enough. Wildcards allowed. */
  readonly enabledBy: string;
  /** Object whose rows and values are watched for it. */
  readonly watched: string;
  readonly view: View;
  readonly start: () => Promise<AsyncDisposable>;
}

/**
 * Starts a part of the agent when the configuration first asks for it, so that what nobody uses costs no memory. It is not stopped again: a part that
 * is switched off keeps still by itself.
 */
export async function startOnDemand(parts: OnDemandParts): Promise<AsyncDisposable> {
  const { model, log, view } = parts;
  let started: AsyncDisposable | undefined;
  let looking: Promise<void> = Promise.resolve();
  let watching: Disposable | undefined;
  let stopped = false;
  const look = async (): Promise<void> => {
    if (started || stopped) return;
    const [reading] = await model.get(view, [parts.enabledBy]);
    const wanted =
      reading?.result.ok === true &&
      reading.result.value.some((object) => object.parameters.some(({ value }) => value === 'true'));
    if (!wanted) return;
    started = await parts.start();
    watching?.[Symbol.dispose]();
    watching = undefined;
  };
  const again = (): void => {
    looking = looking.then(look).catch((error) => log.error('could not start', { reason: explain(error) }));
  };
  await look();
  if (!started) {
    const watch = await model.watch(view, { paths: [parts.watched], kinds: ['value', 'created'] }, again);
    if (watch.ok) watching = watch.value;
    else log.error('changes of the configuration can not be watched', { reason: watch.fault.message });
  }
  return {
    async [Symbol.asyncDispose]() {
      stopped = true;
      watching?.[Symbol.dispose]();
      await looking;
      await started?.[Symbol.asyncDispose]();
    },
  };
}
