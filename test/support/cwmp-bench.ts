import { expect } from 'vitest';
import { silentLog } from '#base';
import { type CwmpClient, type SeenRequest, startCwmp } from '#cwmp';
import type { HttpConnection } from '#platform';
import { FakeBus } from './fake-bus.ts';
import { FakeFiles } from './fake-files.ts';
import { HandClock } from './hand-clock.ts';
import { MemoryState } from './memory-state.ts';
import { type ModelFixture, openModel } from './model-fixture.ts';

const wireless = "config wifi-iface 'home'\n\toption mode 'ap'\n\toption ssid 'Old'\n";
export const tandemConfig = (cwmp: string): string =>
  `config agent 'agent'\n\nconfig device 'device'\n\nconfig usp 'usp'\n\nconfig cwmp 'cwmp'\n\toption url 'http://acs.example/'\n${cwmp}`;
export const envelope = (body: string, id: string): string =>
  `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:c="urn:dslforum-org:cwmp-1-2"><s:Header><c:ID s:mustUnderstand="1">${id}</c:ID></s:Header><s:Body>${body}</s:Body></s:Envelope>`;

export interface Inform {
  readonly events: string[];
  readonly keys: string[];
  readonly retryCount: number;
  readonly parameters: Map<string, string>;
}

/** An ACS behind a connection that is made of calls. */
export class Acs {
  readonly informs: Inform[] = [];
  readonly answers: string[] = [];
  /** Served one by one, after the Inform. */
  requests: string[] = [];
  failing = false;
  /** Messages that the CPE has sent by itself and that were acknowledged. */
  readonly said: string[] = [];
  /** At which the connection breaks. */
  refusing: string | undefined;
  /** Seconds that a busy server asks for. */
  busy: string | undefined;
  duringSession: (() => void) | undefined;
  /** Ours, on the way here. */
  localAddress: string | undefined;
  /** The connection breaks instead of an answer to these bodies. */
  breaking: ((body: string) => boolean) | undefined;

  /** Between the decision what to tell and the Inform. */
  opening: (() => void) | undefined;

  open(): HttpConnection {
    this.opening?.();
    return {
      localAddress: this.localAddress,
      [Symbol.dispose]: () => {},
      send: async (_, { body }) => {
        if (this.breaking?.(body)) throw new Error('the connection broke');
        if (this.failing) throw new Error('no route to the ACS');
        const answer = (status: number, text: string) => ({
          status,
          headers: {},
          setCookie: [],
          wwwAuthenticate: [],
          body: text,
        });
        if (this.busy !== undefined) return { ...answer(503, ''), headers: { 'retry-after': this.busy } };
        if (body.includes('<cwmp:Inform>')) {
          this.informs.push({
            events: [...body.matchAll(/<EventCode>([^<]+)/g)].map((match) => match[1]!),
            keys: [...body.matchAll(/<CommandKey>([^<]*)/g)].map((match) => match[1]!),
            retryCount: Number(/<RetryCount>(\d+)/.exec(body)![1]),
            parameters: new Map(
              [...body.matchAll(/<Name>([^<]+)<\/Name><Value[^>]*>([^<]*)/g)].map((match) => [match[1]!, match[2]!]),
            ),
          });
          const id = /<cwmp:ID[^>]*>([^<]+)/.exec(body)![1]!;
          return answer(200, envelope('<c:InformResponse><MaxEnvelopes>1</MaxEnvelopes></c:InformResponse>', id));
        }
        const own = /<soap-env:Body><cwmp:(\w+Complete)>/.exec(body)?.[1];
        if (own !== undefined) {
          if (own === this.refusing) throw new Error('the connection broke');
          this.said.push(own);
          return answer(200, envelope(`<c:${own}Response/>`, /<cwmp:ID[^>]*>([^<]+)/.exec(body)![1]!));
        }
        if (body !== '') this.answers.push(body);
        this.duringSession?.();
        const next = this.requests.shift();
        return next === undefined ? answer(204, '') : answer(200, envelope(next, 'a1'));
      },
    };
  }
}

/** The CWMP client on a model of its own, with a clock that is moved by hand. */
export class Bench implements AsyncDisposable {
  readonly acs = new Acs();
  readonly clock = new HandClock();
  readonly state = new MemoryState();
  runtime = new MemoryState();
  readonly bus: FakeBus;
  fixture!: ModelFixture;
  client!: CwmpClient;
  heard: ((request: SeenRequest) => { status: number; headers: Record<string, string> }) | undefined;
  readonly rebooted: string[] = [];
  reset = 0;
  readonly files = new FakeFiles();
  address = '192.0.2.7';
  /** Where it has one of IPv6, too. */
  address6: string | undefined;

  constructor() {
    this.bus = new FakeBus({
      'service event': () => ({}),
      'network.wireless status': () => ({}),
      'network.device status': () => ({}),
      'system board': () => ({ release: { version: '24.10.2' } }),
      'system info': () => ({}),
    });
  }

  async begin(cwmp = ''): Promise<this> {
    this.fixture = await openModel({
      bus: this.bus,
      packages: { tandem: tandemConfig(cwmp), wireless, network: '', system: '', dhcp: '' },
    });
    this.fixture.model.declare({
      path: 'Device.',
      commands: {
        'FactoryReset()': async () => {
          this.reset++;
          return { ok: true, value: {} };
        },
        'Reboot()': async (_, { commandKey }) => {
          this.rebooted.push(`${commandKey} ${this.state.entries.get('cwmp')}`);
          return { ok: true, value: {} };
        },
      },
    });
    await this.start();
    return this;
  }

  async start(): Promise<void> {
    let bytes = 0;
    this.client = await startCwmp({
      model: this.fixture.model,
      clock: this.clock,
      log: silentLog,
      state: this.state,
      runtime: this.runtime,
      openHttp: () => this.acs.open(),
      listen: async (answer) => {
        this.heard = answer;
        return {
          port: 7547,
          [Symbol.asyncDispose]: async () => {
            this.heard = undefined;
          },
        };
      },
      localAddressTowards: async (_host, _port, family) => (family === 6 && this.address6) || this.address,
      random: () => 0.5,
      randomHex: (count) => (++bytes).toString(16).padStart(count * 2, '0'),
      allowPlain: true,
      reached: () => {},
      files: this.files,
      idle: async () => true,
    });
  }

  async idle(): Promise<void> {
    await expect.poll(() => this.client.status().state).not.toBe('in session');
  }
  async informs(count: number): Promise<Inform> {
    await expect.poll(() => this.acs.informs.length).toBe(count);
    await this.idle();
    return this.acs.informs.at(-1)!;
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.client[Symbol.asyncDispose]();
    await this.fixture[Symbol.asyncDispose]();
  }
}

/** One SetParameterValues, with the key `k7`. */
export const setValue = (path: string, value: string): string =>
  `<c:SetParameterValues><ParameterList><P><Name>${path}</Name><Value>${value}</Value></P></ParameterList><ParameterKey>k7</ParameterKey></c:SetParameterValues>`;
