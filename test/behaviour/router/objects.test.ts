import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Router, startRouter } from '#lab';
import { UbusPeer } from '../../support/ubus-peer.ts';

let directory: string;
let router: Router;
let peer: UbusPeer;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tandem-router-'));
  router = await startRouter({ directory, reloadDelayMs: 5, rebootMs: 5 });
  peer = await UbusPeer.connect(router.socketPath);
});
afterEach(async () => {
  peer[Symbol.dispose]();
  await router[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

// biome-ignore lint/suspicious/noExplicitAny: answers are walked by name, as a shell script would
const get = async (object: string, method: string, args = {}): Promise<any> => {
  const answer = await peer.call(object, method, args);
  expect(answer.status).toBe(0);
  return answer.data;
};

describe('the objects of the simulated router', () => {
  it('are those of a stock router', async () => {
    const paths = (await peer.lookup('*')).map((object) => object.path);
    for (const path of [
      'dhcp',
      'dnsmasq',
      'file',
      'hostapd.phy0-ap0',
      'hostapd.phy1-ap0',
      'hostapd.phy1-ap1',
      'iwinfo',
      'log',
      'luci-rpc',
      'modemmanager',
      'network',
      'network.device',
      'network.interface',
      'network.interface.lan',
      'network.interface.wan',
      'network.interface.wan6',
      'network.interface.wwan',
      'network.wireless',
      'rc',
      'rpc-sys',
      'service',
      'session',
      'system',
      'uci',
    ])
      expect(paths).toContain(path);
  });

  it('every method without required arguments answers', async () => {
    const failed: string[] = [];
    for (const object of await peer.lookup('*'))
      for (const method of Object.keys(object.methods)) {
        if (['reboot', 'factory', 'down', 'restart', 'reload'].includes(method)) continue;
        const { status } = await peer.callId(object.id, method);
        // 0, or a refusal that names the argument: never a failure of ours.
        if (![0, 2, 4, 5, 9].includes(status) || (status === 9 && method !== 'wps_start'))
          failed.push(`${object.path} ${method} ${status}`);
      }
    expect(failed).toEqual([]);
  });

  it('describe a board, and its files say the same', async () => {
    const board = await get('system', 'board');
    expect(board).toMatchObject({ hostname: 'OpenWrt', release: { distribution: 'OpenWrt', version: '24.10.2' } });
    expect(readFileSync(join(router.root, 'tmp/sysinfo/model'), 'utf8')).toBe(`${board.model}\n`);
    expect(readFileSync(join(router.root, 'proc/uptime'), 'utf8')).toMatch(/^\d+\.\d\d \d+\.\d\d\n$/);
    expect(readFileSync(join(router.root, 'tmp/dhcp.leases'), 'utf8')).toMatch(/192\.168\.1\.136 laptop/);
    expect((await get('system', 'info')).memory.total).toBe(1_019_883_520);
  });

  it('agree with each other about the radios and their stations', async () => {
    const wireless = await get('network.wireless', 'status');
    expect(wireless.radio1.interfaces.map((i: { ifname: string }) => i.ifname)).toEqual(['phy1-ap0', 'phy1-ap1']);
    expect(wireless.radio1.interfaces[0].config).toMatchObject({ ssid: 'OpenWrt', network: ['lan'] });
    const info = await get('iwinfo', 'info', { device: 'phy1-ap0' });
    expect(info).toMatchObject({
      ssid: 'OpenWrt',
      channel: 36,
      frequency: 5180,
      encryption: { wpa: [2, 3], authentication: ['psk', 'sae'] },
    });
    const associated = await get('iwinfo', 'assoclist', { device: 'phy1-ap0' });
    const { clients } = await get('hostapd.phy1-ap0', 'get_clients');
    expect(associated.results.map((s: { mac: string }) => s.mac.toLowerCase()).sort()).toEqual(
      Object.keys(clients).sort(),
    );
    expect(Object.keys(clients)).toHaveLength(3);
    const leases = (await get('luci-rpc', 'getDHCPLeases')).dhcp_leases;
    expect(leases).toHaveLength(6);
    const devices = await get('network.device', 'status');
    expect(devices['br-lan']['bridge-members']).toEqual(['lan1', 'lan2', 'lan3', 'lan4', 'phy0-ap0', 'phy1-ap0']);
    expect(devices['phy1-ap0'].macaddr).toBe(info.bssid.toLowerCase());
  });

  it('counters only grow', async () => {
    const first = (await get('network.device', 'status', { name: 'wan' })).statistics;
    router.setUptime(100_000);
    const second = (await get('network.device', 'status', { name: 'wan' })).statistics;
    expect(second.rx_bytes).toBeGreaterThan(first.rx_bytes);
    expect((await get('system', 'info')).uptime).toBeGreaterThanOrEqual(100_000);
  });

  it('interfaces carry addresses, prefixes and routes', async () => {
    const { interface: all } = await get('network.interface', 'dump');
    const byName = Object.fromEntries(all.map((i: { interface: string }) => [i.interface, i]));
    expect(byName.lan['ipv4-address']).toEqual([{ address: '192.168.1.1', mask: 24 }]);
    expect(byName.lan['ipv6-prefix-assignment'].map((p: { address: string }) => p.address)).toEqual([
      '2001:db8:100::',
      'fd4c:5b1e:92a7::',
    ]);
    expect(byName.wan.route[0].nexthop).toBe('203.0.113.1');
    expect(byName.wan6['ipv6-prefix'][0].assigned.lan.mask).toBe(60);
    expect(byName.wwan).toMatchObject({ up: true, l3_device: 'wwan0', metric: 20 });
  });
});

describe('what happens on the router', () => {
  it('a cable that is pulled takes the interface down, with an event and a notification', async () => {
    await peer.listen('network.interface');
    await peer.subscribe('network.interface');
    router.unplugCable('wan');
    expect(await peer.heard('network.interface', (d) => d.interface === 'wan')).toEqual({
      action: 'ifdown',
      interface: 'wan',
    });
    expect(await peer.heard('interface.down', (d) => d.interface === 'wan')).toMatchObject({ up: false });
    expect(await get('network.interface.wan', 'status')).toMatchObject({ up: false, available: false });
    expect((await get('network.device', 'status', { name: 'wan' })).carrier).toBe(false);
    router.plugCable('wan');
    expect(await peer.heard('network.interface', (d) => d.interface === 'wan')).toEqual({
      action: 'ifup',
      interface: 'wan',
    });
  });

  it('a station that joins and leaves is told by hostapd and dnsmasq, and can be sent away', async () => {
    await peer.subscribe('hostapd.phy0-ap0');
    await peer.subscribe('dnsmasq');
    router.joinStation({ mac: 'AA:BB:CC:00:11:22', name: 'guest-phone', section: 'default_radio0' });
    expect(await peer.heard('assoc')).toMatchObject({ address: 'aa:bb:cc:00:11:22' });
    expect(await peer.heard('sta-authorized')).toMatchObject({ address: 'aa:bb:cc:00:11:22' });
    expect(await peer.heard('dhcp.ack')).toMatchObject({ ip: '192.168.1.200' });
    router.setSignal('aa:bb:cc:00:11:22', -80);
    const { clients } = await get('hostapd.phy0-ap0', 'get_clients');
    expect(clients['aa:bb:cc:00:11:22'].signal).toBe(-80);
    await get('hostapd.phy0-ap0', 'del_client', { addr: 'aa:bb:cc:00:11:22' });
    expect(await peer.heard('disassoc')).toMatchObject({ address: 'aa:bb:cc:00:11:22' });
    expect(Object.keys((await get('hostapd.phy0-ap0', 'get_clients')).clients)).toHaveLength(1);
  });

  it('a reboot answers, disconnects everybody, and starts the time anew', async () => {
    const rebooted = new Promise((resolve) => router.onReboot.on(resolve));
    expect((await peer.call('system', 'reboot')).status).toBe(0);
    expect(await rebooted).toBe('reboot');
    await peer.untilClosed();
    expect(router.reboots).toBe(1);
    peer = await reconnected();
    expect((await get('system', 'info')).uptime).toBeLessThan(60);
  });

  it('a factory reset brings the configuration of the first day back', async () => {
    router.editFile('system', (text) => text.replace("'OpenWrt'", "'mine'"));
    expect((await peer.call('rpc-sys', 'factory')).status).toBe(0);
    await peer.untilClosed();
    peer = await reconnected();
    expect((await get('system', 'board')).hostname).toBe('OpenWrt');
  });

  it('objects have new ids after ubusd comes back', async () => {
    const [before] = await peer.lookup('system');
    await router.stopBus();
    await peer.untilClosed();
    await router.startBus();
    peer = await UbusPeer.connect(router.socketPath);
    const [after] = await peer.lookup('system');
    expect(after!.id).not.toBe(before!.id);
  });
});

async function reconnected(): Promise<UbusPeer> {
  for (;;) {
    try {
      return await UbusPeer.connect(router.socketPath);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
