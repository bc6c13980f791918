import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Address, inTurn } from '../../../src/platform/net/addresses.ts';

const address = fc.record({ address: fc.string({ minLength: 1 }), family: fc.constantFrom(4 as const, 6 as const) });

it('tries every address once, the families by turns, IPv6 first', () => {
  fc.assert(
    fc.property(fc.array(address), fc.nat(), (addresses: Address[], seed) => {
      let state = seed;
      const ordered = inTurn(addresses, (below) => {
        state = (state * 1103515245 + 12345) % 2147483648;
        return state % below;
      });
      expect([...ordered].sort(byText)).toEqual([...addresses].sort(byText));
      const families = ordered.map(({ family }) => family);
      const pairs = Math.min(families.filter((f) => f === 6).length, families.filter((f) => f === 4).length);
      expect(families.slice(0, 2 * pairs)).toEqual(Array.from({ length: 2 * pairs }, (_, n) => (n % 2 ? 4 : 6)));
    }),
  );
});
const byText = (a: Address, b: Address): number => JSON.stringify(a).localeCompare(JSON.stringify(b));

it('spreads devices over the addresses of one family', () => {
  const four = ['a', 'b', 'c'].map((name) => ({ address: name, family: 4 as const }));
  const firsts = [0, 1, 2].map((pick) => inTurn(four, (below) => Math.min(pick, below - 1))[0]!.address);
  expect(firsts).toEqual(['a', 'b', 'c']);
});
