import { X509Certificate } from 'node:crypto';
import { type Clock, clockIsSet } from '#base';
import type { Model, View } from '#model';
import { accessOf } from './access.ts';
import type { Certificates } from './certificates.ts';
import {
  type Claim,
  type Grounds,
  type IdentityPolicy,
  judgeCertificate,
  judgeTransport,
  type TransportEvidence,
  type Verdict,
  type Voucher,
} from './judge.ts';
import { Looks } from './looks.ts';
import { type FoundTargets, findTargets, isSearch } from './target.ts';
import { noTrust, type TrustConfig } from './trust-config.ts';

export interface AuthorityParts {
  /** With what services have registered: rows of theirs can be meant by permissions, too. */
  readonly shown: Model;
  readonly clock: Clock;
  readonly certificates: Certificates;
  readonly policy: IdentityPolicy;
  /** Trusted for the identity of controllers. */
  readonly anchors: () => readonly X509Certificate[];
}

/** The controller that a connection or a certificate is said to be of. */
export interface Claimant {
  readonly endpointId: string;
  /** `Controller.{i}.Credential`: rows, without the last dot. */
  readonly credentials: readonly string[];
}

/** Who may what: from the trust configuration and from how sure it is who somebody is. */
export class Authority {
  readonly #parts: AuthorityParts;
  #config: TrustConfig = noTrust;
  #found: FoundTargets = new Map();
  /** By roles. */
  readonly #searching = new Map<string, { readonly searches: readonly string[]; readonly looks: Looks }>();
  readonly #views = new Map<string, View>();
  #revision = 0;

  constructor(parts: AuthorityParts) {
    this.#parts = parts;
  }

  get config(): TrustConfig {
    return this.#config;
  }

  /** Another one: what was judged before is to be judged anew. */
  get revision(): number {
    return this.#revision;
  }

  configure(config: TrustConfig): void {
    this.#config = config;
    this.#revision++;
    this.#searching.clear();
    this.#found = new Map();
    this.#views.clear();
  }

  /** Looks anew at what the search expressions of these roles lead to. @returns `undefined`: there are none */
  refresh(roles: readonly string[]): Promise<void> | undefined {
    const key = roles.join();
    let searching = this.#searching.get(key);
    if (!searching) {
      const permissions = roles.flatMap((role) => this.#config.roles.get(role) ?? []);
      searching = { searches: permissions.flatMap(({ targets }) => targets.filter(isSearch)), looks: new Looks() };
      this.#searching.set(key, searching);
    }
    const { searches, looks } = searching;
    if (searches.length === 0) return undefined;
    return looks.take(async () => {
      const found = await findTargets(this.#parts.shown, searches);
      // What could not be looked up is not known any more.
      const others = [...this.#found].filter(([target]) => !searches.includes(target));
      this.#found = new Map([...others, ...found]);
      this.#views.clear();
    });
  }

  judgeTransport(
    claimant: Claimant,
    evidence: Omit<TransportEvidence, 'chain'> & { chain: readonly Uint8Array[] },
  ): Verdict {
    const chain = evidence.chain.map((der) => new X509Certificate(der));
    return judgeTransport(this.#grounds(), this.#claim(claimant), { ...evidence, chain });
  }

  judgeCertificate(claimant: Claimant, chain: readonly Uint8Array[]): Verdict {
    const certificates = chain.map((der) => new X509Certificate(der));
    return judgeCertificate(this.#grounds(), this.#claim(claimant), certificates);
  }

  /** What besides the factory's authorities a connection may be with, PEM. */
  trusted(): string {
    return this.#parts.certificates
      .all()
      .map((certificate) => certificate.toString())
      .join('');
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
    const shown = of(roles.filter((role) => secured.includes(role)));
    const view: View = { protocol: 'usp', access: accessOf(of(roles), { secured: shown, found: this.#found }) };
    this.#views.set(key, view);
    return view;
  }

  #grounds(): Grounds {
    const { policy, anchors, certificates, clock } = this.#parts;
    const now = clock.now();
    return {
      policy,
      anchors,
      credentials: this.#config.credentials.flatMap(({ certificate: row, ...rest }) =>
        certificates.of([row]).map((certificate) => ({ certificate, ...rest })),
      ),
      now: clockIsSet(now) ? now : undefined,
    };
  }

  #claim({ endpointId, credentials }: Claimant): Claim {
    return { endpointId, credentials: this.#parts.certificates.of(credentials) };
  }
}
