import { X509Certificate } from 'node:crypto';
import { type Clock, clockIsSet, type Log } from '#base';
import type { Model } from '#model';
import { names } from './certificate.ts';
import type { Certificates } from './certificates.ts';
import type { TrustConfig } from './trust-config.ts';

/** A controller, as far as its first certificate goes. */
export interface Newcomer {
  /** Instance path of its row. */
  readonly path: string;
  readonly endpointId: string;
  readonly assigned: readonly string[];
  readonly credentials: readonly string[];
}

export interface FirstUseParts {
  readonly model: Model;
  readonly clock: Clock;
  readonly log: Log;
  readonly certificates: Certificates;
  readonly config: () => TrustConfig;
}

/** What is wrong with a certificate that nobody known has issued, and nothing else. */
const unknownIssuer =
  /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_GET_ISSUER_CERT(_LOCALLY)?|UNABLE_TO_VERIFY_LEAF_SIGNATURE)$/;

/**
 * Trust on first use (TR-369 "Self-Signed Certificates", TR-181 ControllerTrust.TOFUAllowed), for controllers that the agent connects to: the certificate that a controller without one
 * shows first is its own from then on, if it names it. It is good for that controller's connection alone, and brings the untrusted role.
 */
export class FirstUse {
  readonly #parts: FirstUseParts;

  constructor(parts: FirstUseParts) {
    this.#parts = parts;
  }

  /** PEM: the certificate that came first. */
  known({ credentials }: Pick<Newcomer, 'credentials'>): string | undefined {
    return this.#parts.certificates
      .of(credentials)
      .find((one) => this.#parts.certificates.cameFirst(one))
      ?.toString();
  }

  /**
   * A connection was ended because of this certificate.
   * @param problem code of the reason
   * @returns whether it is the controller's from now on
   */
  async meet(controller: Newcomer, der: Uint8Array, problem: string | undefined): Promise<boolean> {
    const { certificates, clock, config, log, model } = this.#parts;
    const { tofu, untrusted } = config();
    const { endpointId, path, credentials } = controller;
    if (!tofu.allowed || !unknownIssuer.test(problem ?? '') || der.length === 0) return false;
    const certificate = new X509Certificate(der);
    const refuse = (reason: string): false => {
      log.warn('a certificate is not trusted on first use', { controller: endpointId, reason });
      return false;
    };
    if (credentials.length > 0) return refuse('the controller has another one');
    if (names(certificate, endpointId) !== 'yes') return refuse('it does not name the controller');
    const now = clock.now();
    const valid = Date.parse(certificate.validFrom) <= now && now <= Date.parse(certificate.validTo);
    if (clockIsSet(now) && !valid) return refuse('it is not valid now');
    const origin = { by: 'device' } as const;
    const added = await certificates.add({ Certificate: certificate.toString() }, origin, 'first');
    if (!added.ok) return refuse(added.fault.message);
    // R-SEC.6, whatever was assigned to who was expected.
    const values = { Credential: added.value, AssignedRole: untrusted.join() };
    const parameters = Object.entries(values).map(([name, value]) => ({ name, value, required: true }));
    const write = { op: 'set', path, parameters } as const;
    const { committed } = await model.write({ protocol: 'usp' }, [write], { origin, partial: false });
    if (!committed) return refuse('it could not be kept');
    log.warn('a certificate is trusted on first use', { controller: endpointId, certificate: added.value });
    return true;
  }

  /** TR-181 ControllerTrust.TOFUInactivityTimer: until a message has to come from who is trusted for no other reason. @returns 0: whenever */
  inactivityMs({ assigned }: Pick<Newcomer, 'assigned'>, chain: readonly Uint8Array[]): number {
    const { tofu, untrusted } = this.#parts.config();
    const [own] = chain;
    if (tofu.inactivitySeconds === 0 || !own || assigned.some((role) => !untrusted.includes(role))) return 0;
    return this.#parts.certificates.cameFirst(new X509Certificate(own)) ? tofu.inactivitySeconds * 1000 : 0;
  }
}
