import { expect, it } from 'vitest';
import { sourceFor } from '../../../src/platform/net/mqtt-stream.ts';

it.each([
  ['broker.example', ['2001:db8::1', '192.0.2.1'], '192.0.2.1', 4],
  ['broker.example', ['fe80::1', '2001:db8::1'], '2001:db8::1', 6],
  ['198.51.100.1', ['2001:db8::1', '192.0.2.1'], '192.0.2.1', 4],
  ['2001:db8::99', ['192.0.2.1', 'FE80::1', '2001:db8::1'], '2001:db8::1', 6],
] as const)(
  'a connection to %s from an interface with %s has the address that can reach it',
  (host, own, localAddress, family) => {
    expect(sourceFor(host, own)).toEqual({ localAddress, family });
  },
);

it.each([
  ['broker.example', []],
  ['broker.example', ['fe80::1']],
  ['198.51.100.1', ['2001:db8::1']],
  ['2001:db8::99', ['192.0.2.1']],
] as const)('to %s from %s there is none', (host, own) => {
  expect(() => sourceFor(host, own)).toThrow('no address');
});
