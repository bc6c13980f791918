import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { silentLog } from '#base';
import { connectUbus } from '#platform';
import type { Router } from './router/index.ts';

/** What the DHCP server of the lab's access network says to a managed device. */
export interface LabLease {
  /** Option 43. */
  readonly acs?: { readonly url: string; readonly provisioningCode?: string };
  /** Option 125. */
  readonly gateway?: { readonly oui: string; readonly serialNumber: string; readonly productClass?: string };
}

const enterprise = '00000de9';
const coded = (values: readonly (readonly [code: number, value: string | undefined])[]): string =>
  values
    .flatMap(([code, value]) =>
      value === undefined ? [] : [Buffer.from([code, Buffer.byteLength(value)]), Buffer.from(value)],
    )
    .map((bytes) => bytes.toString('hex'))
    .join('');

/** A lease as the package's hook of udhcpc hands it over; without anything in it, none. */
export function writeLease(router: Router, { acs, gateway }: LabLease): void {
  const directory = join(router.root, 'var/run/tandem/dhcp');
  const lines = [];
  if (acs) {
    const text = coded([
      [1, acs.url],
      [2, acs.provisioningCode],
    ]);
    lines.push(`opt43 ${text}`);
  }
  if (gateway) {
    const text = coded([
      [4, gateway.oui],
      [5, gateway.serialNumber],
      [6, gateway.productClass],
    ]);
    lines.push(`opt125 ${enterprise}${(text.length / 2).toString(16).padStart(2, '0')}${text}`);
  }
  mkdirSync(directory, { recursive: true });
  if (lines.length === 0) rmSync(join(directory, 'wan'), { force: true });
  else writeFileSync(join(directory, 'wan'), `${lines.join('\n')}\n`);
}

/** The same, and the agent is called. */
export async function takeLease(router: Router, lease: LabLease): Promise<void> {
  writeLease(router, lease);
  await using bus = await connectUbus({ path: router.socketPath, log: silentLog });
  await bus.invoke('tandem', 'lease', {});
}
