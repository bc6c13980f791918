import { type Clock, explain, type Log, PhaseTimer, type Secret, TokenBucket } from '#base';
import type { DeviceId } from '../inform.ts';
import type { UdpPorts } from '../stun/ports.ts';
import { type LightweightParameter, lightweightMessage, lightweightMessages } from './message.ts';

export interface LightweightConfig {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: Secret;
  /** 0: passive ones wait for an active one. */
  readonly triggerIntervalSeconds: number;
  /** Milliseconds since 1970; `undefined`: ours to choose. */
  readonly triggerPhase: number | undefined;
}

export interface LightweightParts extends Pick<UdpPorts, 'openUdp' | 'resolveHost'> {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly randomHex: (bytes: number) => string;
  readonly deviceId: () => Promise<DeviceId>;
}

/** What changes together is told together. */
const gatherMs = 100;
/** Active ones in a row, and how many more each second: a parameter that flaps must not fill the uplink. */
const burst = 10;
const perSecond = 0.5;
/** Of different parameters; a value that changes again takes its own place. */
const pendingLimit = 1000;

/**
 * Lightweight notifications over UDP (TR-069 Annex M): active ones at once and the passive ones with them, or when their time comes. Nobody acknowledges
 * them; what is lost is lost.
 */
export class LightweightNotifier implements AsyncDisposable {
  readonly #parts: LightweightParts;
  readonly #pending = new Map<string, LightweightParameter>();
  readonly #tokens: TokenBucket;
  readonly #trigger: PhaseTimer;
  #config: LightweightConfig | undefined;
  #gathering: Disposable | undefined;
  #sending: Promise<void> = Promise.resolve();
  #sent = 0;

  constructor(parts: LightweightParts) {
    this.#parts = parts;
    this.#tokens = new TokenBucket(parts.clock, burst, perSecond);
    this.#trigger = new PhaseTimer(parts.clock, parts.random, () => this.#send());
  }

  /** Messages since the start. */
  get sent(): number {
    return this.#sent;
  }

  /** @param config `undefined`: nothing is told, and what waits is forgotten */
  configure(config: LightweightConfig | undefined): void {
    if (config?.password.empty && this.#config?.password.empty !== true) {
      this.#parts.log.warn('lightweight notifications are not sent: there is no password to sign them with');
    }
    this.#config = config;
    const plan = { intervalSeconds: config?.triggerIntervalSeconds ?? 0, phase: config?.triggerPhase };
    this.#trigger.set({ enabled: config !== undefined, ...plan });
    if (!config) this.#pending.clear();
  }

  changed(parameter: LightweightParameter, active: boolean): void {
    if (!this.#config || this.#config.password.empty) return;
    if (this.#pending.size >= pendingLimit && !this.#pending.has(parameter.path)) return;
    this.#pending.set(parameter.path, parameter);
    if (active) this.#soon(gatherMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#trigger[Symbol.dispose]();
    this.#gathering?.[Symbol.dispose]();
    await this.#sending;
  }

  #soon(delayMs: number): void {
    this.#gathering ??= this.#parts.clock.timer(delayMs, () => {
      this.#gathering = undefined;
      if (this.#tokens.take()) this.#send();
      else this.#soon(1000 / perSecond);
    });
  }

  #send(): void {
    const { log } = this.#parts;
    const config = this.#config;
    if (!config || this.#pending.size === 0) return;
    const parameters = [...this.#pending.values()];
    this.#pending.clear();
    this.#sending = this.#sending
      .then(() => this.#deliver(config, parameters))
      .catch((error) => log.warn('a lightweight notification is lost', { reason: explain(error) }));
  }

  async #deliver(config: LightweightConfig, parameters: readonly LightweightParameter[]): Promise<void> {
    const { clock, log, randomHex, openUdp, resolveHost } = this.#parts;
    const { host, port, username, password } = config;
    const [to] = await resolveHost(host);
    if (!to) throw new Error(`'${host}' has no address`);
    const deviceId = await this.#parts.deviceId();
    const { messages, tooLarge } = lightweightMessages(parameters, (some) =>
      lightweightMessage(
        { deviceId, username, now: clock.now(), clientNonce: randomHex(8), parameters: some },
        `${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`,
        password,
      ),
    );
    for (const path of tooLarge) log.warn('a value is too large for a lightweight notification', { path });
    await using socket = await openUdp({ family: to.family, port: 0, received: () => {} });
    for (const message of messages) await socket.send(message, { address: to.address, port });
    this.#sent += messages.length;
    log.debug('lightweight notifications sent', { messages: messages.length, parameters: parameters.length });
  }
}
