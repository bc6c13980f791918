import type { networkInterfaces } from 'node:os';
import { expect, it, vi } from 'vitest';
import { isOnOtherNetwork } from '#platform';

vi.mock('node:os', () => ({
  networkInterfaces: (): ReturnType<typeof networkInterfaces> => ({
    lo: [entry('127.0.0.1', '127.0.0.1/8'), entry('::1', '::1/128')],
    wan: [
      entry('198.51.100.7', '198.51.100.7/24'),
      entry('2001:db8:f::7', '2001:db8:f::7/64'),
      entry('fe80::1', 'fe80::1/64'),
    ],
    'br-lan': [
      entry('192.168.1.1', '192.168.1.1/24'),
      entry('2001:db8:1::1', '2001:db8:1::1/64'),
      entry('fe80::2', 'fe80::2/64'),
    ],
  }),
}));
function entry(address: string, cidr: string) {
  const family = address.includes(':') ? ('IPv6' as const) : ('IPv4' as const);
  return {
    address,
    cidr,
    netmask: '',
    mac: '',
    internal: false,
    ...(family === 'IPv6' ? { family, scopeid: 0 } : { family }),
  } as never;
}

it('knows the hosts of the LAN from the ACS, when the device is reached from the WAN', () => {
  for (const own of ['198.51.100.7', '2001:db8:f::7']) {
    for (const foreign of ['192.168.1.50', '192.168.1.1', '2001:db8:1::50', '127.0.0.1'])
      expect(isOnOtherNetwork(foreign, own)).toBe(true);
    for (const acs of ['203.0.113.1', '198.51.100.99', '2001:db8:99::1', 'fe80::99'])
      expect(isOnOtherNetwork(acs, own)).toBe(false);
  }
});

it('has nothing against the LAN when the ACS is there', () => {
  expect(isOnOtherNetwork('192.168.1.50', '192.168.1.1')).toBe(false);
  expect(isOnOtherNetwork('127.0.0.1', '127.0.0.1')).toBe(false);
});

it('shuts nobody out as long as it does not know how it is reached', () => {
  for (const own of ['', 'router.example', '203.0.113.77']) expect(isOnOtherNetwork('192.168.1.50', own)).toBe(false);
  expect(isOnOtherNetwork('', '198.51.100.7')).toBe(false);
});
