import type { Access, Model, View } from '#model';
import type { Authority, Verdict, Voucher } from '../trust/index.ts';
import type { ControllerConfig } from './config.ts';
import type { Evidence } from './link.ts';

/** Nobody has been made sure of: what is assigned counts for what waits. */
const nobodysRoles: Voucher = { inherited: [] };

/** How sure it is that a controller is the one, and what its roles then let it see and do (TR-369 "Authentication and Authorization"). */
export class Standing {
  readonly #authority: Authority;
  readonly #model: Model;
  readonly #config: () => ControllerConfig;
  readonly #verdicts = new WeakMap<Evidence, { readonly revision: number; readonly verdict: Verdict }>();
  /** As made sure of last: what the controller is notified of, and what it inherits. */
  #voucher: Voucher | undefined;
  #settled = false;
  /** What notifications may tell, as the roles are at any time. */
  readonly view: View = {
    protocol: 'usp',
    access: {
      allows: (target, right, path) => this.#told().allows(target, right, path),
      showsSecured: (path) => this.#told().showsSecured?.(path) === true,
    },
  };

  constructor(authority: Authority, model: Model, config: () => ControllerConfig) {
    this.#authority = authority;
    this.#model = model;
    this.#config = config;
  }

  /** What of a connection makes sure of the controller. */
  vouch(evidence: Evidence): Voucher | undefined {
    const verdict = this.#judge(evidence);
    return verdict === 'other' ? undefined : verdict;
  }

  /** Somebody else is certainly at the other end. */
  isOther(evidence: Evidence): boolean {
    return this.#judge(evidence) === 'other';
  }

  /** Of a certificate in a record or in a TLS session within records. */
  vouchCertificate(chain: readonly Uint8Array[]): Voucher | undefined {
    const verdict = this.#authority.judgeCertificate(this.#config(), chain);
    return verdict === 'other' ? undefined : verdict;
  }

  learn(voucher: Voucher | undefined): void {
    if (voucher) this.#voucher = voucher;
  }

  /** TR-181 ControllerTrust.BannedRole, as made sure of last. */
  get banned(): boolean {
    return this.isBanned(this.#voucher);
  }
  isBanned(voucher: Voucher | undefined): boolean {
    return this.#authority.isBanned(this.#config().assigned, voucher);
  }

  /** `Controller.{i}.InheritedRole` */
  get inherited(): readonly string[] {
    return this.#voucher?.inherited ?? [];
  }

  /** What its permissions mean may have changed with what it is to be told. @returns `undefined`: it has not */
  refresh(): Promise<void> | undefined {
    return this.#authority.refresh(this.#roles(this.#voucher ?? nobodysRoles));
  }

  /** What a request may see and do. @param voucher of what it came by; `undefined`: it may be from anybody */
  async viewFor(voucher: Voucher | undefined): Promise<View> {
    const settling = this.#settleRole(voucher);
    if (settling) await settling;
    const looking = this.#authority.refresh(this.#roles(voucher));
    if (looking) await looking;
    return this.#authority.viewOf(this.#roles(voucher));
  }

  #roles(voucher: Voucher | undefined): readonly string[] {
    return this.#authority.rolesOf(this.#config().assigned, voucher);
  }

  #judge(evidence: Evidence): Verdict {
    const { revision } = this.#authority;
    const known = this.#verdicts.get(evidence);
    if (known?.revision === revision) return known.verdict;
    const verdict = this.#authority.judgeTransport(this.#config(), evidence);
    this.#verdicts.set(evidence, { revision, verdict });
    return verdict;
  }

  /** A controller that is known to be the one and has no role gets the untrusted one, for everybody to see (TR-369 "Assigning Controller Roles"). */
  #settleRole(voucher: Voucher | undefined): Promise<unknown> | undefined {
    this.learn(voucher);
    const { assigned, path } = this.#config();
    const { untrusted } = this.#authority.config;
    if (!voucher || assigned.length + voucher.inherited.length > 0 || untrusted.length === 0 || this.#settled)
      return undefined;
    this.#settled = true;
    const parameters = [{ name: 'AssignedRole', value: untrusted.join(), required: true }];
    const write = { op: 'set', path, parameters } as const;
    return this.#model.write({ protocol: 'usp' }, [write], { origin: { by: 'device' }, partial: false });
  }

  #told(): Access {
    const voucher = this.#voucher ?? nobodysRoles;
    return this.#authority.viewOf(this.isBanned(voucher) ? [] : this.#roles(voucher)).access!;
  }
}
