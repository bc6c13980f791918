import { describe, expect, it } from 'vitest';
import type { UnixStream } from '#platform';
import { UdsConnection } from '../../../src/usp/exchange/uds-connection.ts';
import { UdsReader, udsType, writeUdsFrame } from '../../../src/usp/exchange/uds-frame.ts';
import { HandClock } from '../../support/hand-clock.ts';

interface Seen {
  readonly clock: HandClock;
  readonly said: [type: number, text: string][];
  readonly records: string[];
  readonly over: string[];
  ended: boolean;
  hear(type: number, value: string | Uint8Array): void;
  raw(bytes: string): void;
}

function begin(role: 'client' | 'server', welcome: (id: string) => boolean = () => true): Seen {
  const clock = new HandClock();
  const reader = new UdsReader();
  const stream: UnixStream = {
    send: (bytes) => {
      for (const { type, value } of reader.push(bytes)) seen.said.push([type, Buffer.from(value).toString()]);
    },
    end: () => {
      seen.ended = true;
    },
    [Symbol.dispose]: () => {},
  };
  const seen: Seen = {
    clock,
    said: [],
    records: [],
    over: [],
    ended: false,
    hear: (type, value) => connection.events.data(writeUdsFrame(type, value)),
    raw: (bytes) => connection.events.data(Buffer.from(bytes, 'latin1')),
  };
  const connection: UdsConnection = new UdsConnection({
    stream,
    role,
    endpointId: 'own',
    clock,
    greet: (id) =>
      welcome(id)
        ? { record: (bytes) => seen.records.push(Buffer.from(bytes).toString()), closed: () => {} }
        : `not ${id}`,
    over: (reason) => void seen.over.push(reason),
  });
  return seen;
}

describe('a connection of the UNIX domain socket binding', () => {
  it('as client speaks first, as server answers (R-UDS.16, R-UDS.17)', () => {
    const client = begin('client');
    expect(client.said).toEqual([[udsType.handshake, 'own']]);
    const server = begin('server');
    expect(server.said).toEqual([]);
    server.hear(udsType.handshake, 'peer');
    expect(server.said).toEqual([[udsType.handshake, 'own']]);
  });

  it('waits 30 seconds for the handshake and no longer than that (R-UDS.18)', () => {
    const client = begin('client');
    client.clock.advance(29_999);
    expect(client.ended).toBe(false);
    client.clock.advance(1);
    expect(client.said.at(-1)).toEqual([udsType.error, 'no handshake in time']);
    expect(client.over).toEqual(['no handshake in time']);
    const greeted = begin('client');
    greeted.hear(udsType.handshake, 'peer');
    greeted.clock.advance(100_000);
    expect(greeted.over).toEqual([]);
  });

  it('ignores records before the handshake, a second handshake, and types that it does not know', () => {
    const server = begin('server', (id) => id === 'peer');
    server.hear(udsType.record, 'early');
    server.hear(9, 'what?');
    server.hear(udsType.handshake, 'peer');
    server.hear(udsType.handshake, 'another');
    server.hear(udsType.record, 'one');
    expect(server.records).toEqual(['one']);
    expect(server.over).toEqual([]);
  });

  it('says why before it closes, where the peer is not wanted or not to be understood', () => {
    const unknown = begin('server', () => false);
    unknown.hear(udsType.handshake, 'stranger');
    expect(unknown.said.at(-1)).toEqual([udsType.error, 'not stranger']);
    expect(unknown.ended).toBe(true);
    unknown.hear(udsType.record, 'late');
    expect(unknown.records).toEqual([]);
    for (const bad of [new Uint8Array(), new Uint8Array(600).fill(65), Buffer.from([0xff])]) {
      const server = begin('server');
      server.hear(udsType.handshake, bad);
      expect(server.said).toEqual([[udsType.error, 'the handshake holds no Endpoint ID']]);
    }
    const garbage = begin('server');
    garbage.raw('GET / HTTP/1.1');
    expect(garbage.said).toEqual([[udsType.error, 'no frame']]);
    garbage.raw('more of it');
    expect(garbage.over).toEqual(['no frame']);
  });

  it('closes on an error of the other end, and says nothing more (R-UDS.25)', () => {
    const server = begin('server');
    server.hear(udsType.handshake, 'peer');
    server.hear(udsType.error, 'I am\nleaving');
    expect(server.ended).toBe(true);
    expect(server.over).toEqual(['the other end says: I am leaving']);
    expect(server.said).toHaveLength(1);
  });
});
