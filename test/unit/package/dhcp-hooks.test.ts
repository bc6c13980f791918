import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const top = join(import.meta.dirname, '../../../openwrt-package/files');
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tandem-hooks-'));
  program('ubus', `echo "$*" >>${directory}/calls\n`);
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function program(name: string, text: string): void {
  writeFileSync(join(directory, name), text.startsWith('#!') ? text : `#!/bin/sh\n${text}`);
  chmodSync(join(directory, name), 0o755);
}

/** The hook as it ships, with its directory elsewhere, sourced as OpenWrt's scripts source it. */
function source(name: string, args: readonly string[], env: Readonly<Record<string, string>>): string {
  const hook = join(directory, name);
  writeFileSync(hook, readFileSync(join(top, name), 'utf8').replace('/var/run/tandem', directory));
  // What the sourcing script does afterwards shows that nothing has ended it, or stayed behind.
  return execFileSync('sh', ['-c', `. ${hook}\necho "still $directory"`, 'dhcp.script', ...args], {
    env: { PATH: `${directory}:${process.env.PATH}`, ...env },
    encoding: 'utf8',
    // The last one is held by what the hook leaves running, too: its end is waited for.
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
  });
}
const calls = (): string[] =>
  existsSync(join(directory, 'calls')) ? readFileSync(join(directory, 'calls'), 'utf8').trim().split('\n') : [];
const lease = (name: string): string => readFileSync(join(directory, 'dhcp', name), 'utf8');
const leases = (): string[] => (existsSync(join(directory, 'dhcp')) ? readdirSync(join(directory, 'dhcp')) : []);

describe('the hook of the DHCP clients', () => {
  it('hands on what a lease says, and calls the agent when that has changed', () => {
    const env = { INTERFACE: 'wan', opt43: '0102', opt125: '00000de900' };
    expect(source('tandem.dhcp-lease', ['bound'], env)).toBe('still \n');
    expect(lease('wan')).toBe('opt43 0102\nopt125 00000de900\n');
    source('tandem.dhcp-lease', ['renew'], env);
    expect(calls()).toEqual(['-t 5 call tandem lease']);
    source('tandem.dhcp-lease', ['renew'], { ...env, opt43: '' });
    expect(lease('wan')).toBe('opt125 00000de900\n');
    source('tandem.dhcp-lease', ['deconfig'], { INTERFACE: 'wan' });
    expect(leases()).toEqual([]);
    expect(calls()).toHaveLength(3);
  });

  it('hands on what DHCPv6 says', () => {
    source('tandem.dhcp-lease', ['eth1', 'bound'], { INTERFACE: 'wan6', OPTION_17: '00000de9' });
    expect(lease('wan6')).toBe('opt17 00000de9\n');
    source('tandem.dhcp-lease', ['eth1', 'ra-updated'], { INTERFACE: 'wan6' });
    expect(leases()).toEqual(['wan6']);
    source('tandem.dhcp-lease', ['eth1', 'unbound'], { INTERFACE: 'wan6' });
    expect(leases()).toEqual([]);
  });

  it.each([
    ['a value that is no hexadecimal', { INTERFACE: 'wan', opt43: '01$(touch x)' }],
    ['a value with a second line', { INTERFACE: 'wan', opt43: '01\nopt125 02' }],
    ['a value that is too long', { INTERFACE: 'wan', opt43: '00'.repeat(2049) }],
    ['an interface that leads elsewhere', { INTERFACE: '../x', opt43: '01' }],
    ['a hidden interface', { INTERFACE: '.x', opt43: '01' }],
    ['no interface', { opt43: '01' }],
    ['another event', { INTERFACE: 'wan', opt43: '01', event: 'nak' }],
  ])('leaves out %s', (_, { event = 'bound', ...env }: { event?: string; INTERFACE?: string; opt43: string }) => {
    source('tandem.dhcp-lease', [event], env);
    expect(leases()).toEqual([]);
    expect(calls()).toEqual([]);
    expect(readdirSync(directory).sort()).toEqual(['tandem.dhcp-lease', 'ubus']);
  });
});

describe('the hook of the DHCP server', () => {
  const mac = '02:00:00:00:00:01';
  const named = { ACTION: 'add', MACADDR: mac, DNSMASQ_CPEWAN_OUI: '00d09e', DNSMASQ_CPEWAN_SERIAL: 'S 1' };
  const hook = (env: Readonly<Record<string, string>>): string => source('tandem.dhcp-client', [], env);

  it('notes who names himself, until he goes or does so no longer', () => {
    expect(hook({ ...named, DNSMASQ_CPEWAN_CLASS: 'Box' })).toBe('still \n');
    const file = join(directory, 'lan', mac);
    expect(readFileSync(file, 'utf8')).toBe(`mac: ${mac}\noui: 00d09e\nserial: S 1\nclass: Box\n`);
    expect(calls()).toEqual(['send tandem.lan']);
    hook({ ACTION: 'update', MACADDR: mac });
    expect(existsSync(file)).toBe(false);
    hook(named);
    hook({ ACTION: 'remove', MACADDR: mac });
    expect(existsSync(file)).toBe(false);
    expect(calls()).toHaveLength(4);
  });

  it('lets nobody write another line, another file, or more of them than are good', () => {
    hook({ ...named, DNSMASQ_CPEWAN_SERIAL: `S\nmac: ff${'x'.repeat(90)}` });
    expect(readFileSync(join(directory, 'lan', mac), 'utf8')).toBe(
      `mac: ${mac}\noui: 00d09e\nserial: ${`Smac: ff${'x'.repeat(90)}`.slice(0, 64)}\nclass: \n`,
    );
    hook({ ...named, MACADDR: '../evil' });
    hook({ ...named, MACADDR: '02:00:00:00:00:02', DNSMASQ_CPEWAN_OUI: '00d09e0' });
    hook({ ...named, MACADDR: '02:00:00:00:00:03', DNSMASQ_CPEWAN_SERIAL: '' });
    expect(readdirSync(join(directory, 'lan'))).toEqual([mac]);
    for (let count = 0; count < 255; count++) writeFileSync(join(directory, 'lan', `02:${count}`), '');
    hook({ ...named, MACADDR: '02:00:00:00:00:04' });
    expect(readdirSync(join(directory, 'lan'))).toHaveLength(256);
  });
});

describe('what the interfaces ask for and say', () => {
  const configuration = (): string[] => readFileSync(join(directory, 'config'), 'utf8').trim().split('\n').sort();
  function defaults(given: Readonly<Record<string, string>>, identity?: Readonly<Record<string, string>>): string[] {
    writeFileSync(
      join(directory, 'config'),
      Object.entries(given)
        .map(([key, value]) => `${key}=${value}\n`)
        .join(''),
    );
    if (identity) writeFileSync(join(directory, 'device.json'), JSON.stringify(identity));
    const run = (): string[] => {
      const text = readFileSync(join(top, 'tandem.dhcp-defaults'), 'utf8').replace(
        '/usr/share/tandem/factory',
        directory,
      );
      execFileSync('sh', ['-c', text], { env: { PATH: `${directory}:${process.env.PATH}` } });
      return configuration();
    };
    const once = run();
    expect(run()).toEqual(once);
    return once;
  }
  beforeEach(() => {
    // As much of uci as the script asks for, over lines `package.section.option=value`.
    program(
      'uci',
      `config=${directory}/config
[ "$1" = -q ] && shift
key=\${2%%=*}
old=$(sed -n "s/^$key=//p" $config)
case "$1" in
get) [ -n "$old" ] && echo "$old" ;;
set) grep -v "^$key=" $config >$config.new; echo "$2" >>$config.new; mv $config.new $config ;;
add_list) grep -v "^$key=" $config >$config.new; echo "$key=\${old:+$old }\${2#*=}" >>$config.new; mv $config.new $config ;;
esac\n`,
    );
    program(
      'jsonfilter',
      `#!${process.execPath}\nconst [, file, , path] = process.argv.slice(2);\nconst value = JSON.parse(require('fs').readFileSync(file, 'utf8'))[path.slice(2)];\nif (value !== undefined) console.log(value);\n`,
    );
  });
  const wan = { 'network.wan.proto': 'dhcp', 'network.wan6.proto': 'dhcpv6' };

  it('is what TR-069 wants, once, with the identity of the device', () => {
    const identity = { ManufacturerOUI: '00D09E', SerialNumber: 'LAB0001', ProductClass: 'FX' };
    expect(defaults({ ...wan, 'dhcp.lan': 'dhcp' }, identity)).toEqual([
      'dhcp.lan.dhcp_option=tag:cpewan-id,vi-encap:3561,4,30:30:44:30:39:45 tag:cpewan-id,vi-encap:3561,5,4c:41:42:30:30:30:31 tag:cpewan-id,vi-encap:3561,6,46:58',
      'dhcp.lan=dhcp',
      'network.wan.proto=dhcp',
      'network.wan.reqopts=43 125',
      'network.wan.sendopts=125:00000de915010630304430394502074c41423030303103024658',
      'network.wan.vendorid=dslforum.org',
      'network.wan6.proto=dhcpv6',
      'network.wan6.reqopts=17',
      'network.wan6.sendopts=17:00000de9000b0006303044303945000c00074c414230303031000d00024658',
      'network.wan6.vendorclass=00000de9000c64736c666f72756d2e6f7267',
    ]);
  });

  it('leaves what is there, and says it in option 124 where option 60 is somebody else’s', () => {
    const given = {
      ...wan,
      'network.wan.reqopts': '66 43',
      'network.wan.vendorid': 'isp-box',
      'network.wan.sendopts': '61:01',
      'network.wan6.vendorclass': '0000',
    };
    expect(defaults(given)).toEqual([
      'network.wan.proto=dhcp',
      'network.wan.reqopts=66 43 125',
      'network.wan.sendopts=61:01 124:00000de90d0c64736c666f72756d2e6f7267',
      'network.wan.vendorid=isp-box',
      'network.wan6.proto=dhcpv6',
      'network.wan6.reqopts=17',
      'network.wan6.vendorclass=0000',
    ]);
  });

  it('is nothing where it is turned off, and nothing on an interface that is not asked by DHCP', () => {
    expect(defaults({ ...wan, 'tandem.cwmp.discovery': '0' })).toHaveLength(3);
    expect(defaults({ 'network.wan.proto': 'pppoe' })).toEqual(['network.wan.proto=pppoe']);
    expect(defaults({ ...wan, 'network.up.proto': 'dhcp', 'tandem.cwmp.discovery_interface': 'up' })).toContain(
      'network.up.reqopts=43 125',
    );
  });
});
