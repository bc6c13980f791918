import type { Clock, Log } from '#base';
import type { Change, Model } from '#model';
import type { StateStore } from '#platform';
import { readDeviceId } from '../client/config.ts';
import type { CwmpStateFile } from '../client/state.ts';
import { LightweightNotifier } from '../lightweight/notifier.ts';
import { acsView } from '../verbs/verb.ts';
import { type ReachConfig, readReachConfig } from './config.ts';
import type { ReachPorts } from './ports.ts';
import { UdpReach } from './udp-reach.ts';
import { XmppReach } from './xmpp-reach.ts';

export interface ReachParts {
  readonly model: Model;
  readonly clock: Clock;
  readonly log: Log;
  readonly state: CwmpStateFile;
  /** Survives the process, not the boot. */
  readonly runtime: StateStore;
  readonly random: () => number;
  readonly randomHex: (bytes: number) => string;
  readonly ports: ReachPorts;
  /** The ACS asks for a session. @returns false: too many have been accepted of late */
  readonly accepted: () => boolean;
  /** These have another value by themselves. */
  readonly changed: (paths: readonly string[]) => void;
}

const ownParameter =
  /\.(JabberID|Status|LastChangeDate|TLSEstablished|ConnReqJabberID|UDPConnectionRequestAddress|NATDetected)$|\.Stats\./;

/** The ways by which an ACS reaches a device behind a NAT, each started when the configuration first asks for it. */
export class Reach implements AsyncDisposable {
  readonly #parts: ReachParts;
  readonly #udp: UdpReach;
  readonly #xmpp: XmppReach;
  #lightweight: LightweightNotifier | undefined;
  #watching: Disposable | undefined;
  #turn: Promise<void> = Promise.resolve();

  constructor(parts: ReachParts) {
    this.#parts = parts;
    this.#udp = new UdpReach(parts);
    this.#xmpp = new XmppReach(parts);
  }

  async start(): Promise<void> {
    const { model, log } = this.#parts;
    const watched = await model.watch(
      acsView,
      {
        paths: ['Device.ManagementServer.', 'Device.XMPP.Connection.'],
        kinds: ['value', 'created', 'deleted'],
      },
      (change) => {
        // What we tell ourselves is nothing to take over.
        if (change.kind !== 'value' || !ownParameter.test(change.path)) void this.#configure();
      },
    );
    if (watched.ok) this.#watching = watched.value;
    else log.error('the configuration can not be watched', { reason: watched.fault.message });
    await this.#configure();
  }

  status(): Readonly<Record<string, string>> {
    return { ...this.#udp.status(), ...this.#xmpp.status() };
  }

  /** A parameter has changed whose notification is a lightweight one. */
  tell({ path, value, type }: Extract<Change, { kind: 'value' }>, active: boolean): void {
    this.#lightweight?.changed({ path, value, type }, active);
  }

  /** An interface has come, gone or got another address. */
  networkChanged(): void {
    this.#udp.networkChanged();
    this.#xmpp.networkChanged();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watching?.[Symbol.dispose]();
    await this.#turn;
    const ways = [this.#udp, this.#xmpp, ...(this.#lightweight ? [this.#lightweight] : [])];
    await Promise.all(ways.map((way) => way[Symbol.asyncDispose]()));
  }

  #configure(): Promise<void> {
    const { model, log } = this.#parts;
    this.#turn = this.#turn.then(async () => {
      try {
        const config: ReachConfig = await readReachConfig(model);
        await this.#udp.configure(config);
        await this.#xmpp.configure(config);
        this.#configureLightweight(config);
      } catch (error) {
        log.error('the configuration of the connection requests could not be taken over', { error });
      }
    });
    return this.#turn;
  }

  #configureLightweight({ lightweight }: ReachConfig): void {
    if (lightweight && !this.#lightweight) {
      const { model, clock, log, random, randomHex, ports } = this.#parts;
      const deviceId = () => readDeviceId(model);
      this.#lightweight = new LightweightNotifier({ ...ports, clock, log, random, randomHex, deviceId });
    }
    this.#lightweight?.configure(lightweight);
  }
}
