import { type Clock, type Log, ok, type Result, refused } from '#base';
import type { Model, ModelFault, View, Write } from '#model';
import { listItems } from './reference-list.ts';

export interface Setting {
  /** Object path, with its last dot. */
  readonly path: string;
  readonly name: string;
  readonly value: string;
}

/**
 * `Subscription.{i}.TriggerConfigSettings` (TR-181): `<full parameter name>=<value>`, text in quotes. In the value, `%` and two hexadecimal digits stand for a
 * character that a list can not hold.
 */
export function readSettings(text: string): Result<readonly Setting[], ModelFault> {
  const settings: Setting[] = [];
  for (const item of listItems(text)) {
    // The name ends at the first `=` that does not stand in a search expression.
    const [, name, given] = /^((?:\[(?:"[^"]*"|[^\]"])*\]|[^=[])+)=([\s\S]*)$/.exec(item) ?? [];
    const dot = name?.trim().lastIndexOf('.') ?? -1;
    if (name === undefined || given === undefined || dot <= 0 || dot === name.trim().length - 1) {
      return refused({
        kind: 'invalid-value',
        message: `'${item}' is not PARAMETER=VALUE`,
        path: 'TriggerConfigSettings',
      });
    }
    const quoted = /^"([\s\S]*)"$/.exec(given.trim());
    const value = quoted ? quoted[1]! : given.trim();
    settings.push({
      path: name.trim().slice(0, dot + 1),
      name: name.trim().slice(dot + 1),
      value: unescapePercent(value),
    });
  }
  return ok(settings);
}

/** What is not a proper escape stays as it is. */
function unescapePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export interface TriggerConfigParts {
  readonly model: Model;
  readonly clock: Clock;
  readonly log: Log;
}

/** A subscription that sets off itself, or another that sets off this one, must not keep the device busy for ever. */
const burst = 16;
const burstMs = 10_000;

/** Does what subscriptions with TriggerAction Config or NotifyAndConfig ask for: all settings of one in one transaction, with the rights of its recipient. */
export class TriggerConfig {
  readonly #parts: TriggerConfigParts;
  readonly #recent = new Map<string, number[]>();

  constructor(parts: TriggerConfigParts) {
    this.#parts = parts;
  }

  /** @param subscription path of its row */
  async apply(subscription: string, text: string, view: View, peer: string): Promise<void> {
    const { model, log } = this.#parts;
    const settings = readSettings(text);
    if (!settings.ok || settings.value.length === 0) return;
    if (!this.#mayNow(subscription)) {
      log.warn('a subscription configures too often; once was left out', { subscription });
      return;
    }
    const byObject = new Map<string, Setting[]>();
    for (const setting of settings.value) byObject.set(setting.path, [...(byObject.get(setting.path) ?? []), setting]);
    const writes: Write[] = [...byObject].map(([path, parameters]) => ({
      op: 'set',
      path,
      parameters: parameters.map(({ name, value }) => ({ name, value, required: true })),
    }));
    const answer = await model.write(view, writes, { origin: { by: 'usp', peer }, partial: false });
    if (answer.committed) return;
    const reasons = answer.outcomes.flatMap(({ result }) => (result.ok ? [] : [result.fault.fault.message]));
    log.warn('a subscription could not configure', { subscription, reason: reasons.join('; ') });
  }

  forget(subscription: string): void {
    this.#recent.delete(subscription);
  }

  #mayNow(subscription: string): boolean {
    const now = this.#parts.clock.monotonicMs();
    const recent = (this.#recent.get(subscription) ?? []).filter((at) => now - at < burstMs);
    this.#recent.set(subscription, recent);
    if (recent.length >= burst) return false;
    recent.push(now);
    return true;
  }
}
