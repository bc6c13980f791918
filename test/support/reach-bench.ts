import { createHmac } from 'node:crypto';
import { expect } from 'vitest';
import { createLog, formatRecord } from '#base';
import { type CwmpClient, type ReachPorts, type SeenRequest, startCwmp } from '#cwmp';
import type { HttpConnection } from '#platform';
import { FakeBus } from './fake-bus.ts';
import { FakeFiles } from './fake-files.ts';
import { HandClock } from './hand-clock.ts';
import { MemoryState } from './memory-state.ts';
import { type ModelFixture, openModel } from './model-fixture.ts';

export interface BenchInform {
  readonly events: readonly string[];
  readonly parameters: ReadonlyMap<string, string>;
}

const envelope = (body: string, id: string): string =>
  `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:c="urn:dslforum-org:cwmp-1-2"><s:Header><c:ID s:mustUnderstand="1">${id}</c:ID></s:Header><s:Body>${body}</s:Body></s:Envelope>`;

/** The CWMP client with everything around it made of calls, for the ways by which it is reached. */
export class ReachBench implements AsyncDisposable {
  readonly clock = new HandClock();
  readonly state = new MemoryState();
  readonly runtime = new MemoryState();
  readonly informs: BenchInform[] = [];
  readonly lines: string[] = [];
  /** Served one by one, after the Inform. */
  requests: string[] = [];
  readonly answers: string[] = [];
  /** Called for each message behind the Inform. */
  duringSession: (() => void) | undefined;
  failing = false;
  /** Somebody else has the port for connection requests. */
  portTaken = false;
  heard: ((request: SeenRequest) => { status: number; headers: Record<string, string> }) | undefined;
  fixture!: ModelFixture;
  client!: CwmpClient;
  readonly #reach: ReachPorts | undefined;
  readonly #bus = new FakeBus({
    'service event': () => ({}),
    'network.wireless status': () => ({}),
    'network.device status': () => ({}),
    'system board': () => ({ release: { version: '24.10.2' } }),
    'system info': () => ({}),
  });

  constructor(reach?: (bench: ReachBench) => ReachPorts) {
    this.#reach = reach?.(this);
  }

  /** @param cwmp options of the section `cwmp`, and further sections */
  async begin(cwmp: string): Promise<this> {
    const credentials =
      "\toption connection_request_username 'acs'\n\toption connection_request_password 'cr-secret'\n";
    this.fixture = await openModel({
      bus: this.#bus,
      packages: {
        tandem: `config agent 'agent'\n\nconfig device 'device'\n\nconfig usp 'usp'\n\nconfig cwmp 'cwmp'\n\toption url 'http://acs.example/'\n\toption periodic_inform '0'\n${credentials}${cwmp}`,
        wireless: "config wifi-iface 'home'\n\toption mode 'ap'\n\toption ssid 'Old'\n",
        network: '',
        system: '',
        dhcp: '',
      },
    });
    await this.start();
    return this;
  }

  async start(): Promise<void> {
    let numbers = 0;
    this.client = await startCwmp({
      model: this.fixture.model,
      clock: this.clock,
      log: createLog(
        (record) => this.lines.push(formatRecord(record)),
        () => 'debug',
      ),
      state: this.state,
      runtime: this.runtime,
      openHttp: () => this.#acs(),
      listen: async (answer) => {
        if (this.portTaken) throw new Error('the port is taken');
        this.heard = answer;
        return {
          port: 7547,
          [Symbol.asyncDispose]: async () => {
            this.heard = undefined;
          },
        };
      },
      localAddressTowards: async () => '192.168.1.2',
      ...(this.#reach && { reach: this.#reach }),
      random: () => 0.5,
      randomHex: (count) => (++numbers).toString(16).padStart(count * 2, '0'),
      allowPlain: true,
      reached: () => {},
      files: new FakeFiles(),
      idle: async () => true,
    });
  }

  /** The first so many have come, and nothing is going on. */
  async informed(count: number): Promise<BenchInform> {
    await expect.poll(() => this.informs.length).toBe(count);
    await expect.poll(() => this.client.status().state).not.toBe('in session');
    expect(this.informs).toHaveLength(count);
    return this.informs.at(-1)!;
  }

  async value(path: string): Promise<string | undefined> {
    const [reading] = await this.fixture.model.get({ protocol: 'cwmp' }, [path]);
    return reading?.result.ok ? reading.result.value[0]?.parameters[0]?.value : undefined;
  }

  async set(path: string, value: string, by: 'cwmp' | 'usp' | 'cli' = 'cli'): Promise<void> {
    const at = path.lastIndexOf('.') + 1;
    const parameters = [{ name: path.slice(at), value, required: true }];
    const write = { op: 'set', path: path.slice(0, at), parameters } as const;
    const { outcomes } = await this.fixture.model.write({ protocol: 'cwmp' }, [write], {
      origin: { by },
      partial: false,
    });
    expect(outcomes[0]!.result.ok).toBe(true);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client[Symbol.asyncDispose]();
    await this.fixture[Symbol.asyncDispose]();
  }

  #acs(): HttpConnection {
    return {
      localAddress: undefined,
      [Symbol.dispose]: () => {},
      send: async (_, { body }) => {
        if (this.failing) throw new Error('no route to the ACS');
        const answer = (status: number, text: string) => ({
          ...{ status, headers: {}, setCookie: [], wwwAuthenticate: [], body: text },
        });
        if (body.includes('<cwmp:Inform>')) {
          this.informs.push({
            events: [...body.matchAll(/<EventCode>([^<]+)/g)].map((match) => match[1]!),
            parameters: new Map(
              [...body.matchAll(/<Name>([^<]+)<\/Name><Value[^>]*>([^<]*)/g)].map((match) => [match[1]!, match[2]!]),
            ),
          });
          const id = /<cwmp:ID[^>]*>([^<]+)/.exec(body)![1]!;
          return answer(200, envelope('<c:InformResponse><MaxEnvelopes>1</MaxEnvelopes></c:InformResponse>', id));
        }
        if (body !== '') this.answers.push(body);
        this.duringSession?.();
        const next = this.requests.shift();
        return next === undefined ? answer(204, '') : answer(200, envelope(next, 'a1'));
      },
    };
  }
}

/** A platform without XMPP, and one without UDP. */
export const noXmpp: Pick<ReachPorts, 'openStream' | 'resolveService' | 'allowPlain'> = {
  openStream: async () => {
    throw new Error('there is no XMPP here');
  },
  resolveService: async () => [],
  allowPlain: false,
};
export const noUdp: Pick<ReachPorts, 'openUdp' | 'resolveHost' | 'localAddressTowards' | 'udpPort' | 'allows'> = {
  openUdp: async () => {
    throw new Error('there is no UDP here');
  },
  resolveHost: async () => [],
  localAddressTowards: async () => '192.168.1.2',
  udpPort: 0,
  allows: () => true,
};

/** As an ACS writes it (TR-069 G.2.2.3). */
export function udpConnectionRequest(timestamp: number, id: string, password = 'cr-secret', username = 'acs'): Buffer {
  const signature = createHmac('sha1', password).update(`${timestamp}${id}${username}0123456789abcdef`).digest('hex');
  const query = `ts=${timestamp}&id=${id}&un=${username}&cn=0123456789abcdef&sig=${signature}`;
  return Buffer.from(`GET http://203.0.113.9:50001?${query} HTTP/1.1\r\nHost: 203.0.113.9:50001\r\n\r\n`);
}
