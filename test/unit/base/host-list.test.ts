import { expect, it } from 'vitest';
import { isListedHost } from '#base';

it.each([
  [[], 'any.example', true],
  [['a.example'], 'A.Example.', true],
  [['a.example'], 'b.a.example', false],
  [['*.a.example'], 'b.a.example', true],
  [['*.a.example'], 'c.b.A.example', true],
  [['*.a.example'], 'a.example', false],
  [['*.a.example'], 'xa.example', false],
  [['2001:db8::1'], '[2001:db8::1]', true],
  [['192.0.2.1', 'b.example'], '192.0.2.10', false],
] as const)('%j has %s: %s', (listed, host, expected) => {
  expect(isListedHost(listed, host)).toBe(expected);
});
