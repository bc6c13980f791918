import type { Files } from '#platform';
import type { LeaseOptions } from './vendor-options.ts';

/** Where the hooks of the DHCP clients leave what a lease says (openwrt-package/files/tandem.dhcp-lease). */
export const leaseDirectory = '/var/run/tandem/dhcp';

export interface Lease extends LeaseOptions {
  /** netifd's name of it. */
  readonly interface: string;
}

const most = 16;
const limitBytes = 16_384;

/** The leases with vendor options that stand now, by the names of their interfaces. A file has lines of a name and hexadecimal digits. */
export function readLeases(files: Files): readonly Lease[] {
  return files
    .list(leaseDirectory)
    .filter((name) => /^[\w.-]{1,32}$/.test(name) && !name.startsWith('.'))
    .slice(0, most)
    .map((name) => {
      const lines = files.readText(`${leaseDirectory}/${name}`, limitBytes)?.split('\n') ?? [];
      const option = (key: string): string =>
        lines.find((line) => line.startsWith(`${key} `))?.slice(key.length + 1) ?? '';
      return { interface: name, opt43: option('opt43'), opt125: option('opt125'), opt17: option('opt17') };
    });
}
