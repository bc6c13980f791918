import { isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { dial, dialTo } from './dial.ts';
import type { HttpTls } from './http-request.ts';
import { type Peer, peerOf } from './peer.ts';

export interface MqttTransport {
  readonly host: string;
  readonly port: number;
  /** `ws`, `wss`: MQTT within a WebSocket (MQTT 5.0 section 6). */
  readonly transport: 'tcp' | 'tls' | 'ws' | 'wss';
  /** Of the WebSocket's URL. Default `/mqtt`. */
  readonly path?: string;
  readonly tls?: HttpTls;
  /** Protocols that TLS offers (RFC 7301). */
  readonly alpn?: readonly string[];
  /** The device's own addresses, of which one is to be used; absent: whichever the routing gives. */
  readonly localAddresses?: readonly string[];
}

/** A way for MQTT packets to a broker, on its way to stand. */
export interface MqttStream {
  readonly stream: Duplex;
  /** Of a stream that stands. */
  readonly peer: () => Peer;
}

/** @throws what is wrong with an address, a certificate or a key that can not be used */
export async function mqttStream(options: MqttTransport): Promise<MqttStream> {
  const { host, port, transport, tls, alpn = [], localAddresses } = options;
  const secure = transport === 'tls' || transport === 'wss' ? (tls ?? {}) : undefined;
  const more = {
    ...(localAddresses && sourceFor(host, localAddresses)),
    ...(secure && alpn.length > 0 && { ALPNProtocols: [...alpn] }),
  };
  if (transport === 'tcp' || transport === 'tls') {
    const socket = dial(host, port, secure, more);
    return { stream: socket, peer: () => peerOf(socket) };
  }
  const { WebSocket, createWebSocketStream } = await import('ws');
  const url = new URL(`${transport}://${isIP(host) === 6 ? `[${host}]` : host}:${port}`);
  url.pathname = options.path ?? '/mqtt';
  const socket = new WebSocket(url, 'mqtt', {
    ...(secure ? { createConnection: dialTo(url, secure, more) } : more),
    perMessageDeflate: false,
    followRedirects: false,
  });
  let under: Socket | undefined;
  socket.once('upgrade', (response) => {
    under = response.socket;
  });
  const stream = createWebSocketStream(socket);
  // Its writing side would stay open for a peer that is gone.
  stream.once('end', () => stream.destroy());
  return { stream, peer: () => peerOf(under!) };
}

/** The address that connections to the host come from; a link-local one leads to no broker. */
export function sourceFor(host: string, own: readonly string[]): { localAddress: string; family: number } {
  const family = isIP(host) || (own.some((address) => isIP(address) === 4) ? 4 : 6);
  const localAddress = own.find((address) => isIP(address) === family && !/^fe[89ab]/i.test(address));
  if (localAddress === undefined) throw new Error('the interface has no address for this broker');
  return { localAddress, family };
}
