import type { Model, View } from '#model';
import { accessOf } from './access.ts';
import { type FoundTargets, findTargets, isSearch } from './target.ts';
import { noTrust, type TrustConfig } from './trust-config.ts';

/** What makes sure who a peer is. */
export interface Voucher {
  /** Roles that come with the credential (`ControllerTrust.Credential.{i}.Role`), as rows without the last dot. */
  readonly inherited: readonly string[];
}

/** Who may what: from the trust configuration and from how sure it is who somebody is. */
export class Authority {
  readonly #model: Model;
  #config: TrustConfig = noTrust;
  #searches: readonly string[] = [];
  #found: FoundTargets = new Map();
  readonly #views = new Map<string, View>();

  constructor(model: Model) {
    this.#model = model;
  }

  get config(): TrustConfig {
    return this.#config;
  }

  async configure(config: TrustConfig): Promise<void> {
    this.#config = config;
    this.#searches = [...config.roles.values()].flat().flatMap(({ targets }) => targets.filter(isSearch));
    this.#views.clear();
    await this.refresh();
  }

  /** Looks anew at what the search expressions of permissions lead to; costs nothing where there are none. */
  async refresh(): Promise<void> {
    if (this.#searches.length === 0) return;
    this.#found = await findTargets(this.#model, this.#searches);
    this.#views.clear();
  }

  /**
   * Roles that count for a controller.
   * @param voucher `undefined`: nothing makes sure that it is the one
   */
  rolesOf(assigned: readonly string[], voucher: Voucher | undefined): readonly string[] {
    const { untrusted } = this.#config;
    if (!voucher) return untrusted;
    const roles = [...new Set([...assigned, ...voucher.inherited])];
    return roles.length > 0 ? roles : untrusted;
  }

  isBanned(assigned: readonly string[], voucher: Voucher | undefined): boolean {
    const { banned } = this.#config;
    return banned !== '' && (assigned.includes(banned) || voucher?.inherited.includes(banned) === true);
  }

  viewOf(roles: readonly string[]): View {
    const key = roles.join();
    const known = this.#views.get(key);
    if (known) return known;
    const { roles: all, secured } = this.#config;
    const of = (paths: readonly string[]) => paths.flatMap((path) => [all.get(path) ?? []]);
    const access = accessOf(of(roles), {
      secured: of(roles.filter((role) => secured.includes(role))),
      found: this.#found,
    });
    const view: View = { protocol: 'usp', access };
    this.#views.set(key, view);
    return view;
  }
}
