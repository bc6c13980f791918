import { type Clock, type Log, ok, refused, type Secret } from '#base';
import type { CommandContext, CommandResult, Model } from '#model';
import { Authority, type Claimant } from './authority.ts';
import { certificatesIn } from './certificate.ts';
import { Certificates } from './certificates.ts';
import { type ChallengeLocks, Challenges } from './challenges.ts';
import { FirstUse } from './first-use.ts';
import type { IdentityPolicy } from './judge.ts';
import type { TrustConfig } from './trust-config.ts';

/** Where trust comes from, beside the data model. */
export interface TrustPort {
  readonly policy: IdentityPolicy;
  /** PEM: authorities that are trusted for the identity of controllers: of the factory, or those that TLS trusts by itself. Called when somebody is judged. */
  readonly anchors: () => string;
  /** The device's own certificate (PEM, with its chain) and key. */
  readonly own?: { readonly cert: string; readonly key: Secret };
  /** Of challenges. */
  readonly locks: ChallengeLocks;
  /** PEM: certificates that connections may be with besides; called whenever it can have changed. */
  readonly trusted: (certificates: string) => void;
}

/** A controller as the trust configuration sees it. */
export interface TrustedController extends Claimant {
  /** Instance path of its row. */
  readonly path: string;
  readonly assigned: readonly string[];
}

export interface TrustParts {
  readonly model: Model;
  /** As controllers are shown it. */
  readonly shown: Model;
  readonly clock: Clock;
  readonly log: Log;
  readonly randomHex: (bytes: number) => string;
  readonly port: TrustPort;
  readonly controllers: () => readonly TrustedController[];
  /** `InheritedRole` of the controller with this row. */
  readonly inherited: (path: string) => readonly string[];
  /** What is trusted may be something else now. */
  readonly changed: () => void;
}

/** `Device.LocalAgent.ControllerTrust.` and `Certificate.` as far as they are more than configuration. */
export class Trust implements Disposable {
  readonly authority: Authority;
  readonly firstUse: FirstUse;
  readonly #parts: TrustParts;
  readonly #declared: Disposable[];
  readonly #certificates: Certificates;

  constructor(parts: TrustParts) {
    const { model, shown, clock, log, randomHex, port, controllers, inherited } = parts;
    this.#parts = parts;
    this.#certificates = new Certificates(model, parts.changed);
    const certificates = this.#certificates;
    const anchors = () => certificatesIn(port.anchors());
    this.authority = new Authority({ shown, clock, certificates, policy: port.policy, anchors });
    this.firstUse = new FirstUse({ model, clock, log, certificates, config: () => this.authority.config });
    const challenges = new Challenges({
      model,
      clock,
      log,
      randomHex,
      locks: port.locks,
      challenge: (row) => this.authority.config.challenges.find((one) => one.row === row),
      controller: (id) => controllers().find((one) => one.endpointId === id),
      untrusted: () => this.authority.config.untrusted,
    });
    const declared = model.declare({
      path: 'Device.LocalAgent.Controller.{i}.',
      parameters: { InheritedRole: { get: ({ path }) => inherited(path).join(',') } },
      commands: { 'AddMyCertificate()': (args, context) => this.#addMyCertificate(args, context) },
    });
    this.#declared = [challenges, this.#certificates, declared];
  }

  configure(config: TrustConfig): void {
    this.authority.configure(config);
    this.#parts.port.trusted(this.authority.trusted());
  }

  [Symbol.dispose](): void {
    for (const declared of this.#declared) declared[Symbol.dispose]();
  }

  /** Only of the controller's own row. */
  async #addMyCertificate(
    args: Readonly<Record<string, string>>,
    { row, origin }: CommandContext,
  ): Promise<CommandResult> {
    const own = this.#parts.controllers().find(({ path }) => path === row.path);
    // From whoever says that he is the controller it would make him the controller.
    if (!own || origin.by !== 'usp' || own.endpointId !== origin.peer || origin.unproven)
      return refused({ kind: 'denied', message: 'only the controller itself may', path: row.path });
    const added = await this.#certificates.add(args, origin);
    if (!added.ok) return added;
    const value = [...own.credentials, added.value].join();
    const write = { op: 'set', path: row.path, parameters: [{ name: 'Credential', value, required: true }] } as const;
    const answer = await this.#parts.model.write({ protocol: 'usp' }, [write], { origin, partial: false });
    return answer.committed ? ok({}) : refused({ kind: 'command-failed', message: 'Credential could not be written' });
  }
}
