import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectUbus, UbusError } from '#platform';
import {
  bytesAttribute,
  MessageAttributes,
  messageAttribute,
  textAttribute,
  uint32Attribute,
} from '../../src/platform/ubus/blob.ts';
import { encodeMessage, MessageReader, messageType, type UbusMessage } from '../../src/platform/ubus/frame.ts';

let directory: string;
let path: string;
let server: Server | undefined;
let sockets: Socket[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tandem-hostile-'));
  path = join(directory, 'ubus.sock');
  sockets = [];
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
  rmSync(directory, { recursive: true });
});

const code = (wanted: string) => expect.objectContaining({ code: wanted });
const hello = encodeMessage(messageType.hello, 0, 77, []);

async function serve(connected: (socket: Socket, nth: number) => void): Promise<void> {
  server = createServer((socket) => {
    socket.on('error', () => {});
    sockets.push(socket);
    connected(socket, sockets.length);
  });
  await new Promise<void>((resolve) => server!.listen(path, resolve));
}

const status = (to: UbusMessage, value = 0): Buffer =>
  encodeMessage(messageType.status, to.seq, to.peer, [uint32Attribute(messageAttribute.status, value)]);

/** The least that a client needs of a daemon: every object exists and has the id 5000. */
function behave(socket: Socket, invoked: (message: UbusMessage, method: string) => Buffer[]): void {
  const reader = new MessageReader();
  socket.on('data', (chunk: Buffer) => {
    const out: Buffer[] = [];
    reader.push(chunk, (message) => {
      const attributes = new MessageAttributes(message.body);
      const id = uint32Attribute(messageAttribute.objectId, message.type === messageType.addObject ? 6000 : 5000);
      const wanted = textAttribute(messageAttribute.objectPath, attributes.text(messageAttribute.objectPath) ?? 'any');
      if (message.type === messageType.lookup || message.type === messageType.addObject)
        out.push(encodeMessage(messageType.data, message.seq, message.peer, [wanted, id]));
      if (message.type === messageType.invoke && message.peer === 5000)
        out.push(...invoked(message, attributes.text(messageAttribute.method) ?? ''));
      else out.push(status(message));
    });
    socket.write(Buffer.concat(out));
  });
  socket.write(hello);
}

describe('a daemon that misbehaves', () => {
  it('and says no HELLO is given up', async () => {
    await serve(() => {});
    await expect(connectUbus({ path, timeoutMs: 20 })).rejects.toEqual(code('UBUS_DISCONNECTED'));
  });

  it('and sends an impossible length is left, and connected to anew', async () => {
    await serve((socket, nth) => behave(socket, (message) => (nth === 1 ? [Buffer.alloc(12)] : [status(message)])));
    const bus = await connectUbus({ path, reconnectMs: 5 });
    const back = new Promise<void>((resolve) => bus.onState((connected) => connected && resolve()));
    await expect(bus.invoke('any', 'thing')).rejects.toEqual(code('UBUS_DISCONNECTED'));
    await back;
    expect({ ...(await bus.invoke('any', 'thing')) }).toEqual({});
    await bus[Symbol.asyncDispose]();
  });

  it('and answers what was not asked, under another peer or another version, is not believed', async () => {
    await serve((socket) =>
      behave(socket, (message) => {
        const wrongVersion = status(message, 9);
        wrongVersion[0] = 1;
        return [
          status({ ...message, peer: 1 }, 9),
          status({ ...message, seq: message.seq ^ 0x4000 }, 9),
          wrongVersion,
          status(message),
        ];
      }),
    );
    const bus = await connectUbus({ path });
    expect({ ...(await bus.invoke('any', 'thing')) }).toEqual({});
    await bus[Symbol.asyncDispose]();
  });

  it('and nests an answer too deep fails that call only', async () => {
    let nested = Buffer.alloc(0);
    for (let level = 0; level < 40; level++) {
      const head = Buffer.from('8200000000017600', 'hex');
      head.writeUInt16BE(8 + nested.length, 2);
      nested = Buffer.concat([head, nested]);
    }
    await serve((socket) =>
      behave(socket, (message, method) => {
        const data = bytesAttribute(messageAttribute.data, method === 'deep' ? nested : Buffer.alloc(0));
        return [encodeMessage(messageType.data, message.seq, message.peer, [data]), status(message)];
      }),
    );
    const bus = await connectUbus({ path });
    await expect(bus.invoke('any', 'deep')).rejects.toEqual(code('UBUS_PARSE_ERROR'));
    expect({ ...(await bus.invokeForData('any', 'flat')) }).toEqual({});
    await bus[Symbol.asyncDispose]();
  });

  it('and sends any frames at all breaks nothing', async () => {
    await serve((socket) => behave(socket, (message) => [status(message)]));
    const bus = await connectUbus({ path, reconnectMs: 1 });
    bus.publish('mine', { call: { args: {}, call: () => undefined } });
    bus.subscribe('theirs', () => {});
    await bus.settled();
    const frame = fc
      .tuple(fc.nat(12), fc.nat(0xffff), fc.constantFrom(0, 1, 5000, 6000), fc.uint8Array({ maxLength: 60 }))
      .map(([type, seq, peer, junk]) =>
        encodeMessage(type, seq, peer, [uint32Attribute(messageAttribute.objectId, 6000), Buffer.from(junk)]),
      );
    await fc.assert(
      fc.asyncProperty(fc.array(frame, { maxLength: 10 }), async (frames) => {
        sockets.at(-1)!.write(Buffer.concat(frames));
        // The call's answer comes behind the frames; one of them may by chance look like it, and refuse.
        await bus.invoke('any', 'thing').catch((error) => expect(error).toBeInstanceOf(UbusError));
      }),
      { numRuns: 100 },
    );
    expect({ ...(await bus.invoke('any', 'thing')) }).toEqual({});
    expect(sockets).toHaveLength(1);
    await bus[Symbol.asyncDispose]();
  });
});

it('a sequence number that still waits is passed over when the numbers wrap', async () => {
  let late: Buffer | undefined;
  let socket: Socket | undefined;
  await serve((connected) => {
    socket = connected;
    behave(connected, (message, method) => {
      if (method !== 'late') return [status(message, 3)];
      late = status(message);
      return [];
    });
  });
  const bus = await connectUbus({ path, timeoutMs: 60_000 });
  let over = false;
  const waiting = bus.invoke('any', 'late').then(() => {
    over = true;
  });
  for (let round = 0; round < 34; round++)
    for (const result of await Promise.allSettled(Array.from({ length: 2000 }, () => bus.invoke('any', 'other'))))
      if (result.status !== 'rejected' || result.reason.code !== 'UBUS_METHOD_NOT_FOUND') throw new Error('mixed up');
  expect(over).toBe(false);
  socket!.write(late!);
  await waiting;
  expect(over).toBe(true);
  await bus[Symbol.asyncDispose]();
});
