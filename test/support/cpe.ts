import { expect } from 'vitest';
import { createLog, formatRecord } from '#base';
import { type CwmpClient, type CwmpPorts, type Root, startCwmp } from '#cwmp';
import { type Acs, type AcsAnswer, type AcsOptions, type AcsRpc, startAcs } from '#lab';
import { type HttpOptions, openHttp } from '#platform';
import { FakeBus } from './fake-bus.ts';
import { FakeFiles } from './fake-files.ts';
import { HandClock } from './hand-clock.ts';
import { MemoryState } from './memory-state.ts';
import { type ModelFixture, openModel } from './model-fixture.ts';

/** How long what must come may take on a machine that is busy; nothing is measured by it. */
export const patient = { interval: 10, timeout: 20_000 };

const packages = {
  wireless:
    "config wifi-device 'radio0'\n\toption band '2g'\n\nconfig wifi-iface 'home'\n\toption device 'radio0'\n\toption mode 'ap'\n\toption ssid 'Old'\n\toption key 'hidden-key'\n",
  firewall: '',
  network: '',
  system: '',
  dhcp: '',
};

export interface CpeOptions {
  /** Of the section `cwmp`, as lines. */
  readonly cwmp?: string;
  readonly http?: HttpOptions;
  readonly root?: Root;
  /** Default: the lab's ACS with these habits. */
  readonly acs?: AcsOptions;
  /** Another server than the lab's ACS. */
  readonly url?: string;
  readonly trace?: CwmpPorts['trace'];
  /** Before the client starts. */
  readonly prepare?: (fixture: ModelFixture) => Promise<void>;
  readonly timeouts?: { readonly exchangeMs: number; readonly sessionMs: number };
}

/** The CWMP client over real HTTP, with a clock of the hand and a model of a few sections, beside the lab's ACS. */
export class Cpe implements AsyncDisposable {
  readonly clock = new HandClock();
  readonly state = new MemoryState();
  readonly runtime = new MemoryState();
  readonly lines: string[] = [];
  readonly #options: CpeOptions;
  acs!: Acs;
  fixture!: ModelFixture;
  client!: CwmpClient;

  constructor(options: CpeOptions) {
    this.#options = options;
  }

  async begin(): Promise<this> {
    this.acs = await startAcs(this.#options.acs ?? {});
    const { url = this.acs.url, cwmp = '' } = this.#options;
    const tandem = `config agent 'agent'\n\nconfig device 'device'\n\nconfig usp 'usp'\n\nconfig cwmp 'cwmp'\n\toption url '${url}'\n\toption username 'cpe'\n\toption password 'cpe-password'\n${cwmp}`;
    const bus = new FakeBus({
      'service event': () => ({}),
      'network.wireless status': () => ({}),
      'network.device status': () => ({}),
      'network.interface dump': () => ({}),
      'system board': () => ({ model: 'Box', release: { version: '24.10.2', revision: 'r1' } }),
      'system info': () => ({}),
    });
    this.fixture = await openModel({ bus, packages: { ...packages, tandem } });
    this.fixture.model.declare({
      path: 'Device.DeviceInfo.',
      parameters: {
        ManufacturerOUI: { get: () => '00D09E' },
        SerialNumber: { get: () => 'S1' },
        ProductClass: { get: () => 'Box' },
        Manufacturer: { get: () => 'M' },
      },
    });
    await this.#options.prepare?.(this.fixture);
    let bytes = 0;
    this.client = await startCwmp({
      model: this.fixture.model,
      clock: this.clock,
      log: createLog(
        (record) => this.lines.push(formatRecord(record)),
        () => 'debug',
      ),
      state: this.state,
      runtime: this.runtime,
      openHttp: () => openHttp(this.#options.http),
      listen: async () => ({ port: 7547, [Symbol.asyncDispose]: async () => {} }),
      localAddressTowards: async () => '192.0.2.7',
      random: () => 0.5,
      randomHex: (count) => (++bytes).toString(16).padStart(count * 2, '0'),
      allowPlain: true,
      reached: () => {},
      files: new FakeFiles(),
      idle: async () => true,
      ...(this.#options.trace && { trace: this.#options.trace }),
      ...(this.#options.root && { root: this.#options.root }),
      ...(this.#options.timeouts && { timeouts: this.#options.timeouts }),
    });
    return this;
  }

  /** So many Informs have come, and no session is running. */
  async informed(count: number): Promise<void> {
    await expect.poll(() => this.acs.informs.length, patient).toBeGreaterThanOrEqual(count);
    await this.idle();
  }

  async idle(): Promise<void> {
    await expect.poll(() => this.client.status().state, patient).not.toBe('in session');
  }

  /** Served in a session of its own. */
  async call(rpc: AcsRpc): Promise<AcsAnswer> {
    const answer = this.acs.call(this.acs.device!, rpc);
    this.client.inform();
    const given = await answer;
    await this.idle();
    return given;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client[Symbol.asyncDispose]();
    await this.acs[Symbol.asyncDispose]();
    await this.fixture[Symbol.asyncDispose]();
  }
}

/** @returns a client that has told its first Inform */
export async function startCpe(options: CpeOptions = {}): Promise<Cpe> {
  return await new Cpe(options).begin();
}
