import type { AcsOffer } from './vendor-options.ts';

/** What has been taken over from DHCP, and by what the device found its ACS first; absent until DHCP has said anything that counted. */
export interface Found {
  readonly taken: AcsOffer;
  /**
   * TR-069 3.1: how the ACS was found that the first session after the factory was held with. Remembered until the next factory reset; absent until
   * that session.
   */
  readonly by?: 'dhcp' | 'other';
}

export interface Standing {
  /** ManagementServer.URL. */
  readonly url: string;
  /** The factory's, '' where it has none. */
  readonly factoryUrl: string;
  /** A session has been held with an ACS since the factory. */
  readonly contacted: boolean;
  readonly found: Found | undefined;
  /** By interface; the first counts. */
  readonly offers: readonly AcsOffer[];
  /** The ACS has not been reached for long. */
  readonly unreachable: boolean;
}

/**
 * Whether what DHCP says counts now (TR-069 3.1): where there is no URL; before the factory's default, as long as no ACS has been contacted; for as long as the URL
 * that is in force came from DHCP; and when an ACS that was once found by DHCP and then set the URL itself is lost. What the ACS or an operator has set stands
 * otherwise, and so does what DHCP has said when it says nothing more.
 */
export function choose(standing: Standing): AcsOffer | undefined {
  const { url, factoryUrl, contacted, found, offers, unreachable } = standing;
  // One of several that say different things is followed, not each in turn.
  const offer = offers.find((known) => known.url === found?.taken.url) ?? offers[0];
  if (!offer) return undefined;
  if (found && url === found.taken.url) return same(offer, found.taken) ? undefined : offer;
  if (url === '' || (!contacted && (url === factoryUrl || url === offer.url))) return offer;
  return found?.by === 'dhcp' && unreachable ? offer : undefined;
}

const same = (one: AcsOffer, other: AcsOffer): boolean =>
  one.url === other.url &&
  one.provisioningCode === other.provisioningCode &&
  one.retryMinimumWait === other.retryMinimumWait &&
  one.retryMultiplier === other.retryMultiplier;
