import { createHmac } from 'node:crypto';
import type { Socket } from 'node:dgram';
import { bindLoopback, closed, type LabAddress } from './udp.ts';

export interface LightweightHeard {
  /** Values by full parameter name, as they stand in the XML. */
  readonly parameters: ReadonlyMap<string, string>;
  /** With the ACS password. */
  readonly signed: boolean;
}

/** Hears lightweight notifications (TR-069 Annex M) as an ACS does; it reads them by itself, not with the agent's code. */
export class LightweightReceiver implements AsyncDisposable {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  get address(): LabAddress {
    const { address, port } = this.#socket.address();
    return { address, port };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return closed(this.#socket);
  }
}

export async function startLightweightReceiver(
  password: string,
  heard: (notification: LightweightHeard) => void,
): Promise<LightweightReceiver> {
  const socket = await bindLoopback((data) => {
    const [head = '', body = ''] = data.toString('utf8').split('\r\n\r\n', 2);
    const [, signature = ''] = /^Signature: *([0-9A-F]{40})$/im.exec(head) ?? [];
    const expected = createHmac('sha1', password).update(body).digest('hex');
    const parameters = new Map(
      [...body.matchAll(/<Param><Name>([^<]*)<\/Name><Value[^>]*>([^<]*)<\/Value><\/Param>/g)].map((match) => [
        match[1]!,
        match[2]!,
      ]),
    );
    if (head.startsWith('POST ')) heard({ parameters, signed: signature.toLowerCase() === expected });
  });
  return new LightweightReceiver(socket);
}
