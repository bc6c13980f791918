import type { Files } from '#platform';
import type { AcsDiscoveryParts } from './acs-discovery.ts';
import { AcsDiscovery } from './acs-discovery.ts';
import { leaseDirectory } from './leases.ts';

export interface Discovery {
  /** A lease has come, changed or gone. */
  look(): Promise<void>;
  readonly active: AcsDiscovery | undefined;
}

/** Costs nothing until a DHCP server has said anything to a managed device. */
export function discoverAcs(parts: AcsDiscoveryParts): Discovery {
  let active: AcsDiscovery | undefined;
  return {
    get active() {
      return active;
    },
    async look() {
      if (!active && !saidAnything(parts.files)) return;
      active ??= new AcsDiscovery(parts);
      await active.look();
    },
  };
}

export const saidAnything = (files: Files): boolean => files.list(leaseDirectory).length > 0;
