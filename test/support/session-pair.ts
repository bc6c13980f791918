import { silentLog, standardRetry } from '#base';
import {
  type OpenTunnel,
  RecordExchange,
  type RecordExchangeParts,
  readRecord,
  type SessionSettings,
  type UspRecord,
} from '#usp';
import { HandClock } from './hand-clock.ts';

const names = { a: 'proto::a', b: 'proto::b' } as const;
export type End = keyof typeof names;

export interface Sent {
  readonly from: End;
  readonly bytes: Buffer;
  readonly record: UspRecord;
}

export const plainSettings: SessionSettings = {
  mode: 'Allow',
  expirationSeconds: 0,
  retry: standardRetry,
  maxRecordBytes: 0,
  maxRetransmitTries: -1,
  payloadSecurity: 'plaintext',
};

/** Two endpoints whose records go where the test lets them. */
export class SessionPair {
  readonly clock = new HandClock();
  /** Sent and not yet delivered. */
  readonly wire: Sent[] = [];
  readonly sent: Sent[] = [];
  readonly heard: Record<End, string[]> = { a: [], b: [] };
  readonly vouchers: Record<End, (string | undefined)[]> = { a: [], b: [] };
  readonly ends: Record<End, RecordExchange<string>>;
  readonly settings: Record<End, SessionSettings>;
  /** Of the transport. */
  voucher: string | undefined = 'transport';

  constructor(
    settings: Partial<Record<End, Partial<SessionSettings>>> = {},
    extra: Partial<Record<End, Partial<RecordExchangeParts<string>> & { openTunnel?: OpenTunnel }>> = {},
  ) {
    this.settings = { a: { ...plainSettings, ...settings.a }, b: { ...plainSettings, ...settings.b } };
    const make = (end: End): RecordExchange<string> => {
      let ids = end === 'a' ? 0x100 : 0x200;
      return new RecordExchange<string>({
        clock: this.clock,
        log: silentLog,
        random: () => 0.5,
        randomHex: () => (ids++).toString(16),
        endpointId: names[end],
        peerId: names[end === 'a' ? 'b' : 'a'],
        settings: () => this.settings[end],
        vouch: () => 'certificate',
        route: () => ({ send: (bytes) => this.#put(end, bytes), voucher: this.voucher }),
        deliver: (message, { voucher, reply }) => {
          const text = message.toString('latin1');
          this.heard[end].push(text);
          this.vouchers[end].push(voucher);
          if (text.endsWith('?')) reply(Buffer.from(`${text.slice(0, -1)}!`, 'latin1'));
        },
        ...extra[end],
      });
    };
    this.ends = { a: make('a'), b: make('b') };
  }

  send(from: End, text: string): void {
    this.ends[from].send(Buffer.from(text, 'latin1'));
  }

  /** Hands over one record, the oldest or any. */
  deliver(one = this.wire[0]): void {
    if (!one) return;
    const at = this.wire.indexOf(one);
    if (at >= 0) this.wire.splice(at, 1);
    const to: End = one.from === 'a' ? 'b' : 'a';
    this.ends[to].receive(readRecord(one.bytes), {
      send: (bytes) => this.#put(to, bytes),
      voucher: this.voucher,
      connect: { websocketConnect: {} },
    });
  }

  settle(): void {
    while (this.wire.length > 0) this.deliver();
  }

  #put(from: End, bytes: Uint8Array): void {
    const sent = { from, bytes: Buffer.from(bytes), record: readRecord(Buffer.from(bytes)) };
    this.wire.push(sent);
    this.sent.push(sent);
  }
}
