import { createHash, createHmac } from 'node:crypto';
import type { HostAddress, UdpPeer, UdpSocket } from '#platform';
import type { HandClock } from './hand-clock.ts';

/** What a STUN request held, as the server reads it: a reader of its own, so that the client's mistakes are not cancelled out. */
export interface SeenRequest {
  readonly source: UdpPeer;
  readonly attributes: ReadonlyMap<number, Buffer>;
  readonly raw: Buffer;
}

interface Binding {
  readonly inner: string;
  readonly outer: number;
  usedMs: number;
}

/**
 * A gateway between sockets that are made of calls and one STUN server: gives ports, forgets those that are idle for too long, counts.
 * Nothing of it takes time; the clock is the test's.
 */
export class SimulatedNat {
  readonly clock: HandClock;
  readonly server: UdpPeer = { address: '198.51.100.1', port: 3478 };
  readonly requests: SeenRequest[] = [];
  outside = '203.0.113.9';
  /** '': no NAT. */
  inside = '192.168.1.2';
  lifetimeMs = 120_000;
  /** Nothing comes back. */
  down = false;
  /** How the server is asked to answer elsewhere. */
  supports: 'response-address' | 'response-port' | 'neither' = 'response-address';
  /** Message integrity is asked for; the server's word on it. */
  password: { readonly text: string; readonly style: 'rfc3489' | 'unpadded' | 'long-term' } | undefined;
  readonly #sockets = new Map<number, (data: Uint8Array, from: UdpPeer) => void>();
  readonly #bindings: Binding[] = [];
  #ports = 40_000;
  #outer = 50_000;

  constructor(clock: HandClock) {
    this.clock = clock;
  }

  readonly resolveHost = async (host: string): Promise<readonly HostAddress[]> => {
    if (host !== 'stun.example') throw new Error('no such name');
    return [{ address: this.server.address, family: 4 }];
  };
  readonly localAddressTowards = async (): Promise<string> => (this.inside === '' ? this.outside : this.inside);

  readonly openUdp = async ({
    port,
    received,
  }: {
    readonly port: number;
    readonly received: (data: Uint8Array, from: UdpPeer) => void;
  }): Promise<UdpSocket> => {
    const own = port === 0 ? ++this.#ports : port;
    this.#sockets.set(own, received);
    return {
      port: own,
      send: async (data) => this.#out(own, Buffer.from(data)),
      [Symbol.asyncDispose]: async () => void this.#sockets.delete(own),
    };
  };

  get openPorts(): readonly number[] {
    return [...this.#sockets.keys()];
  }

  /** A datagram from the server to a port of the gateway. @returns whether it got through */
  deliver(port: number, data: Uint8Array): boolean {
    const inner = this.inside === '' ? port : this.#alive(port)?.inner;
    const received = inner === undefined ? undefined : this.#sockets.get(Number(inner));
    if (!received) return false;
    received(data, this.server);
    return true;
  }

  /** As after a restart of the gateway. */
  forgetBindings(): void {
    this.#bindings.length = 0;
  }

  #alive(outer: number): Binding | undefined {
    const binding = this.#bindings.find((one) => one.outer === outer);
    return binding && this.clock.monotonicMs() - binding.usedMs < this.lifetimeMs ? binding : undefined;
  }

  #out(own: number, raw: Buffer): void {
    let outer = own;
    if (this.inside !== '') {
      const inner = String(own);
      let binding = this.#bindings.findLast((one) => one.inner === inner);
      if (!binding || !this.#alive(binding.outer)) {
        binding = { inner, outer: ++this.#outer, usedMs: 0 };
        this.#bindings.push(binding);
      }
      binding.usedMs = this.clock.monotonicMs();
      outer = binding.outer;
    }
    if (this.down) return;
    const request = { source: { address: this.outside, port: outer }, attributes: readAttributes(raw), raw };
    this.requests.push(request);
    const answer = this.#answer(request);
    if (answer) queueMicrotask(() => this.deliver(answer.to, answer.bytes));
  }

  #answer({ source, attributes, raw }: SeenRequest): { to: number; bytes: Buffer } | undefined {
    const refusal = this.#unsigned(attributes, raw);
    if (refusal) return { to: source.port, bytes: refusal };
    const other = attributes.get(0x0002)?.readUInt16BE(2) ?? attributes.get(0x0027)?.readUInt16BE(0);
    if (other !== undefined) {
      const asked = attributes.has(0x0002) ? 'response-address' : 'response-port';
      if (asked !== this.supports) return { to: source.port, bytes: message(0x0111, raw, [errorCode(420)]) };
    }
    const mapped = Buffer.from([0, 1, source.port >> 8, source.port & 255, ...source.address.split('.').map(Number)]);
    return { to: other ?? source.port, bytes: message(0x0101, raw, [[0x0001, mapped]]) };
  }

  #unsigned(attributes: ReadonlyMap<number, Buffer>, raw: Buffer): Buffer | undefined {
    if (!this.password) return undefined;
    const { text, style } = this.password;
    const given = attributes.get(0x0008);
    const more: [number, Buffer][] =
      style === 'long-term'
        ? [
            [0x0014, Buffer.from('realm')],
            [0x0015, Buffer.from('nonce1')],
          ]
        : [];
    if (!given) return message(0x0111, raw, [errorCode(401), ...more]);
    const key = style === 'long-term' ? createHash('md5').update(`cpe:realm:${text}`).digest() : Buffer.from(text);
    const signed = raw.subarray(0, raw.length - 24);
    const zeros = Buffer.alloc(style === 'rfc3489' ? (64 - (signed.length % 64)) % 64 : 0);
    const right = createHmac('sha1', key).update(signed).update(zeros).digest().equals(given);
    return right && attributes.get(0x0006)?.toString() === 'cpe' ? undefined : message(0x0111, raw, [errorCode(431)]);
  }
}

const errorCode = (code: number): [number, Buffer] => [0x0009, Buffer.from([0, 0, Math.floor(code / 100), code % 100])];

function message(type: number, request: Buffer, attributes: readonly (readonly [number, Buffer])[]): Buffer {
  const body = Buffer.concat(
    attributes.map(([kind, value]) => {
      const piece = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4);
      piece.writeUInt16BE(kind, 0);
      piece.writeUInt16BE(value.length, 2);
      value.copy(piece, 4);
      return piece;
    }),
  );
  const head = Buffer.alloc(4);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(body.length, 2);
  return Buffer.concat([head, request.subarray(4, 20), body]);
}

export function readAttributes(raw: Buffer): ReadonlyMap<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let at = 20; at < raw.length; ) {
    const length = raw.readUInt16BE(at + 2);
    found.set(raw.readUInt16BE(at), raw.subarray(at + 4, at + 4 + length));
    at += 4 + Math.ceil(length / 4) * 4;
  }
  return found;
}
