import { afterEach, describe, expect, it } from 'vitest';
import { type DeviceView, viewOf } from '../../support/device-view.ts';

// TR-369 R-ARC.11: a reference may be written by unique key, and reads by instance number.
let view: DeviceView | undefined;
afterEach(async () => {
  await view?.[Symbol.asyncDispose]();
  view = undefined;
});
const start = async (): Promise<DeviceView> => {
  view = await viewOf({
    packages: {
      network: `config interface 'lan'\n\toption proto 'static'\n\nconfig interface 'wan'\n\toption proto 'static'\n`,
      dhcp: `config dhcp 'pool'\n\toption interface 'lan'\n`,
    },
  });
  return view;
};
const pool = 'Device.DHCPv4.Server.Pool.1.';
const named = (name: string): string => `Device.IP.Interface.[Name=="${name}"]`;

describe('a reference by key', () => {
  it('is written as the row it leads to, with and without the last dot', async () => {
    const { set, read, config } = await start();
    expect(await set(pool, { Interface: named('wan') })).toBe(true);
    expect(config('dhcp')).toContain("option interface 'wan'");
    expect(await read(`${pool}Interface`)).toEqual({ 'DHCPv4.Server.Pool.1.Interface': 'Device.IP.Interface.2' });
    expect(await set(pool, { Interface: `${named('lan')}.` })).toBe(true);
    expect(config('dhcp')).toContain("option interface 'lan'");
  });

  it.each([
    ['nobody', named('nobody')],
    ['more than one', 'Device.IP.Interface.[Type=="Normal"]'],
    ['a row of another table', 'Device.DHCPv4.Server.Pool.[Order==1]'],
    ['what is no search', 'Device.IP.Interface.[Name==wan]'],
  ])('to %s is refused', async (_, reference) => {
    const { set, config } = await start();
    const before = config('dhcp');
    expect(await set(pool, { Interface: reference })).toBe(false);
    expect(config('dhcp')).toBe(before);
  });
});
