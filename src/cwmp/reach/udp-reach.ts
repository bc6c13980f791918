import { explain, TokenBucket } from '#base';
import { authorityOf } from '../stun/message.ts';
import { RequestJudge } from '../stun/request-judge.ts';
import type { StunBinding } from '../stun/stun-keeper.ts';
import { StunKeeper } from '../stun/stun-keeper.ts';
import type { ReachConfig } from './config.ts';
import type { ReachParts } from './reach.ts';

const runtimeName = 'cwmp-udp-request';
/** On flash no more often than this. */
const saveSeconds = 3600;
const addressPath = 'Device.ManagementServer.UDPConnectionRequestAddress';
const natPath = 'Device.ManagementServer.NATDetected';

/** UDP Connection Requests through a NAT, and the parameters that tell of them. Without STUN no port is open. */
export class UdpReach implements AsyncDisposable {
  readonly #parts: ReachParts;
  readonly #declared: Disposable;
  /** Of lines in the log. */
  readonly #refusals: TokenBucket;
  #config: ReachConfig | undefined;
  #key = '';
  #keeper: StunKeeper | undefined;
  #judge: RequestJudge | undefined;
  #binding: StunBinding | undefined;

  constructor(parts: ReachParts) {
    this.#parts = parts;
    this.#refusals = new TokenBucket(parts.clock, 5, 0.1);
    this.#declared = parts.model.declare({
      path: 'Device.ManagementServer.',
      parameters: {
        UDPConnectionRequestAddress: { get: () => (this.#binding ? authorityOf(this.#binding.mapped) : '') },
        NATDetected: { get: () => String(this.#binding?.natDetected ?? false) },
      },
    });
  }

  status(): Readonly<Record<string, string>> {
    if (!this.#keeper) return {};
    const { keepAliveSeconds } = this.#keeper;
    return {
      udp_connection_request: this.#binding ? authorityOf(this.#binding.mapped) : '',
      nat: this.#binding?.natDetected ? 'detected' : 'not detected',
      stun: keepAliveSeconds === undefined ? 'no answer' : `every ${keepAliveSeconds} s`,
    };
  }

  networkChanged(): void {
    this.#keeper?.refresh();
  }

  async configure(config: ReachConfig): Promise<void> {
    const { clock, log, random, randomHex, ports, accepted } = this.#parts;
    this.#config = config;
    const { stun, connectionRequest } = config;
    // Secrets do not become text by themselves.
    const key = stun
      ? JSON.stringify([
          stun,
          stun.credentials.password.reveal(),
          connectionRequest.username,
          connectionRequest.password.reveal(),
        ])
      : '';
    if (key === this.#key) return;
    this.#key = key;
    await this.#keeper?.[Symbol.asyncDispose]();
    this.#keeper = undefined;
    if (!stun) {
      this.#bound(undefined);
      return;
    }
    this.#judge ??= new RequestJudge({
      clock,
      credentials: () => this.#config!.connectionRequest,
      accepted: () => {
        const taken = accepted();
        if (taken) log.info('connection request over UDP');
        return taken;
      },
      refused: () => {
        if (this.#refusals.take())
          log.warn('a connection request over UDP is refused: it is not signed with our credentials');
      },
      lastTimestamp: this.#savedTimestamp(),
      saveTimestamp: (timestamp) => this.#save(timestamp),
    });
    this.#keeper = new StunKeeper({
      ...ports,
      config: { ...stun, listenPort: ports.udpPort },
      clock,
      log,
      random,
      randomBytes: (count) => Buffer.from(randomHex(count), 'hex'),
      heard: (datagram, from) => {
        if (ports.allows(from.address)) this.#judge!.received(datagram);
      },
      bound: (binding) => this.#bound(binding),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#keeper?.[Symbol.asyncDispose]();
    this.#declared[Symbol.dispose]();
  }

  #bound(binding: StunBinding | undefined): void {
    if (!binding && !this.#binding) return;
    this.#binding = binding;
    this.#parts.changed([addressPath, natPath]);
  }

  #savedTimestamp(): number {
    const { runtime, state } = this.#parts;
    const known = Number(runtime.read(runtimeName));
    return Math.max(Number.isFinite(known) ? known : 0, state.get().udpRequestTimestamp ?? 0);
  }

  #save(timestamp: number): void {
    const { runtime, state, log } = this.#parts;
    const failed = (error: unknown): void => log.warn('the state can not be saved', { reason: explain(error) });
    runtime.write(runtimeName, String(timestamp)).catch(failed);
    const saved = state.get().udpRequestTimestamp ?? 0;
    if (timestamp >= saved && timestamp - saved < saveSeconds) return;
    state.change({ udpRequestTimestamp: timestamp }).catch(failed);
  }
}
