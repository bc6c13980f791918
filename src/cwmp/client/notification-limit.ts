import type { Clock } from '#base';

const counted = 'ManagementServer.ManageableDeviceNumberOfEntries';

/**
 * TR-181 ManageableDeviceNotificationLimit: so long between two active notifications of how many devices of the LAN name themselves. What it holds back goes with any
 * other session.
 */
export class NotificationLimit implements Disposable {
  readonly #clock: Clock;
  #toldMs: number | undefined;
  #held: Disposable | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * @param path of the parameter that has changed
   * @param seconds the limit; 0: none
   * @param tell to be called now, or when its time has come
   */
  admit(path: string, seconds: number, tell: () => void): void {
    if (!path.endsWith(counted)) {
      tell();
      return;
    }
    if (this.#held) return;
    const waitMs = (this.#toldMs ?? Number.NEGATIVE_INFINITY) + seconds * 1000 - this.#clock.monotonicMs();
    const now = (): void => {
      this.#held = undefined;
      this.#toldMs = this.#clock.monotonicMs();
      tell();
    };
    if (waitMs <= 0) now();
    else this.#held = this.#clock.timer(waitMs, now);
  }

  [Symbol.dispose](): void {
    this.#held?.[Symbol.dispose]();
  }
}
