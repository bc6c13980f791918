import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { conformancePage } from './page.ts';
import { requirements } from './requirements.ts';

it('every requirement is there once, with a proof or a reason', () => {
  expect(requirements.map(({ number }) => number)).toEqual(Array.from({ length: 132 }, (_, n) => n + 1));
  expect(requirements.filter(({ proofs, open }) => proofs.length === 0 && !open)).toEqual([]);
});

it('every proof is a test that there is', () => {
  const missing = requirements.flatMap(({ number, proofs }) =>
    proofs
      .filter((proof) => {
        const [file, title] = proof.split(' › ');
        return !existsSync(file!) || !readFileSync(file!, 'utf8').includes(title!);
      })
      .map((proof) => `${number}: ${proof}`),
  );
  expect(missing).toEqual([]);
});

it('the page says what the list says', () => {
  expect(readFileSync('docs/cwmp-conformance.md', 'utf8')).toBe(conformancePage());
});
