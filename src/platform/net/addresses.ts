import { randomInt } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';

export interface Address {
  readonly address: string;
  readonly family: 4 | 6;
}

/** Addresses of a host, asked for anew for each connection. @throws what the resolver says */
export type Resolve = (host: string) => Promise<readonly Address[]>;

const resolveSystem: Resolve = async (host) => (await lookup(host, { all: true })) as Address[];

/**
 * The order in which addresses are tried: IPv6 and IPv4 by turns, IPv6 first (RFC 8305 4), at random within each, so that a thousand devices spread over a
 * server's addresses (TR-069 3.2.1).
 * @param pick uniform below its argument
 */
export function inTurn(addresses: readonly Address[], pick: (below: number) => number): Address[] {
  const families = [6, 4].map((family) => {
    const rest = addresses.filter((address) => address.family === family);
    const shuffled: Address[] = [];
    while (rest.length > 0) shuffled.push(...rest.splice(pick(rest.length), 1));
    return shuffled;
  });
  const [six, four] = families as [Address[], Address[]];
  return Array.from({ length: Math.max(six.length, four.length) }, (_, n) => [six[n], four[n]])
    .flat()
    .filter((address) => address !== undefined);
}

/** For `net.connect`: all addresses in turn, each given its time before the next one is tried. */
export function lookupInTurn(resolve: Resolve = resolveSystem): LookupFunction {
  return (host, options, callback) => {
    resolve(host)
      .then((found) => {
        const ordered = inTurn(found, randomInt);
        const [first] = ordered;
        if (!first) throw Object.assign(new Error(`no address of ${host}`), { code: 'ENOTFOUND' });
        if (options.all)
          callback(
            null,
            ordered.map(({ address, family }) => ({ address, family })),
          );
        else callback(null, first.address, first.family);
      })
      .catch((error) => callback(error, '', 0));
  };
}

/** Before another address is tried beside: links of two seconds' delay are to be used too. */
export const addressAttemptMs = 5000;
