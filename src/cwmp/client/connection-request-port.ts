import { TokenBucket } from '#base';
import type { CwmpConfig } from './config.ts';
import { connectionRequests } from './connection-request.ts';
import type { ConnectionRequestListener, CwmpPorts } from './ports.ts';
import type { CwmpStateFile } from './state.ts';

/** Until a port that could not be opened is tried again. */
const againMs = 60_000;

/** The port for connection requests: open while it is configured and there are credentials to ask for, closed otherwise. */
export class ConnectionRequestPort implements AsyncDisposable {
  readonly #ports: CwmpPorts;
  readonly #state: CwmpStateFile;
  readonly #accepted: () => boolean;
  #listener: ConnectionRequestListener | undefined;
  #config: CwmpConfig['connectionRequest'] | undefined;
  #url = '';
  #wanted = false;
  /** Of the last session with the ACS. */
  #family: 4 | 6 | undefined;
  /** Of lines in the log. */
  readonly #refusals: TokenBucket;
  #turn: Promise<void> = Promise.resolve();
  #again: Disposable | undefined;

  constructor(ports: CwmpPorts, state: CwmpStateFile, accepted: () => boolean) {
    this.#ports = ports;
    this.#state = state;
    this.#accepted = accepted;
    this.#refusals = new TokenBucket(ports.clock, 5, 0.1);
  }

  /** `Device.ManagementServer.ConnectionRequestURL`; '' while nobody can be heard. */
  get url(): string {
    return this.#url;
  }

  /** Opens or closes the port, as the configuration wants it. */
  sync({ enabled, connectionRequest }: CwmpConfig): Promise<void> {
    this.#config = connectionRequest;
    const { username, password } = connectionRequest;
    this.#wanted = enabled && connectionRequest.enabled && username !== '' && !password.empty;
    return this.#settle();
  }

  /** The address is the one by which the ACS is reached at the moment. */
  async refreshUrl(acs: URL): Promise<void> {
    const { connectionRequestPath: path } = this.#state.get();
    if (!this.#listener || !path) return;
    const port = Number(acs.port || (acs.protocol === 'https:' ? 443 : 80));
    const address = await this.#ports.localAddressTowards(acs.hostname.replace(/^\[|\]$/g, ''), port, this.#family);
    if (address === undefined) return;
    const host = address.includes(':') ? `[${address}]` : address;
    this.#url = `http://${host}:${this.#listener.port}${path}`;
  }

  /**
   * A session has gone over this address: the ACS is likely to get through in this family, and may not in the other (TR-069 3.2.2: behind DS-Lite and the like).
   * @returns whether the URL has an address of the other one
   */
  reachedFrom(address: string | undefined): boolean {
    if (address === undefined) return false;
    this.#family = address.includes(':') && !address.startsWith('::ffff:') ? 6 : 4;
    return this.#url !== '' && this.#url.startsWith('http://[') !== (this.#family === 6);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#wanted = false;
    return this.#settle();
  }

  /** One after the other: a change in the middle of opening waits for its end. */
  #settle(): Promise<void> {
    this.#turn = this.#turn.then(async () => {
      this.#again?.[Symbol.dispose]();
      this.#again = undefined;
      if (this.#wanted && !this.#listener) await this.#open();
      else if (!this.#wanted) await this.#close();
    });
    return this.#turn;
  }

  async #close(): Promise<void> {
    await this.#listener?.[Symbol.asyncDispose]();
    this.#listener = undefined;
    this.#url = '';
  }

  async #open(): Promise<void> {
    const { clock, log, randomHex } = this.#ports;
    if (!this.#state.get().connectionRequestPath) {
      // Not waited for: a path that a power cut takes is made anew and told in the next Inform.
      this.#state
        .change({ connectionRequestPath: `/${randomHex(16)}` })
        .catch((error) => log.error('the state can not be saved', { error }));
    }
    try {
      this.#listener = await this.#ports.listen(
        connectionRequests({
          clock,
          nonce: () => randomHex(16),
          path: () => this.#state.get().connectionRequestPath!,
          credentials: () => this.#config!,
          accepted: () => {
            const taken = this.#accepted();
            if (taken) log.info('connection request');
            else log.warn('a connection request is put off: there have been too many');
            return taken;
          },
          refused: (because, from) => {
            if (!this.#refusals.take()) return;
            log.warn('a connection request is refused', { wrong: because, from });
          },
        }),
      );
    } catch (error) {
      log.error('connection requests can not be heard', { error, again_in_s: againMs / 1000 });
      // Somebody else has the port, for the moment or not.
      this.#again = clock.timer(againMs, () => void this.#settle());
    }
  }
}
