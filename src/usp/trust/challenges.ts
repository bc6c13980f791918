import { createHash, timingSafeEqual } from 'node:crypto';
import { type Clock, explain, type Log, ok, refused, type Secret } from '#base';
import type { CommandContext, CommandResult, FaultKind, Model, ModelFault } from '#model';

/** One row of `Device.LocalAgent.ControllerTrust.Challenge.{i}.` that is enabled. */
export interface Challenge {
  /** Row, without the last dot. */
  readonly row: string;
  readonly roles: readonly string[];
  readonly type: string;
  /** Base64. */
  readonly value: Secret;
  readonly valueType: string;
  readonly instruction: string;
  readonly instructionType: string;
  /** Failed responses in a row before it is locked; one at least (R-SEC.16). */
  readonly retries: number;
  readonly lockoutSeconds: number;
}

/** Locks on flash, so that cutting the power is no way around them. */
export interface ChallengeLocks {
  /** Seconds by row. */
  read(): Readonly<Record<string, number>>;
  keep(locks: Readonly<Record<string, number>>): Promise<void>;
}

export interface ChallengeParts {
  readonly model: Model;
  readonly clock: Clock;
  readonly log: Log;
  readonly randomHex: (bytes: number) => string;
  readonly challenge: (row: string) => Challenge | undefined;
  /** The controller with this Endpoint ID: its row with the last dot, its `AssignedRole`. */
  readonly controller: (
    endpointId: string,
  ) => { readonly path: string; readonly assigned: readonly string[] } | undefined;
  readonly locks: ChallengeLocks;
  /** Roles that a successful response replaces. */
  readonly untrusted: () => readonly string[];
}

const defaultExpirationSeconds = 900;

interface Outstanding {
  readonly id: string;
  readonly row: string;
  /** Monotonic. */
  readonly expiresMs: number;
}
interface Failures {
  count: number;
  lockedUntilMs: number;
}

const refuse = (kind: FaultKind, message: string): CommandResult => refused<ModelFault>({ kind, message });

/** `RequestChallenge()` and `ChallengeResponse()` (TR-369 "Challenges"): a controller gets a role for something that its user knows. */
export class Challenges implements Disposable {
  readonly #parts: ChallengeParts;
  /** At most one for each controller. */
  readonly #outstanding = new Map<string, Outstanding>();
  /** By row, over all controllers. */
  readonly #failures = new Map<string, Failures>();
  /**
   * As on flash. A row stays when its lock is over, until it is met: so whoever keeps failing costs one write, and a restart begins the lock anew.
   */
  readonly #locks: Map<string, number>;
  readonly #declared: Disposable;

  constructor(parts: ChallengeParts) {
    this.#parts = parts;
    this.#locks = new Map(Object.entries(parts.locks.read()));
    const now = parts.clock.monotonicMs();
    for (const [row, seconds] of this.#locks)
      this.#failures.set(row, { count: 0, lockedUntilMs: now + seconds * 1000 });
    this.#declared = parts.model.declare({
      path: 'Device.LocalAgent.ControllerTrust.',
      commands: {
        'RequestChallenge()': async (args, context) => this.#request(args, context),
        'ChallengeResponse()': (args, context) => this.#respond(args, context),
      },
    });
  }

  [Symbol.dispose](): void {
    this.#declared[Symbol.dispose]();
  }

  #request(args: Readonly<Record<string, string>>, { origin }: CommandContext): CommandResult {
    const { clock, challenge, controller, randomHex } = this.#parts;
    const peer = origin.by === 'usp' ? origin.peer : undefined;
    if (peer === undefined || !controller(peer)) return refuse('denied', 'only a controller can be challenged');
    const row = (args.ChallengeRef ?? '').replace(/\.$/, '');
    const wanted = challenge(row);
    if (wanted?.type !== 'Passphrase') return refuse('invalid-value', 'ChallengeRef is no challenge');
    if (this.#locked(row)) return refuse('busy', 'the challenge is locked');
    const now = clock.monotonicMs();
    const open = this.#outstanding.get(peer);
    if (open && open.row !== row && now < open.expiresMs) return refuse('denied', 'another challenge is outstanding');
    const seconds = Number(args.RequestExpiration ?? defaultExpirationSeconds);
    const expiresMs = seconds > 0 ? now + seconds * 1000 : Number.POSITIVE_INFINITY;
    const id = randomHex(16);
    this.#outstanding.set(peer, { id, row, expiresMs });
    const { instruction, instructionType, valueType } = wanted;
    return ok({ Instruction: instruction, InstructionType: instructionType, ValueType: valueType, ChallengeID: id });
  }

  async #respond(args: Readonly<Record<string, string>>, { origin }: CommandContext): Promise<CommandResult> {
    const { clock, log, challenge, controller } = this.#parts;
    const peer = origin.by === 'usp' ? (origin.peer ?? '') : '';
    const open = this.#outstanding.get(peer);
    const known = controller(peer);
    if (!open || !known || open.id !== args.ChallengeID || clock.monotonicMs() >= open.expiresMs)
      return refuse('invalid-value', 'ChallengeID is not known');
    if (this.#locked(open.row)) return refuse('busy', 'the challenge is locked');
    const asked = challenge(open.row);
    if (!asked) return refuse('invalid-value', 'the challenge is not there any more');
    if (!same(asked.value.reveal(), args.Value ?? '')) {
      log.warn('a challenge was not met', { controller: peer, challenge: open.row });
      await this.#fail(asked);
      return refuse('command-failed', 'the value is wrong');
    }
    this.#outstanding.delete(peer);
    this.#failures.delete(open.row);
    if (this.#locks.delete(open.row)) await this.#keepLocks();
    const granted = await this.#grant(known, asked.roles);
    if (granted) log.info('a challenge was met', { controller: peer, challenge: open.row });
    return granted ? ok({}) : refuse('command-failed', 'the role could not be assigned');
  }

  /** In place of the untrusted role, or besides the others. */
  async #grant(
    { path, assigned }: { path: string; assigned: readonly string[] },
    roles: readonly string[],
  ): Promise<boolean> {
    const { model, untrusted } = this.#parts;
    const kept = assigned.filter((role) => !untrusted().includes(role));
    const value = [...new Set([...kept, ...roles])].join();
    const answer = await model.write(
      { protocol: 'usp' },
      [{ op: 'set', path, parameters: [{ name: 'AssignedRole', value, required: true }] }],
      { origin: { by: 'device' }, partial: false },
    );
    return answer.committed;
  }

  async #fail({ row, retries, lockoutSeconds }: Challenge): Promise<void> {
    const { clock } = this.#parts;
    const failures = this.#failures.get(row) ?? { count: 0, lockedUntilMs: 0 };
    this.#failures.set(row, failures);
    if (++failures.count < Math.max(1, retries)) return;
    failures.count = 0;
    failures.lockedUntilMs = clock.monotonicMs() + lockoutSeconds * 1000;
    for (const [peer, open] of this.#outstanding) if (open.row === row) this.#outstanding.delete(peer);
    if (lockoutSeconds <= 0 || this.#locks.get(row) === lockoutSeconds) return;
    this.#locks.set(row, lockoutSeconds);
    await this.#keepLocks();
  }

  async #keepLocks(): Promise<void> {
    const { locks, log } = this.#parts;
    await locks
      .keep(Object.fromEntries(this.#locks))
      .catch((error) => log.error('locks of challenges were not kept', { reason: explain(error) }));
  }

  #locked(row: string): boolean {
    return this.#parts.clock.monotonicMs() < (this.#failures.get(row)?.lockedUntilMs ?? 0);
  }
}

/** In a time that does not tell where they differ. No value is never met. */
function same(expected: string, given: string): boolean {
  const digest = (base64: string): Buffer => createHash('sha256').update(Buffer.from(base64, 'base64')).digest();
  return expected !== '' && timingSafeEqual(digest(expected), digest(given));
}
