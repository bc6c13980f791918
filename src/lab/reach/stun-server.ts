import type { Socket } from 'node:dgram';
import { bindLoopback, closed, type LabAddress } from './udp.ts';

const magicCookie = 0x2112_a442;
const responseAddress = 0x0002;

/**
 * A STUN server as an ACS has it (TR-069 Annex G): tells who asks where the question came from, if wanted by an answer to another port. UDP
 * Connection Requests go out of the same port, as every NAT in between wants it. It reads STUN by itself, not with the agent's code.
 */
export class LabStunServer implements AsyncDisposable {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  get address(): LabAddress {
    const { address, port } = this.#socket.address();
    return { address, port };
  }

  send(data: Buffer, to: LabAddress): void {
    this.#socket.send(data, to.port, to.address);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return closed(this.#socket);
  }
}

export async function startStunServer(): Promise<LabStunServer> {
  const socket = await bindLoopback((data, from) => {
    const answer = answerTo(data, from);
    if (answer) socket.send(answer.data, answer.to.port, answer.to.address);
  });
  return new LabStunServer(socket);
}

function answerTo(request: Buffer, from: LabAddress): { readonly data: Buffer; readonly to: LabAddress } | undefined {
  if (request.length < 20 || request.readUInt16BE(0) !== 1 || request.readUInt16BE(2) !== request.length - 20)
    return undefined;
  let to = from;
  for (let at = 20; at + 4 <= request.length; ) {
    const length = request.readUInt16BE(at + 2);
    // Only back to the gateway that asked: it is no mirror for others.
    if (request.readUInt16BE(at) === responseAddress && length === 8)
      to = { ...from, port: request.readUInt16BE(at + 6) };
    at += 4 + Math.ceil(length / 4) * 4;
  }
  const address = Buffer.from(from.address.split('.').map(Number));
  const mask = Buffer.alloc(4);
  mask.writeUInt32BE(magicCookie);
  const xored = address.map((byte, index) => byte ^ mask[index]!);
  const body = Buffer.concat([
    attribute(0x0020, from.port ^ (magicCookie >>> 16), xored),
    attribute(0x0001, from.port, address),
  ]);
  const head = Buffer.alloc(4);
  head.writeUInt16BE(0x0101, 0);
  head.writeUInt16BE(body.length, 2);
  return { data: Buffer.concat([head, request.subarray(4, 20), body]), to };
}

function attribute(type: number, port: number, address: Uint8Array): Buffer {
  const head = Buffer.from([0, 0, 0, 8, 0, 1, 0, 0]);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(port, 6);
  return Buffer.concat([head, address]);
}
