import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const files = join(import.meta.dirname, '../../openwrt-package/files');
const runs = (program: string, ...args: string[]): boolean => spawnSync(program, args).status === 0;

/** Whether both programs are installed and namespaces may be made; tests that need them say so when they are skipped. */
export const hasDhcp =
  runs('dnsmasq', '--version') &&
  !spawnSync('udhcpc', ['--help']).error &&
  runs(
    'unshare',
    '-n',
    '-m',
    '--propagation',
    'private',
    'ip',
    'link',
    'add',
    'wan0',
    'type',
    'veth',
    'peer',
    'name',
    'isp0',
  );

export interface DhcpLink {
  /** Of the router's files: the hooks of the package write below it. */
  readonly root: string;
  /** `--dhcp-option`s of the server. */
  readonly server?: readonly string[];
  /** Further arguments of udhcpc, as netifd makes them of the interface's options. */
  readonly client?: readonly string[];
}

/**
 * A lease by a real udhcpc from a real dnsmasq, at the ends of a cable in a network namespace of their own, with the hooks of the package sourced as OpenWrt's
 * scripts source them.
 * @returns when the hook has called the agent, as it does when what a lease says has changed
 */
export async function takeLease({ root, server = [], client = [] }: DhcpLink): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'tandem-dhcp-'));
  const script = (name: string, text: string): string => {
    const path = join(directory, name);
    writeFileSync(path, `#!/bin/sh\n${text}`);
    chmodSync(path, 0o755);
    return path;
  };
  const calls = join(directory, 'calls');
  writeFileSync(calls, '');
  script('ubus', `echo "$*" >>${calls}\n`);
  const onLease = script('lease', `export INTERFACE=wan\n( . ${files}/tandem.dhcp-lease )\n`);
  const onClient = script(
    'client',
    `case "$1" in add) ACTION=add ;; old) ACTION=update ;; del) ACTION=remove ;; *) exit 0 ;; esac\nMACADDR=$2\n. ${files}/tandem.dhcp-client\ntouch ${directory}/told\n`,
  );
  const shared = join(root, 'var/run/tandem');
  mkdirSync(shared, { recursive: true });
  const link = script(
    'link',
    `set -e
mount -t tmpfs none /var/run
mkdir /var/run/tandem
mount --bind ${shared} /var/run/tandem
ip link set lo up
ip link add wan0 type veth peer name isp0
ip address add 192.0.2.1/24 dev isp0
ip link set wan0 up
ip link set isp0 up
dnsmasq --keep-in-foreground --conf-file=/dev/null --port=0 --user=root --pid-file= --log-facility=${directory}/log \\
  --interface=isp0 --bind-interfaces --no-ping --dhcp-range=192.0.2.100,192.0.2.150,1h --dhcp-leasefile=${directory}/leases \\
  --dhcp-script=${onClient} "$@" &
server=$!
trap 'kill $server; wait $server || true' EXIT
udhcpc -i wan0 -f -q -n -t 10 -T 1 -s ${onLease} -C ${client.join(' ')}
# dnsmasq calls its script after it has answered, and the hook calls the agent in the background.
until [ -e ${directory}/told ] && grep -q 'call tandem lease' ${calls}; do sleep 0.02; done
`,
  );
  try {
    await new Promise<void>((resolve, reject) => {
      let said = '';
      const child = spawn('unshare', ['-n', '-m', '--propagation', 'private', link, ...server], {
        env: { ...process.env, PATH: `${directory}:${process.env.PATH}` },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      child.stderr!.on('data', (chunk: Buffer) => {
        said += chunk;
      });
      child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${code}: ${said}`))));
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
