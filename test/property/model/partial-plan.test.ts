import fc from 'fast-check';
import { expect, test } from 'vitest';
import { changesOf, emptyPlan, PartialPlan, type Plan } from '../../../src/model/engine/plan.ts';

const key = fc.constantFrom('a', 'b', 'c');
const step = fc.oneof(
  fc.record({ op: fc.constant('value' as const), key, value: fc.string({ maxLength: 3 }) }),
  fc.record({ op: fc.constant('forget' as const), key }),
  fc.record({ op: fc.constant('written' as const), key }),
  fc.record({ op: fc.constant('change' as const), key, value: fc.string({ maxLength: 3 }) }),
  fc.record({ op: fc.constant('created' as const), key }),
  fc.record({ op: fc.constant('effect' as const) }),
);
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

function take(plan: Plan, one: Step): void {
  if (one.op === 'value') plan.values.set(one.key, one.value);
  else if (one.op === 'forget') plan.values.delete(one.key);
  else if (one.op === 'written') plan.written.add(one.key);
  else if (one.op === 'change') changesOf(plan, one.key).push({ op: 'delete', section: one.value });
  else if (one.op === 'created') plan.created.push({ table: one.key, identity: one.key });
  else plan.effects.push(() => () => {});
}

/** What it would do; a package without changes is none. */
const contents = (plan: Plan) => ({
  values: new Map([...plan.values].sort()),
  written: new Set([...plan.written].sort()),
  uci: new Map([...plan.uci].filter(([, changes]) => changes.length > 0).sort()),
  created: plan.created,
  effects: plan.effects.length,
});

test('a write that is refused has left nothing in a plan of which each stands for itself', () => {
  const writes = fc.array(fc.record({ steps: fc.array(step, { maxLength: 8 }), accepted: fc.boolean() }));
  fc.assert(
    fc.property(writes, (all) => {
      const partial = new PartialPlan();
      const wanted = emptyPlan();
      for (const { steps, accepted } of all) {
        partial.attempt(() => {
          for (const one of steps) take(partial.plan, one);
          return accepted;
        });
        if (accepted) for (const one of steps) take(wanted, one);
      }
      expect(contents(partial.plan)).toEqual(contents(wanted));
    }),
  );
});
