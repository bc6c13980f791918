import { type Clock, explain, type Log } from '#base';
import type { Model, Write } from '#model';
import type { BlobTable, Bus, Files, StateStore } from '#platform';
import { choose, type Found } from './choice.ts';
import { readLeases } from './leases.ts';
import { type AcsOffer, acsOf } from './vendor-options.ts';

export interface AcsDiscoveryParts {
  readonly model: Model;
  readonly bus: Bus;
  readonly files: Files;
  readonly state: StateStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether an ACS is authenticated by more than being known to a public authority, or the operator has waived that. */
  readonly trusted: boolean;
  readonly allowPlain: boolean;
  readonly factoryUrl: string;
  /** Whether an ACS has been contacted since the factory. */
  readonly contacted: () => boolean;
}

const stateName = 'discovery';
/** TR-069 3.1: so long without a connection to the ACS, and it is looked for by DHCP again. */
const lostAfterMs = 300_000;
const view = { protocol: 'cwmp' } as const;
const management = 'Device.ManagementServer.';

/** Follows what DHCP says of the ACS, as far as that counts (choice.ts). What is taken over is written through the model, and the CWMP client hears of it there. */
export class AcsDiscovery {
  readonly #parts: AcsDiscoveryParts;
  #found: Found | undefined;
  #offers: readonly AcsOffer[] = [];
  #failingSinceMs: number | undefined;
  #turn: Promise<void> = Promise.resolve();

  constructor(parts: AcsDiscoveryParts) {
    this.#parts = parts;
    this.#found = readFound(parts.state, parts.log);
  }

  /** A lease has come, changed or gone. */
  look(): Promise<void> {
    return this.#next(() => this.#look(false));
  }

  /** A session has been held with the ACS at this URL. */
  reached(url: URL): Promise<void> {
    this.#failingSinceMs = undefined;
    const found = this.#found;
    if (!found || found.by) return this.#turn;
    const by = url.href === new URL(found.taken.url).href ? 'dhcp' : 'other';
    return this.#next(() => this.#remember({ ...found, by }));
  }

  /** @param code of the error; that of HTTP: nobody was reached at all */
  failed(code: string | undefined): Promise<void> {
    const { clock } = this.#parts;
    if (!code?.startsWith('HTTP_')) return this.#turn;
    this.#failingSinceMs ??= clock.monotonicMs();
    if (this.#found?.by !== 'dhcp' || clock.monotonicMs() - this.#failingSinceMs < lostAfterMs) return this.#turn;
    this.#failingSinceMs = undefined;
    return this.#next(async () => {
      await this.#askAgain();
      await this.#look(true);
    });
  }

  status(): BlobTable {
    const [offer] = this.#offers;
    return {
      dhcp_offers: offer?.url ?? 'nothing',
      dhcp_taken: this.#found?.taken.url ?? 'nothing',
      ...(offer && !this.#parts.trusted && { dhcp_problem: 'neither ca.pem nor pin: not followed' }),
    };
  }

  #next(work: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(work).catch((error) => {
      this.#parts.log.error('the ACS of DHCP could not be taken over', { reason: explain(error) });
    });
    return this.#turn;
  }

  async #look(unreachable: boolean): Promise<void> {
    const { files, log, trusted, allowPlain, factoryUrl } = this.#parts;
    this.#offers = readLeases(files).flatMap((lease) => acsOf(lease, allowPlain) ?? []);
    if (this.#offers.length === 0) return;
    const url = await this.#url();
    const standing = { url, factoryUrl, contacted: this.#parts.contacted(), found: this.#found };
    const offer = choose({ ...standing, offers: this.#offers, unreachable });
    if (!offer) return;
    if (!trusted) {
      log.warn('DHCP names an ACS, but nothing on the device could authenticate it: neither ca.pem nor pin', {
        acs: new URL(offer.url).host,
      });
      return;
    }
    log.info('the ACS is the one that DHCP names', { acs: new URL(offer.url).host });
    if (await this.#take(offer, url)) await this.#remember({ ...this.#found, taken: offer });
  }

  async #url(): Promise<string> {
    const [reading] = await this.#parts.model.get(view, [`${management}URL`]);
    const value = reading?.result.ok ? reading.result.value[0]?.parameters[0]?.value : undefined;
    return value ?? '';
  }

  /** What is as it was taken over before may have been changed by the ACS since. */
  async #take(offer: AcsOffer, url: string): Promise<boolean> {
    const before = this.#found?.taken;
    const set = (path: string, values: Readonly<Record<string, string | undefined>>): Write[] => {
      const parameters = Object.entries(values).flatMap(([name, value]) =>
        value === undefined ? [] : [{ name, value, required: true }],
      );
      return parameters.length === 0 ? [] : [{ op: 'set', path, parameters }];
    };
    const changed = (name: keyof AcsOffer): string | undefined =>
      offer[name] === before?.[name] ? undefined : offer[name];
    const writes = [
      ...set(management, {
        ...(url !== offer.url && { URL: offer.url }),
        CWMPRetryMinimumWaitInterval: changed('retryMinimumWait'),
        CWMPRetryIntervalMultiplier: changed('retryMultiplier'),
      }),
      ...set('Device.DeviceInfo.', { ProvisioningCode: changed('provisioningCode') }),
    ];
    if (writes.length === 0) return true;
    const { committed, outcomes } = await this.#parts.model.write(view, writes, {
      origin: { by: 'device' },
      partial: false,
    });
    const refusals = outcomes.flatMap(({ result }) => (result.ok ? [] : [result.fault.fault.message]));
    if (!committed) this.#parts.log.error('what DHCP says is refused', { reason: refusals.join('; ') });
    return committed;
  }

  async #remember(found: Found): Promise<void> {
    this.#found = found;
    await this.#parts.state.write(stateName, JSON.stringify(found));
  }

  /** The DHCP clients renew their leases; what they get comes by the hook. */
  async #askAgain(): Promise<void> {
    const { files, bus, log } = this.#parts;
    log.warn('the ACS is not reached: asked for by DHCP again');
    for (const lease of readLeases(files)) {
      try {
        await bus.invoke(`network.interface.${lease.interface}`, 'renew', {});
      } catch (error) {
        log.debug('a lease is not renewed', { interface: lease.interface, reason: explain(error) });
      }
    }
  }
}

function readFound(state: StateStore, log: Log): Found | undefined {
  const text = state.read(stateName);
  if (text === undefined) return undefined;
  try {
    const { taken, by } = JSON.parse(text) as Found;
    if (URL.canParse(taken.url)) return { taken, ...(by && { by }) };
  } catch {
    // Said below.
  }
  log.error('what was taken over from DHCP can not be read');
  return undefined;
}
