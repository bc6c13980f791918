import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as mqtt from '../conformance/tp469/side/mqtt-packet.ts';
import { readFrames, writeFrame } from '../conformance/tp469/side/stomp-frame.ts';

// The judge reads what a broken agent may send: it has to end with an answer or an error, and pieces must make no difference.
const five = (): number => 5;

/** All that is read from pieces, as a server does it. */
function inPieces<T>(
  input: Buffer,
  cuts: readonly number[],
  read: (from: Buffer) => { found: T[]; rest: Buffer },
): T[] {
  const all: T[] = [];
  let rest: Buffer = Buffer.alloc(0);
  let from = 0;
  for (const cut of [...cuts.map((one) => one % (input.length + 1)).sort((a, b) => a - b), input.length]) {
    const next = read(Buffer.concat([rest, input.subarray(from, cut)]));
    all.push(...next.found);
    rest = next.rest;
    from = cut;
  }
  return all;
}

describe('MQTT packets of a client', () => {
  const read = (input: Buffer) => {
    const { packets, rest } = mqtt.readPackets(input, five);
    return { found: packets, rest };
  };
  const topic = fc.string({ maxLength: 20 });
  const publication = fc.record({
    topic,
    reply: topic,
    payload: fc.uint8Array({ maxLength: 300 }),
    qos: fc.constantFrom(0, 1),
  });

  it('come out as they went in, in whatever pieces', () => {
    fc.assert(
      fc.property(fc.array(publication, { maxLength: 5 }), fc.array(fc.nat(), { maxLength: 6 }), (all, cuts) => {
        const input = Buffer.concat(
          all.map(({ topic: name, reply, payload, qos }, id) =>
            mqtt.publish(5, name, payload, { responseTopic: reply, contentType: 'usp.msg' }, qos as 0 | 1, id + 1),
          ),
        );
        const found = inPieces(input, cuts, read);
        expect(found).toEqual(
          all.map(({ topic: name, reply, payload, qos }, id) => ({
            type: 'publish',
            topic: name,
            qos,
            retain: false,
            id: qos > 0 ? id + 1 : 0,
            properties: { responseTopic: reply, contentType: 'usp.msg' },
            payload: Buffer.from(payload),
          })),
        );
      }),
    );
  });

  it('that are none end in an error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          expect(read(Buffer.from(bytes)).rest.length).toBeLessThanOrEqual(bytes.length);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
    );
  });
});

describe('STOMP frames of a client', () => {
  const read = (input: Buffer) => {
    const { frames, rest } = readFrames(input);
    return { found: frames, rest };
  };
  const header = fc.tuple(fc.string({ minLength: 1, maxLength: 12 }), fc.string({ maxLength: 20 }));

  it('come out as they went in, in whatever pieces, with heart-beats between', () => {
    const frame = fc.record({ headers: fc.array(header, { maxLength: 4 }), body: fc.uint8Array({ maxLength: 200 }) });
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 4 }), fc.array(fc.nat(), { maxLength: 6 }), (all, cuts) => {
        const given = all.map(({ headers, body }) => ({
          headers: Object.fromEntries(headers.filter(([name]) => !['content-length', '__proto__'].includes(name))),
          body,
        }));
        const input = Buffer.concat(
          given.flatMap(({ headers, body }) => [writeFrame('SEND', headers, body), Buffer.from('\n')]),
        );
        const found = inPieces(input, cuts, read);
        expect(found.filter((one) => one === undefined)).toHaveLength(given.length);
        expect(found.filter((one) => one !== undefined)).toEqual(
          given.map(({ headers, body }) => ({
            command: 'SEND',
            headers: { ...headers, 'content-length': String(body.length) },
            body: Buffer.from(body),
          })),
        );
      }),
    );
  });

  it('that are none end in an error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          expect(read(Buffer.from(bytes)).rest.length).toBeLessThanOrEqual(bytes.length);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
    );
  });
});
