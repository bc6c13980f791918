import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseUci, UciFiles } from '#platform';
import { readSettings } from '#services';
import { deviceNode } from '../../../bench/figures/figures.ts';
import { FakeBus } from '../../support/fake-bus.ts';
import { openModel } from '../../support/model-fixture.ts';

const top = join(import.meta.dirname, '../../../openwrt-package');
const read = (name: string): string => readFileSync(join(top, name), 'utf8');
const makefile = read('Makefile');

/** procd's functions as recorders, and config_get over a table. */
const stubs = `
procd_open_instance() { echo "open $1"; }
procd_set_param() { echo "set $*"; }
procd_close_instance() { echo close; }
procd_open_data() { echo data; }
procd_close_data() { :; }
procd_append_param() { echo "append $*"; }
procd_set_config_changed() { echo "changed $1"; }
procd_add_reload_trigger() { echo "trigger $*"; }
json_add_array() { echo "array $1"; }
json_add_object() { :; }
json_close_object() { :; }
json_close_array() { :; }
json_add_string() { echo "json $1=$2"; }
stop() { echo delete; }
start() { start_service; }
# As rc.common does.
reload() { if type reload_service >/dev/null 2>&1; then reload_service; else start; fi; }
config_load() { :; }
config_get() { eval "$1=\\\${uci_$2_$3:-$4}"; }
config_get_bool() { config_get "$@"; }
`;
function init(call: string, config: Readonly<Record<string, string>> = {}): string[] {
  const script = `${stubs}\n. ${join(top, 'files/tandem.init')}\n${call}`;
  return execFileSync('sh', ['-c', script], { env: { PATH: process.env.PATH, ...config }, encoding: 'utf8' })
    .trim()
    .split('\n');
}

const shellcheck = spawnSync('shellcheck', ['--version']).status === 0;
if (!shellcheck) console.log('shell scripts: skipped, shellcheck is not installed (scripts/test-servers)');

describe.skipIf(!shellcheck)('shell scripts (skipped when shellcheck is not installed)', () => {
  const project = join(top, '..');
  const files = readdirSync(join(top, 'files')).filter((file) => /\.(init|sh|dhcp-\w+)$/.test(file));
  const scripts = ['demo', 'test', 'test-servers', 'smoke-aarch64'];
  it.each([
    ...files.map((file) => join('openwrt-package/files', file)),
    ...scripts.map((name) => join('scripts', name)),
    'datamodel/vendor-example/example-fan',
    'datamodel/vendor-example/example-fan-spin',
  ])('%s gives shellcheck nothing to warn of', (file) => {
    const shell = readFileSync(join(project, file), 'utf8').startsWith('#!/usr/bin/env bash') ? 'bash' : 'sh';
    // ash has local; what DHCP clients and hotplug hand over is set by them.
    const options = ['-s', shell, '-S', 'warning', '-e', 'SC3043,SC2154'];
    expect(spawnSync('shellcheck', [...options, file], { cwd: project, encoding: 'utf8' }).stdout).toBe('');
  });
});

describe('the OpenWrt package', () => {
  it('installs only what exists, and every file that is there', () => {
    const installed = [...makefile.matchAll(/\.\/(files\/\S+)/g)].map((match) => match[1]!);
    expect(installed.length).toBeGreaterThan(5);
    for (const file of installed) expect(existsSync(join(top, file)), file).toBe(true);
    const all = execFileSync('ls', [join(top, 'files')], { encoding: 'utf8' })
      .trim()
      .split('\n');
    expect([...new Set(installed.map((file) => file.slice('files/'.length)))].sort()).toEqual(all.sort());
    const { version } = JSON.parse(readFileSync(join(top, '../package.json'), 'utf8')) as { version: string };
    expect(makefile).toContain(`PKG_VERSION:=${version}\n`);
  });

  it('has scripts that a POSIX shell takes', () => {
    for (const name of readdirSync(join(top, 'files')).filter((file) => /\.(init|sh|dhcp-\w+)$/.test(file))) {
      expect(() => execFileSync('sh', ['-n', join(top, 'files', name)])).not.toThrow();
    }
  });

  it('starts the daemon under procd with the small heap, and opens the port of the connection request', () => {
    const calls = init('start_service');
    expect(calls).toContain('set command /usr/sbin/tandemd');
    expect(calls).toContain('set respawn 3600 5 0');
    expect(calls).toContain('json dest_port=7547');
    expect(init('service_triggers')).toEqual(['trigger tandem']);
    const daemon = read('files/tandemd.sh');
    for (const flag of deviceNode.flags) {
      expect(daemon).toContain(flag);
    }
  });

  it('is another instance with another program', () => {
    expect(init('start_service')).toContain('set file /usr/lib/tandem/tandemd.cjs');
  });

  it('tells the firewall when another port is to be open, and only then', () => {
    const script = read('files/tandem.init').replaceAll('/var/run/tandem.port', '$told_file');
    const directory = mkdtempSync(join(tmpdir(), 'tandem-init-'));
    try {
      writeFileSync(join(directory, 'init'), script);
      const run = (call: string, config: Readonly<Record<string, string>> = {}): boolean =>
        execFileSync('sh', ['-c', `${stubs}\n. ${join(directory, 'init')}\n${call}`], {
          env: { PATH: process.env.PATH, told_file: join(directory, 'told'), ...config },
          encoding: 'utf8',
        }).includes('changed firewall');
      const started = 'start_service; service_started';
      expect(run(started)).toBe(true);
      expect(run(started)).toBe(false);
      expect(run(started, { uci_cwmp_connection_request_port: '7548' })).toBe(true);
      expect(run(started, { uci_agent_enable: '0' })).toBe(true);
      expect(run('service_stopped')).toBe(false);
      expect(run(started)).toBe(true);
      expect(run('service_stopped')).toBe(true);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });

  it('starts nothing when it is off, and opens no port without CWMP', () => {
    expect(init('start_service', { uci_agent_enable: '0' })).toEqual(['']);
    expect(init('start_service', { uci_cwmp_enable: '0' })).not.toContain('data');
    expect(init('start_service', { uci_cwmp_connection_request: '0' })).not.toContain('data');
    expect(init('start_service', { uci_cwmp_connection_request_port: '0' })).not.toContain('data');
  });

  it('keeps its reload trigger when it is switched off, and changes the instance with the port but not with the ACS', () => {
    // procd deletes a service's triggers with the service, and does not restart an instance of which only the data changes.
    expect(init('reload', { uci_agent_enable: '0' })).toEqual(['']);
    const instance = (config: Readonly<Record<string, string>>): string[] =>
      init('reload', config).filter((call) => call.startsWith('set '));
    expect(instance({})).toContain('set env TANDEM_LISTENS_AT=:: 7547 7547 0 ');
    expect(instance({ uci_cwmp_connection_request_port: '7548' })).not.toEqual(instance({}));
    expect(instance({ uci_cwmp_connection_request_address: '::1' })).not.toEqual(instance({}));
    for (const option of ['udp_port', 'lan', 'allow']) {
      expect(instance({ [`uci_cwmp_connection_request_${option}`]: '1' })).not.toEqual(instance({}));
    }
    expect(instance({ uci_cwmp_url: 'https://acs.example/' })).toEqual(instance({}));
  });

  it('has access lists that name what the agent publishes', () => {
    const rpcd = JSON.parse(read('files/tandem.rpcd-acl.json')) as {
      tandem: Record<'read' | 'write', { ubus: { tandem: string[]; 'tandem.transfers': string[] } }>;
    };
    const ubus = JSON.parse(read('files/tandem.ubus-acl.json')) as { access: { tandem: { methods: string[] } } };
    const source = readFileSync(join(top, '../src/services/bus-api.ts'), 'utf8');
    const methods = [...source.matchAll(/^ {4}(\w+): \{$/gm)].map((match) => match[1]!).sort();
    expect([...rpcd.tandem.read.ubus.tandem, ...rpcd.tandem.write.ubus.tandem].sort()).toEqual(methods);
    const transfers = readFileSync(join(top, '../src/services/transfer/bus-api.ts'), 'utf8');
    for (const right of ['read', 'write'] as const) {
      for (const method of rpcd.tandem[right].ubus['tandem.transfers']) expect(transfers).toContain(`    ${method}: {`);
    }
    for (const method of ubus.access.tandem.methods) expect(rpcd.tandem.read.ubus.tandem).toContain(method);
  });

  it('has a default configuration that the agent and the data model read as it says', async () => {
    const text = read('files/tandem.config');
    expect(() => parseUci(text)).not.toThrow();
    const directory = mkdtempSync(join(tmpdir(), 'tandem-package-'));
    try {
      writeFileSync(join(directory, 'tandem'), text);
      expect(readSettings(new UciFiles(directory))).toMatchObject({
        logLevel: 'info',
        connectionRequest: { address: '::', port: 7547 },
        confirm: { settleSeconds: 10, timeoutSeconds: 180 },
        allowPlainHttp: false,
      });
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
    await using fixture = await openModel({ bus: new FakeBus({}), packages: { tandem: text } });
    const [server] = await fixture.model.get({ protocol: 'cwmp' }, ['Device.ManagementServer.']);
    const values = new Map(
      server!.result.ok ? server!.result.value[0]!.parameters.map(({ info, value }) => [info.name, value]) : [],
    );
    expect(values.get('EnableCWMP')).toBe('true');
    expect(values.get('URL')).toBe('');
    expect(values.get('PeriodicInformInterval')).toBe('86400');
    const [role] = await fixture.model.get({ protocol: 'usp' }, ['Device.LocalAgent.ControllerTrust.Role.1.']);
    const permission = role!.result.ok
      ? role!.result.value.find(({ path }) => path.endsWith('Permission.1.'))
      : undefined;
    expect(permission?.parameters.find(({ info }) => info.name === 'Targets')?.value).toBe('Device.');
  });
});
