import { Emitter } from '#base';
import type { AcsInform } from './inform.ts';

/** Who has informed, as far as the ACS remembers. */
export interface AcsDevice {
  /** `OUI-ProductClass-SerialNumber` */
  readonly id: string;
  /** The last one. */
  readonly inform: AcsInform;
  /** Sessions begun. */
  readonly sessions: number;
  readonly connectionRequestUrl: string | undefined;
}

/** Every Inform since the start, and those who wait for one. */
export class InformLog {
  readonly all: AcsInform[] = [];
  readonly #added = new Emitter<AcsInform>(() => {});

  add(inform: AcsInform): void {
    this.all.push(inform);
    this.#added.emit(inform);
  }

  /** In the order in which they came first. */
  devices(): readonly AcsDevice[] {
    const found = new Map<string, AcsDevice>();
    for (const inform of this.all) {
      const { device: id } = inform;
      const before = found.get(id);
      // An Inform need not say the URL again when it has not changed.
      const url = inform.parameters.get('Device.ManagementServer.ConnectionRequestURL') ?? before?.connectionRequestUrl;
      found.set(id, { id, inform, sessions: (before?.sessions ?? 0) + 1, connectionRequestUrl: url });
    }
    return [...found.values()];
  }

  /** The first that fits, of those from `from` on and those to come. @throws the signal's reason */
  find(fits: (inform: AcsInform) => boolean, from: number, signal: AbortSignal): Promise<AcsInform> {
    return new Promise((resolve, reject) => {
      const here = this.all.slice(from).find(fits);
      if (here) return resolve(here);
      if (signal.aborted) return reject(signal.reason);
      let seen = this.all.length;
      const stop = (): void => {
        listening[Symbol.dispose]();
        signal.removeEventListener('abort', abort);
      };
      const abort = (): void => {
        stop();
        reject(signal.reason);
      };
      const listening = this.#added.on((inform) => {
        if (seen++ < from || !fits(inform)) return;
        stop();
        resolve(inform);
      });
      signal.addEventListener('abort', abort, { once: true });
    });
  }
}
