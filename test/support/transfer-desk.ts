import { silentLog } from '#base';
import {
  answer,
  createVerbs,
  type OwnRequest,
  readEnvelope,
  Transfers,
  type UnitEngine,
  type VerbContext,
  writeEnvelope,
} from '#cwmp';
import type { Model } from '#model';
import { FakeFiles } from './fake-files.ts';
import { HandClock } from './hand-clock.ts';
import { MemoryState } from './memory-state.ts';

export const wrapped = (body: string, id = '77'): string =>
  `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:c="urn:dslforum-org:cwmp-1-2" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><s:Header><c:ID s:mustUnderstand="1">${id}</c:ID></s:Header><s:Body>${body}</s:Body></s:Envelope>`;

const known = ['AutonomousTransferComplete', 'AutonomousDUStateChangeComplete', 'RequestDownload', 'Kicked']
  .map((name) => `<string>${name}</string>`)
  .join('');

/** Everything that is ordered for later, with a session that is opened and closed by hand. */
export class TransferBench implements AsyncDisposable {
  readonly clock = new HandClock();
  readonly state = new MemoryState();
  readonly files = new FakeFiles();
  /** Every envelope that was written. */
  readonly emitted: string[] = [];
  transfers!: Transfers;
  quiet = true;
  idle = false;
  reported = 0;
  policy: Readonly<Record<string, string>> = {};
  units: UnitEngine | undefined;
  #ids = 0;

  constructor() {
    this.start();
  }

  /** Again after `stop`: a restart of the agent. */
  start(): void {
    this.transfers = new Transfers({
      engine: this.files,
      ...(this.units && { units: this.units }),
      model: this.#model(),
      state: this.state,
      clock: this.clock,
      log: silentLog,
      random: () => 0.5,
      randomHex: (count) => (++this.#ids).toString(16).padStart(count * 2, '0'),
      idle: async () => this.idle,
      quiet: () => this.quiet,
      origin: () => ({ by: 'cwmp', peer: 'acs.example' }),
      reported: () => {
        this.reported++;
      },
    });
    this.transfers.consider();
  }

  async call(body: string): Promise<string> {
    const context = { signal: new AbortController().signal } as VerbContext;
    let text = '';
    const verbs = createVerbs(() => {}, this.transfers);
    await answer(verbs, readEnvelope(wrapped(body)), context, silentLog, (piece) => {
      text += piece;
    });
    this.emitted.push(text);
    return text;
  }

  /** What we would send in a session now, in order. */
  requests(acs = 'acs.example'): OwnRequest[] {
    return this.transfers.requests(acs);
  }

  /** The envelope of one of them. */
  written(request: OwnRequest, namespace: Parameters<OwnRequest['write']>[1] = 'urn:dslforum-org:cwmp-1-2'): string {
    let text = '';
    const flush = (piece: string): void => {
      text += piece;
    };
    writeEnvelope(flush, namespace, { id: '1' }, (writer) => request.write(writer, namespace));
    this.emitted.push(text);
    return text;
  }

  /** The ACS acknowledges whatever it is told. @returns what that was */
  async acknowledge(): Promise<string[]> {
    const said: string[] = [];
    for (const request of this.requests()) {
      if (request.pointless?.()) continue;
      said.push(this.written(request));
      const list = request.method === 'GetRPCMethods' ? `<MethodList>${known}</MethodList>` : '';
      await request.delivered(
        readEnvelope(wrapped(`<c:${request.method}Response>${list}</c:${request.method}Response>`)),
      );
    }
    return said;
  }

  /** Timers of zero and promises have had their turn. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
  }

  async advance(ms: number): Promise<void> {
    this.clock.advance(ms);
    await this.settle();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.transfers[Symbol.asyncDispose]();
  }

  #model(): Model {
    return {
      get: async (_: unknown, [path]: readonly string[]) => [
        path === 'Device.DeviceInfo.VendorConfigFile.9.'
          ? { requested: path, result: { ok: false, fault: { kind: 'no-instance', message: '' } } }
          : {
              requested: path,
              result: {
                ok: true,
                value: [
                  { parameters: Object.entries(this.policy).map(([name, value]) => ({ info: { name }, value })) },
                ],
              },
            },
      ],
    } as unknown as Model;
  }
}
