import { createRequire } from 'node:module';
import fc from 'fast-check';
import { expect, test } from 'vitest';

interface Cache {
  get(key: number): string | undefined;
  set(key: number, value: string): unknown;
  keys(): Iterable<number>;
  readonly size: number;
}

// What mqtt brings, and what the bundle has in its place.
const require = createRequire(createRequire(import.meta.url).resolve('mqtt'));
const { LRUCache: Kept } = require('lru-cache') as { LRUCache: new (options: { max: number }) => Cache };
const { LRUCache: Own } = createRequire(import.meta.url)('../../../scripts/bundle/lru-cache.cjs') as {
  LRUCache: new (options: { max: number }) => Cache;
};

const use = fc.oneof(
  fc.record({ key: fc.integer({ min: 1, max: 9 }), value: fc.string() }),
  fc.record({ key: fc.integer({ min: 1, max: 9 }), value: fc.constant(undefined) }),
);

test('the cache of topic aliases in the bundle does as the package that mqtt expects', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.array(use, { maxLength: 60 }), (max, uses) => {
      const [own, kept] = [new Own({ max }), new Kept({ max })];
      for (const { key, value } of uses) {
        if (value === undefined) expect(own.get(key)).toBe(kept.get(key));
        else for (const cache of [own, kept]) cache.set(key, value);
        expect([...own.keys()]).toEqual([...kept.keys()]);
        expect(own.size).toBe(kept.size);
      }
    }),
  );
});
