import { type Clock, explain, LinkedAbort, type Log, retryWaitMs, sleep, standardRetry, TandemError } from '#base';
import type { UdpPeer, UdpSocket } from '#platform';
import { Binder, type BindingAnswer, type StunCredentials } from './binding.ts';
import { LifetimeSearch } from './lifetime-search.ts';
import { testLifetimes } from './lifetime-test.ts';
import { authorityOf, bindingChange, connectionRequestBinding, type TransportAddress } from './message.ts';
import type { UdpPorts } from './ports.ts';

/** STUN_NO_ADDRESS, STUN_SILENT, STUN_REFUSED, STUN_UNUSABLE */
export class StunError extends TandemError {}

export interface StunConfig {
  readonly host: string;
  readonly port: number;
  readonly credentials: StunCredentials;
  readonly minimumKeepAliveSeconds: number;
  /** `undefined`: no maximum. */
  readonly maximumKeepAliveSeconds: number | undefined;
  /** Where connection requests are heard; 0: any free port. */
  readonly listenPort: number;
}

export interface StunBinding {
  readonly mapped: TransportAddress;
  /** The NAT shows another address or port than ours. */
  readonly natDetected: boolean;
}

export interface StunParts extends UdpPorts {
  readonly config: StunConfig;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly randomBytes: (count: number) => Uint8Array;
  /** What came to the port and is no answer of the server. */
  readonly heard: (datagram: Uint8Array, from: UdpPeer) => void;
  /** The binding is known, or is another one. */
  readonly bound: (binding: StunBinding) => void;
}

/**
 * Keeps a way open through the NAT to the port where UDP Connection Requests are heard (TR-069 Annex G): finds out how the port
 * looks from outside, tells the server when that changes, and repeats it as seldom as the NAT allows.
 */
export class StunKeeper implements AsyncDisposable {
  readonly #parts: StunParts;
  readonly #abort = new AbortController();
  readonly #running: Promise<void>;
  #wake: LinkedAbort | undefined;
  /** What is known is no longer to be relied on. */
  #stale = false;
  #socket: { readonly family: 4 | 6; readonly udp: UdpSocket } | undefined;
  #binder: Binder | undefined;
  /** The binding that the server has been told of as a changed one. */
  #told = '';
  #published = '';
  #failures = 0;
  #keepAliveSeconds: number | undefined;
  #search: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined;

  constructor(parts: StunParts) {
    this.#parts = parts;
    this.#running = this.#run();
  }

  /** Seconds between the requests at the moment; `undefined`: there is no binding. */
  get keepAliveSeconds(): number | undefined {
    return this.#keepAliveSeconds;
  }

  /** The network is another one: looked at now. */
  refresh(): void {
    this.#stale = true;
    this.#wake?.abort(new Error('the network has changed'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort(new Error('stopped'));
    await this.#running;
  }

  async #run(): Promise<void> {
    const { log, random } = this.#parts;
    const { signal } = this.#abort;
    try {
      for (;;) {
        try {
          await this.#hold(signal);
        } catch (error) {
          signal.throwIfAborted();
          // One line for an outage, however long it lasts.
          if (this.#failures === 0) log.warn('no binding from the STUN server', { reason: explain(error) });
          this.#failures++;
        }
        this.#keepAliveSeconds = undefined;
        await this.#pause(retryWaitMs(standardRetry, this.#failures, random));
      }
    } catch (error) {
      if (!signal.aborted) log.error('STUN has ended', { error });
    } finally {
      await this.#stopSearch();
      await this.#socket?.udp[Symbol.asyncDispose]();
    }
  }

  /** One server for as long as it answers. @throws StunError, UdpError, the signal's reason */
  async #hold(signal: AbortSignal): Promise<never> {
    const { config, clock, log, randomBytes } = this.#parts;
    const addresses = await this.#parts.resolveHost(config.host);
    // NATs are IPv4's; a server that has both is asked there.
    const host = addresses.find(({ family }) => family === 4) ?? addresses[0];
    if (!host) throw new StunError('STUN_NO_ADDRESS', `'${config.host}' has no address`);
    const server = { address: host.address, port: config.port };
    const udp = await this.#open(host.family);
    const binder = new Binder({
      server,
      credentials: config.credentials,
      clock,
      randomBytes,
      send: (datagram) => udp.send(datagram, server),
    });
    this.#binder = binder;
    let search = this.#newSearch();
    for (let first = true; ; first = this.#stale) {
      this.#stale = false;
      const { mapped } = good(await binder.request([connectionRequestBinding], signal));
      if (this.#failures > 0) log.info('the STUN server answers again');
      this.#failures = 0;
      const binding = authorityOf(mapped);
      if (binding !== this.#told || first) {
        await this.#publish(mapped, server, udp.port);
        if (binding !== this.#told) {
          good(await binder.request([connectionRequestBinding, bindingChange], signal));
          this.#told = binding;
        }
        await this.#stopSearch();
        search = this.#newSearch();
        this.#startSearch(search, server, host.family);
      }
      this.#keepAliveSeconds = search.keepAliveSeconds;
      await this.#pause(search.keepAliveSeconds * 1000);
    }
  }

  async #publish(mapped: TransportAddress, server: TransportAddress, port: number): Promise<void> {
    const local = await this.#parts.localAddressTowards(server.address, server.port);
    const natDetected = mapped.port !== port || mapped.address !== local;
    const published = `${authorityOf(mapped)} ${natDetected}`;
    if (published === this.#published) return;
    this.#published = published;
    this.#parts.log.info('reached over UDP', { at: authorityOf(mapped), nat: natDetected });
    this.#parts.bound({ mapped, natDetected });
  }

  async #open(family: 4 | 6): Promise<UdpSocket> {
    if (this.#socket?.family === family) return this.#socket.udp;
    await this.#socket?.udp[Symbol.asyncDispose]();
    this.#socket = undefined;
    const udp = await this.#parts.openUdp({
      family,
      port: this.#parts.config.listenPort,
      listening: true,
      received: (data, from) => {
        if (this.#binder?.received(data, from) !== true) this.#parts.heard(data, from);
      },
    });
    this.#socket = { family, udp };
    return udp;
  }

  #newSearch(): LifetimeSearch {
    const { minimumKeepAliveSeconds, maximumKeepAliveSeconds } = this.#parts.config;
    return new LifetimeSearch(minimumKeepAliveSeconds, maximumKeepAliveSeconds);
  }

  #startSearch(search: LifetimeSearch, server: TransportAddress, family: 4 | 6): void {
    const { config, clock, log, openUdp, randomBytes } = this.#parts;
    const stop = new AbortController();
    const { credentials } = config;
    const parts = { server, family, credentials, clock, log, openUdp, randomBytes, signal: stop.signal };
    this.#search = { stop, ended: testLifetimes(search, parts) };
  }

  async #stopSearch(): Promise<void> {
    const running = this.#search;
    this.#search = undefined;
    running?.stop.abort(new Error('stopped'));
    await running?.ended;
  }

  /** Until the time is over, or `refresh` is called. @throws when all ends */
  async #pause(ms: number): Promise<void> {
    const { signal } = this.#abort;
    using wake = new LinkedAbort(signal);
    this.#wake = wake;
    if (!this.#stale) await sleep(this.#parts.clock, ms, wake.signal).catch(() => {});
    signal.throwIfAborted();
  }
}

function good(answer: BindingAnswer): Extract<BindingAnswer, { ok: true }> {
  if (answer.ok) return answer;
  const text = { silent: 'it does not answer', refused: 'it refuses', unusable: 'its answer names no address' }[
    answer.why
  ];
  throw new StunError(
    `STUN_${answer.why.toUpperCase()}`,
    answer.code === undefined ? text : `${text} with ${answer.code}`,
  );
}
