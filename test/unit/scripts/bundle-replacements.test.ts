import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

// What mqtt brings, and what the bundle has in its place: it has to do the same, as far as mqtt asks for it.
const here = createRequire(import.meta.url);
const mqtt = createRequire(here.resolve('mqtt'));
const bundled = (name: string): unknown => here(`../../../scripts/bundle/${name}.cjs`);

interface Cache {
  get(key: number): string | undefined;
  set(key: number, value: string): unknown;
  keys(): Iterable<number>;
  readonly size: number;
}
type Caches = { LRUCache: new (options: { max: number }) => Cache };

interface Bytes {
  readonly length: number;
  append(bytes: Buffer): void;
  consume(count: number): void;
  readUInt8(at: number): number;
  readUInt16BE(at: number): number;
  readUInt32BE(at: number): number;
  slice(from: number, to: number): Buffer;
  toString(encoding: 'utf8', from: number, to: number): string;
}

describe('in the bundle', () => {
  it('the cache of topic aliases', () => {
    const [own, kept] = [bundled('lru-cache') as Caches, mqtt('lru-cache') as Caches];
    const key = fc.integer({ min: 1, max: 9 });
    const use = fc.record({ key, value: fc.option(fc.string(), { nil: undefined }) });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.array(use, { maxLength: 60 }), (max, uses) => {
        const caches = [new own.LRUCache({ max }), new kept.LRUCache({ max })] as const;
        for (const { key, value } of uses) {
          if (value === undefined) expect(caches[0].get(key)).toBe(caches[1].get(key));
          else for (const cache of caches) cache.set(key, value);
          expect([...caches[0].keys()]).toEqual([...caches[1].keys()]);
          expect(caches[0].size).toBe(caches[1].size);
        }
      }),
    );
  });

  it('the bytes that are not parsed yet', () => {
    const [own, kept] = [bundled('bl') as () => Bytes, createRequire(mqtt.resolve('mqtt-packet'))('bl') as () => Bytes];
    const step = fc.record({
      come: fc.uint8Array({ maxLength: 40 }),
      taken: fc.nat(30),
      from: fc.nat(50),
      to: fc.nat(60),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const lists = [own(), kept()] as const;
        const taken: Buffer[] = [];
        for (const { come, taken: count, from, to } of steps) {
          for (const list of lists) list.append(Buffer.from(come));
          expect(lists[0].length).toBe(lists[1].length);
          const [slice, expected] = lists.map((list) => list.slice(from, Math.max(from, to)));
          expect(slice).toEqual(expected);
          taken.push(slice!, Buffer.from(slice!));
          const text = lists.map((list) => list.toString('utf8', from, Math.max(from, to)));
          expect(text[0]).toBe(text[1]);
          for (const [read, width] of [
            ['readUInt8', 1],
            ['readUInt16BE', 2],
            ['readUInt32BE', 4],
          ] as const) {
            if (from + width > lists[1].length) expect(() => lists[0][read](from)).toThrow();
            else expect(lists[0][read](from)).toBe(lists[1][read](from));
          }
          for (const list of lists) list.consume(count);
        }
        expect(lists[0].length).toBe(lists[1].length);
        // What was handed out stays as it was.
        for (let at = 0; at < taken.length; at += 2) expect(taken[at]).toEqual(taken[at + 1]);
      }),
    );
  });
});
