import { errorCode } from '#base';
import type { Bus, Files } from '#platform';

/** Where rpcd keeps what it would put back, one file for each package. It stays there after an apply without rollback. */
const snapshotDirectory = '/var/run/rpcd/snapshot-files';
/** Of nobody: to confirm in its name is refused while a rollback is armed, and finds nothing to confirm otherwise. */
const nobodysSession = 'ffffffffffffffffffffffffffffffff';

/**
 * Changes that somebody has applied through rpcd (LuCI's "Save & Apply") and not confirmed yet: rpcd puts their packages back by itself when he does not,
 * and with them everything that was written to them meanwhile.
 */
export class ForeignApply {
  readonly #bus: Bus;
  readonly #files: Files;

  constructor(bus: Bus, files: Files) {
    this.#bus = bus;
    this.#files = files;
  }

  /** Whether rpcd may put one of these packages back. Without rpcd nobody does. */
  async holds(packages: Iterable<string>): Promise<boolean> {
    const kept = new Set(this.#files.list(snapshotDirectory));
    if (![...packages].some((pack) => kept.has(pack))) return false;
    try {
      await this.#bus.invoke('uci', 'confirm', { ubus_rpc_session: nobodysSession });
      return false;
    } catch (error) {
      return errorCode(error) === 'UBUS_PERMISSION_DENIED';
    }
  }
}
