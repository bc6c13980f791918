import { expect, it } from 'vitest';
import { allowsAddress } from '#platform';

it('allows everybody when nobody is named', () => {
  const allows = allowsAddress([], () => {});
  expect(allows('192.0.2.1')).toBe(true);
});

it('allows the addresses and prefixes that are named, of either family', () => {
  const allows = allowsAddress(['192.0.2.0/25', '198.51.100.7', '2001:db8:1::/48', '2001:db8::7'], () => {});
  for (const inside of ['192.0.2.127', '198.51.100.7', '2001:db8:1:ffff::1', '2001:db8::7'])
    expect(allows(inside)).toBe(true);
  for (const outside of ['192.0.2.128', '198.51.100.8', '2001:db8:2::1', '2001:db8::8', '', 'no address']) {
    expect(allows(outside)).toBe(false);
  }
});

it('tells what it can not use, which lets nobody in', () => {
  const said: string[] = [];
  const allows = allowsAddress(['acs.example', '192.0.2.0/33', '192.0.2.0/', '192.0.2.0/8/8', '::/129'], (entry) =>
    said.push(entry),
  );
  expect(said).toHaveLength(5);
  expect(allows('192.0.2.1')).toBe(false);
});
