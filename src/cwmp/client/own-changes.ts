import type { Model } from '#model';
import type { AcsModel } from '../view/index.ts';
import { readDeviceId } from './config.ts';
import type { Notifications } from './notifications.ts';
import type { OwedEvents } from './owed-events.ts';

export interface OwnChangesParts {
  readonly model: Model;
  readonly seen: AcsModel;
  readonly events: OwedEvents;
  readonly notifications: () => Notifications | undefined;
}

/** What the agent itself brings about, as the ACS is told of it. */
export class OwnChanges {
  readonly #parts: OwnChangesParts;

  constructor(parts: OwnChangesParts) {
    this.#parts = parts;
  }

  /** TR-181: a ConnectionRequestURL is notified actively unless the ACS says otherwise. */
  async connectionRequestUrl(): Promise<void> {
    const { seen, events, notifications } = this.#parts;
    const path = await seen.pathOf('Device.ManagementServer.ConnectionRequestURL');
    if (path === undefined) return;
    const notification = notifications()?.notificationOf(path) ?? 0;
    if (notification === 0) return;
    notifications()?.mark([path]);
    if (notification >= 2) events.raise('4 VALUE CHANGE');
  }

  /** As the vendor event `X <OUI> <name>`, with the values of these parameters. */
  async event(name: string, paths: readonly string[]): Promise<void> {
    const { model, seen, events, notifications } = this.#parts;
    const found = await Promise.all(paths.map((path) => seen.pathOf(path)));
    notifications()?.mark(found.filter((path) => path !== undefined));
    const { oui } = await readDeviceId(model);
    events.raise(`X ${oui} ${name}`);
    if (paths.length > 0) events.raise('4 VALUE CHANGE');
  }

  async values(paths: readonly string[]): Promise<void> {
    const { model, seen, notifications } = this.#parts;
    for (const path of paths) {
      const found = await seen.pathOf(path);
      // What the ACS has not asked to be told of it is told with the next session: it can not know otherwise.
      if (found !== undefined && notifications()?.notificationOf(found) === 0) notifications()?.mark([found]);
    }
    await model.changed();
  }
}
