import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '#base';
import { type Router, startRouter } from '#lab';
import { UbusPeer } from '../../support/ubus-peer.ts';

/** Timers of a second and more fire when the test says so. */
class StoppedClock implements Clock {
  readonly #pending = new Set<() => void>();
  now = () => systemClock.now();
  monotonicMs = () => systemClock.monotonicMs();
  timer(delayMs: number, callback: () => void): Disposable {
    if (delayMs <= 1000) return systemClock.timer(delayMs, callback);
    this.#pending.add(callback);
    return { [Symbol.dispose]: () => void this.#pending.delete(callback) };
  }
  fire(): void {
    for (const callback of [...this.#pending]) {
      this.#pending.delete(callback);
      callback();
    }
  }
}

let directory: string;
let clock: StoppedClock;
let router: Router;
let peer: UbusPeer;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tandem-router-'));
  clock = new StoppedClock();
  router = await startRouter({ directory, clock, reloadDelayMs: 5 });
  peer = await UbusPeer.connect(router.socketPath);
});
afterEach(async () => {
  peer[Symbol.dispose]();
  await router[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

const file = (config: string) => readFileSync(join(router.root, 'etc/config', config), 'utf8');
const uci = (method: string, args = {}) => peer.call('uci', method, args);
// biome-ignore lint/suspicious/noExplicitAny: answers are walked by name
const good = async (method: string, args = {}): Promise<any> => {
  const answer = await uci(method, args);
  expect(answer.status).toBe(0);
  return answer.data;
};
const reloaded = (config: string) =>
  new Promise<void>((resolve) => {
    const listening = router.onReload.on((name) => {
      if (name !== config) return;
      listening[Symbol.dispose]();
      resolve();
    });
  });

async function session(timeout = 0): Promise<string> {
  const { data } = await peer.call('session', 'create', { timeout });
  const id = String(data!.ubus_rpc_session);
  await peer.call('session', 'grant', {
    ubus_rpc_session: id,
    scope: 'uci',
    objects: [
      ['*', 'read'],
      ['*', 'write'],
    ],
  });
  return id;
}

describe('uci: reading', () => {
  it('gives packages, sections and options in the shape of rpcd', async () => {
    expect((await good('get', { config: 'network', section: 'lan', option: 'proto' })).value).toBe('static');
    expect((await good('get', { config: 'network', section: 'lan' })).values).toMatchObject({
      '.anonymous': false,
      '.type': 'interface',
      '.name': 'lan',
      ip6assign: '60',
    });
    const { values } = await good('get', { config: 'network', type: 'device' });
    expect(Object.values(values)[0]).toMatchObject({
      '.anonymous': true,
      '.index': 2,
      name: 'br-lan',
      ports: ['lan1', 'lan2', 'lan3', 'lan4'],
    });
    expect(Object.keys((await good('get', { config: 'network', match: { proto: 'dhcp' } })).values)).toEqual(['wan']);
    expect((await good('get', { config: 'system', section: '@system[0]', option: 'hostname' })).value).toBe('OpenWrt');
    expect((await good('configs')).configs).toContain('wireless');
  });

  it('answers success without data for a section or option that is not there, and NOT_FOUND for a package', async () => {
    expect(await uci('get', { config: 'network', section: 'none' })).toEqual({ status: 0, data: undefined });
    expect(await uci('get', { config: 'network', section: 'lan', option: 'none' })).toEqual({
      status: 0,
      data: undefined,
    });
    expect((await uci('get', { config: 'none' })).status).toBe(4);
    expect((await uci('get', { config: 5 })).status).toBe(2);
  });
});

describe('uci: editing', () => {
  it('stages, shows, and commits what was set', async () => {
    const before = file('network');
    await good('set', {
      config: 'network',
      section: 'lan',
      values: { mtu: 1400, force_link: true, dns: ['1.1.1.1', '9.9.9.9'], netmask: '255.255.0.0' },
    });
    expect(file('network')).toBe(before);
    expect((await good('changes', { config: 'network' })).changes).toEqual([
      ['set', 'lan', 'mtu', '1400'],
      ['set', 'lan', 'force_link', '1'],
      ['list-add', 'lan', 'dns', '1.1.1.1'],
      ['list-add', 'lan', 'dns', '9.9.9.9'],
      ['set', 'lan', 'netmask', '255.255.0.0'],
    ]);
    expect((await good('get', { config: 'network', section: 'lan', option: 'dns' })).value).toEqual([
      '1.1.1.1',
      '9.9.9.9',
    ]);
    const taken = reloaded('network');
    await good('commit', { config: 'network' });
    await taken;
    expect(file('network')).toContain("\tlist dns '1.1.1.1'\n\tlist dns '9.9.9.9'\n");
    expect((await good('changes')).changes).toEqual({});
    const { data } = await peer.call('network.interface.lan', 'status');
    expect(data).toMatchObject({
      'ipv4-address': [{ address: '192.168.1.1', mask: 16 }],
      'dns-server': ['1.1.1.1', '9.9.9.9'],
    });
  });

  it('adds, renames, orders and deletes', async () => {
    const { section } = await good('add', {
      config: 'firewall',
      type: 'rule',
      values: { name: 'x', proto: ['tcp', 'udp'] },
    });
    expect(section).toMatch(/^cfg[0-9a-f]{2}92bd$/);
    expect((await good('add', { config: 'network', type: 'interface', name: 'iot' })).section).toBe('iot');
    await good('rename', { config: 'firewall', section, name: 'mine' });
    await good('order', { config: 'network', sections: ['globals', 'loopback'] });
    await good('delete', { config: 'firewall', section: '@redirect[0]' });
    await good('delete', { config: 'firewall', section: '@defaults[0]', options: ['syn_flood', 'none'] });
    for (const config of ['firewall', 'network']) await good('commit', { config });
    expect(file('firewall')).toContain(
      "config rule 'mine'\n\toption name 'x'\n\tlist proto 'tcp'\n\tlist proto 'udp'\n",
    );
    expect(file('firewall')).not.toContain('redirect');
    expect(file('firewall')).not.toContain('syn_flood');
    expect(file('network').startsWith("\nconfig globals 'globals'")).toBe(true);
  });

  it('refuses what rpcd refuses, and saves nothing of it', async () => {
    const refusals: [string, object, number][] = [
      ['set', { config: 'network', section: 'none', values: { a: 'b' } }, 4],
      ['set', { config: 'network', section: 'lan', values: { a: 'b', 'bad-name': 'x' } }, 2],
      ['set', { config: 'network', section: 'lan', values: { a: [] } }, 2],
      ['set', { config: 'network', section: 'lan', values: { a: 1.5 } }, 2],
      ['set', { config: 'network', values: { a: 'b' } }, 2],
      ['set', { config: 'network', section: 'lan' }, 2],
      ['delete', { config: 'network', section: 'lan', option: 'none' }, 4],
      ['delete', { config: 'network', section: 'none' }, 4],
      ['add', { config: 'network', type: 'a b' }, 2],
      ['add', { config: 'network', type: 'interface', name: 'bad-name' }, 2],
      ['rename', { config: 'network', section: 'lan', name: 'bad-name' }, 2],
      // No refusal, and no change either.
      ['rename', { config: 'network', section: 'none', name: 'x' }, 0],
      ['commit', { config: 'none' }, 4],
      ['revert', { config: 'none' }, 4],
      ['apply', { rollback: true }, 2],
      ['confirm', { ubus_rpc_session: 'x' }, 5],
      ['get', { config: 'network', ubus_rpc_session: 'f'.repeat(32) }, 6],
    ];
    for (const [method, args, status] of refusals)
      expect([method, args, (await uci(method, args)).status]).toEqual([method, args, status]);
    expect((await good('changes')).changes).toEqual({});
  });

  it('writes negative numbers unsigned, as rpcd does', async () => {
    await good('set', { config: 'network', section: 'lan', values: { metric: -1 } });
    expect((await good('get', { config: 'network', section: 'lan', option: 'metric' })).value).toBe('4294967295');
  });

  it('keeps the staging areas of sessions apart, and drops them with the session', async () => {
    const one = await session();
    await good('set', { config: 'system', section: '@system[0]', values: { hostname: 'one' }, ubus_rpc_session: one });
    expect((await good('get', { config: 'system', section: '@system[0]', option: 'hostname' })).value).toBe('OpenWrt');
    expect(
      (await good('get', { config: 'system', section: '@system[0]', option: 'hostname', ubus_rpc_session: one })).value,
    ).toBe('one');
    await peer.call('session', 'destroy', { ubus_rpc_session: one });
    expect((await uci('changes', { config: 'system', ubus_rpc_session: one })).status).toBe(6);
  });

  it('reverts', async () => {
    await good('set', { config: 'network', section: 'lan', values: { mtu: '1300' } });
    await good('revert', { config: 'network' });
    expect((await good('changes')).changes).toEqual({});
  });
});

describe('uci: apply with rollback', () => {
  const hostname = async () => (await peer.call('system', 'board')).data!.hostname;

  async function applied(): Promise<string> {
    const id = await session();
    await good('set', {
      config: 'system',
      section: '@system[0]',
      values: { hostname: 'changed' },
      ubus_rpc_session: id,
    });
    const taken = reloaded('system');
    await good('apply', { rollback: true, timeout: 30, ubus_rpc_session: id });
    await taken;
    expect(await hostname()).toBe('changed');
    return id;
  }

  it('stays when it is confirmed', async () => {
    const id = await applied();
    await good('confirm', { ubus_rpc_session: id });
    clock.fire();
    expect(file('system')).toContain("'changed'");
    expect((await uci('confirm', { ubus_rpc_session: id })).status).toBe(5);
  });

  it('comes back when nobody confirms: the file, the state, and what was staged', async () => {
    const before = file('system');
    const id = await applied();
    const taken = reloaded('system');
    clock.fire();
    await taken;
    expect(file('system')).toBe(before);
    expect(await hostname()).toBe('OpenWrt');
    expect((await good('changes', { ubus_rpc_session: id })).changes).toEqual({
      system: [['set', expect.stringMatching(/^cfg01/), 'hostname', 'changed']],
    });
  });

  it('comes back when asked to', async () => {
    const id = await applied();
    await good('rollback', { ubus_rpc_session: id });
    expect(file('system')).toContain("'OpenWrt'");
    expect((await uci('rollback', { ubus_rpc_session: id })).status).toBe(5);
  });

  it('has one slot: while it is armed nobody commits, reverts or applies with rollback', async () => {
    const id = await applied();
    const other = await session();
    await good('set', { config: 'network', section: 'lan', values: { mtu: '1300' }, ubus_rpc_session: other });
    expect((await uci('apply', { rollback: true, ubus_rpc_session: other })).status).toBe(6);
    expect((await uci('commit', { config: 'network', ubus_rpc_session: other })).status).toBe(6);
    expect((await uci('revert', { config: 'network' })).status).toBe(6);
    expect((await uci('confirm', { ubus_rpc_session: other })).status).toBe(6);
    await good('confirm', { ubus_rpc_session: id });
    await good('apply', { rollback: true, ubus_rpc_session: other });
  });

  it('restores nothing once somebody applied without rollback meanwhile: that took the snapshot away', async () => {
    const id = await applied();
    await good('apply', { rollback: false, ubus_rpc_session: await session() });
    await good('rollback', { ubus_rpc_session: id });
    expect(file('system')).toContain("'changed'");
  });

  it('has nothing to apply without changes', async () => {
    expect((await uci('apply', { rollback: true, ubus_rpc_session: await session() })).status).toBe(5);
  });
});

describe('reload', () => {
  it('the radios follow the configuration only when it is reloaded', async () => {
    await peer.listen('ubus.object.*');
    router.editFile('wireless', (text) =>
      text
        .replace("option ssid 'OpenWrt-Guest'", "option ssid 'Visitors'\n\toption disabled '1'")
        .replace("channel '36'", "channel '44'"),
    );
    const info = async () => (await peer.call('iwinfo', 'info', { device: 'phy1-ap0' })).data!.channel;
    expect(await info()).toBe(36);
    const taken = reloaded('wireless');
    await peer.call('service', 'event', { type: 'config.change', data: { package: 'wireless' } });
    await taken;
    expect(await info()).toBe(44);
    expect((await peer.call('iwinfo', 'info', { device: 'phy1-ap0' })).data!.center_chan1).toBe(42);
    expect(await peer.heard('ubus.object.remove')).toMatchObject({ path: 'hostapd.phy1-ap1' });
    expect((await peer.call('iwinfo', 'devices')).data!.devices).toEqual(['phy0-ap0', 'phy1-ap0']);
  });

  it('interfaces come and go', async () => {
    await peer.subscribe('service');
    await good('add', {
      config: 'network',
      type: 'interface',
      name: 'iot',
      values: { proto: 'static', device: 'lan4', ipaddr: ['10.9.0.1/24'] },
    });
    await good('delete', { config: 'network', section: 'wwan' });
    const taken = reloaded('network');
    await good('commit', { config: 'network' });
    expect(await peer.heard('config.change')).toEqual({ config: 'network' });
    await taken;
    expect((await peer.call('network.interface.iot', 'status')).data).toMatchObject({
      up: true,
      'ipv4-address': [{ address: '10.9.0.1', mask: 24 }],
    });
    expect(await peer.lookup('network.interface.wwan')).toEqual([]);
  });

  it('a file that can not be read leaves the daemons as they were', async () => {
    router.editFile('wireless', () => 'nonsense\n');
    const taken = reloaded('wireless');
    router.reload('wireless');
    await taken;
    expect((await peer.call('iwinfo', 'devices')).data!.devices).toHaveLength(3);
    expect((await uci('get', { config: 'wireless' })).status).toBe(9);
  });
});

describe('session', () => {
  it('grants, checks, keeps data, expires', async () => {
    const { data } = await peer.call('session', 'create', { timeout: 300 });
    const id = String(data!.ubus_rpc_session);
    expect(data).toMatchObject({ timeout: 300, acls: {}, data: {} });
    const access = async (object: string, wanted: string) =>
      (await peer.call('session', 'access', { ubus_rpc_session: id, scope: 'ubus', object, function: wanted })).data!
        .access;
    await peer.call('session', 'grant', { ubus_rpc_session: id, scope: 'ubus', objects: [['network.*', 'status']] });
    expect([
      await access('network.device', 'status'),
      await access('network.device', 'set_state'),
      await access('uci', 'status'),
    ]).toEqual([true, false, false]);
    await peer.call('session', 'set', { ubus_rpc_session: id, values: { a: 'b' } });
    expect((await peer.call('session', 'get', { ubus_rpc_session: id, keys: ['a'] })).data).toEqual({
      values: { a: 'b' },
    });
    clock.fire();
    expect((await peer.call('session', 'list', { ubus_rpc_session: id })).status).toBe(4);
  });

  it('root may log in, nobody else', async () => {
    const { data } = await peer.call('session', 'login', { username: 'root', password: '' });
    expect(data!.acls).toMatchObject({ uci: { '*': ['read', 'write'] } });
    expect((await peer.call('session', 'login', { username: 'mallory', password: '' })).status).toBe(6);
  });
});
