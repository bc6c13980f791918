import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { BlobTable } from '#platform';
import { interfaceIdentifier } from './addresses.ts';
import { defaultPackages } from './config/defaults.ts';
import { bridges, carrier, deviceMac, deviceNames, deviceTraffic } from './devices.ts';
import { leaseFile } from './leases.ts';
import type { Profile } from './profile.ts';
import { makePrograms } from './programs.ts';
import { type Link, linkOf } from './stations.ts';
import { accessPoints, stationsOf } from './wireless.ts';
import type { World } from './world.ts';

/** Writes what a router has on flash and at boot. Packages that are already there stay: the router was in use before. */
export function makeRoot(root: string, profile: Profile): void {
  for (const [name, text] of Object.entries(defaultPackages)) {
    const path = join(root, 'etc/config', name);
    if (!existsSync(path)) put(root, `etc/config/${name}`, text);
  }
  const release = `NAME="OpenWrt"
VERSION="${profile.version}"
ID="openwrt"
ID_LIKE="lede openwrt"
PRETTY_NAME="OpenWrt ${profile.version}"
VERSION_ID="${profile.version}"
HOME_URL="https://openwrt.org/"
BUILD_ID="${profile.revision}"
OPENWRT_BOARD="${profile.target}"
OPENWRT_ARCH="aarch64_cortex-a53"
OPENWRT_TAINTS=""
OPENWRT_DEVICE_MANUFACTURER="OpenWrt"
OPENWRT_DEVICE_MANUFACTURER_URL="https://openwrt.org/"
OPENWRT_DEVICE_PRODUCT="Generic"
OPENWRT_DEVICE_REVISION="v0"
OPENWRT_RELEASE="OpenWrt ${profile.version} ${profile.revision}"
OPENWRT_BUILD_DATE="${profile.buildDate}"
`;
  put(root, 'etc/os-release', release);
  put(root, 'usr/lib/os-release', release);
  put(
    root,
    'etc/openwrt_release',
    `DISTRIB_ID='OpenWrt'\nDISTRIB_RELEASE='${profile.version}'\nDISTRIB_REVISION='${profile.revision}'\nDISTRIB_TARGET='${profile.target}'\nDISTRIB_ARCH='aarch64_cortex-a53'\nDISTRIB_DESCRIPTION='OpenWrt ${profile.version} ${profile.revision}'\nDISTRIB_TAINTS=''\n`,
  );
  put(
    root,
    'etc/device_info',
    `DEVICE_MANUFACTURER='${profile.manufacturer}'\nDEVICE_MANUFACTURER_URL='https://fenwick.example/'\nDEVICE_PRODUCT='FW-AX5G'\nDEVICE_REVISION='v1'\n`,
  );
  put(root, 'etc/board.json', `${JSON.stringify(boardJson(profile), null, '\t')}\n`);
  put(root, 'tmp/sysinfo/model', `${profile.model}\n`);
  put(root, 'tmp/sysinfo/board_name', `${profile.boardName}\n`);
  put(
    root,
    'proc/cpuinfo',
    [0, 1]
      .map(
        (n) =>
          `processor\t: ${n}\nBogoMIPS\t: 26.00\nFeatures\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 cpuid\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x0\nCPU part\t: 0xd03\nCPU revision\t: 4\n\n`,
      )
      .join(''),
  );
  put(root, 'proc/version', `Linux version ${profile.kernel} (builder@buildhost) #0 SMP\n`);
  put(root, 'proc/sys/kernel/hostname', 'OpenWrt\n');
  put(root, 'sys/class/thermal/thermal_zone0/type', 'cpu-thermal\n');
  put(root, 'sys/class/leds/blue:power/max_brightness', '255\n');
  put(root, 'proc/sys/net/ipv4/tcp_rmem', '4096\t131072\t6291456\n');
  mkdirSync(join(root, 'var/run'), { recursive: true });
  // What the hook of the package makes of a request that dnsmasq has answered.
  for (const { mac, identity } of profile.hosts) {
    if (!identity) continue;
    const { oui, serialNumber, productClass } = identity;
    put(
      root,
      `var/run/tandem/lan/${mac}`,
      `mac: ${mac}\noui: ${oui}\nserial: ${serialNumber}\nclass: ${productClass}\n`,
    );
  }
  makePrograms(root);
}

/** Rewrites the files whose content moves with time and state. */
export function refreshRoot(root: string, world: World): void {
  const uptime = world.uptimeSeconds;
  const jiffies = Math.floor(uptime * 100);
  const memory = memoryOf(world);
  const load = loadOf(world);
  put(root, 'proc/uptime', `${uptime.toFixed(2)} ${(uptime * 1.84).toFixed(2)}\n`);
  put(root, 'proc/loadavg', `${load.map((n) => n.toFixed(2)).join(' ')} 1/132 4021\n`);
  const cpu = (share: number): string => {
    const idle = Math.floor(jiffies * 0.92 * share);
    return `${Math.floor(jiffies * 0.03 * share)} 0 ${Math.floor(jiffies * 0.03 * share)} ${idle} 0 0 ${Math.floor(jiffies * 0.02 * share)} 0 0 0`;
  };
  put(
    root,
    'proc/stat',
    `cpu  ${cpu(2)}\ncpu0 ${cpu(1)}\ncpu1 ${cpu(1)}\nctxt ${jiffies * 7}\nbtime ${Math.floor(world.clock.now() / 1000 - uptime)}\nprocesses 4021\nprocs_running 1\nprocs_blocked 0\n`,
  );
  const kilobytes = (bytes: number): string => `${String(Math.floor(bytes / 1024)).padStart(8)} kB\n`;
  put(
    root,
    'proc/meminfo',
    `MemTotal:       ${kilobytes(memory.total)}MemFree:        ${kilobytes(memory.free)}MemAvailable:   ${kilobytes(memory.available)}Buffers:        ${kilobytes(memory.buffered)}Cached:         ${kilobytes(memory.cached)}SwapTotal:      ${kilobytes(0)}SwapFree:       ${kilobytes(0)}Shmem:          ${kilobytes(memory.shared)}`,
  );
  for (const ap of accessPoints(world)) {
    const { phy } = ap.radio.hardware;
    put(root, `sys/class/net/${ap.ifname}/phy80211/name`, `${phy}\n`);
    const debug = `sys/kernel/debug/ieee80211/${phy}`;
    put(root, `${debug}/aqm`, 'access name value\n');
    rmSync(join(root, debug, `netdev:${ap.ifname}/stations`), { recursive: true, force: true });
    for (const station of stationsOf(world, ap))
      put(root, `${debug}/netdev:${ap.ifname}/stations/${station.mac}/aqm`, queues(linkOf(world, ap, station)));
  }
  put(root, 'sys/class/thermal/thermal_zone0/temp', `${51_000 + Math.floor(load[0]! * 4_000)}\n`);
  put(root, 'tmp/dhcp.leases', leaseFile(world));
  put(root, 'proc/sys/kernel/hostname', `${world.hostname}\n`);
  put(root, 'proc/net/arp', arp(world));
  put(root, 'proc/net/dev', netDev(world));
  put(root, 'proc/net/if_inet6', linkLocal(world));
}

/** mac80211's queues of a station: nearly all of its traffic is best effort. */
function queues({ txBytes, txPackets }: Link): string {
  const categoryOf = [2, 3, 3, 2, 1, 1, 0, 0];
  const lines = Array.from({ length: 16 }, (_, tid) => {
    const share = tid === 0 ? 0.95 : tid === 6 ? 0.05 : 0;
    const sent = [txBytes, txPackets].map((count) => Math.floor(count * share) % 2 ** 32).join(' ');
    return `${tid} ${categoryOf[tid % 8]} 0 0 ${tid === 0 ? 3228 : 0} ${tid === 0 ? 4 : 0} 0 0 0 ${sent} 0x0(RUN)`;
  });
  return `tid ac backlog-bytes backlog-packets new-flows drops marks overlimit collisions tx-bytes tx-packets flags\n${lines.join('\n')}\n`;
}

function arp(world: World): string {
  let text = 'IP address       HW type     Flags       HW address            Mask     Device\n';
  for (const host of world.hosts.values()) {
    const address = world.hostIpv4(host);
    const device = world.networkOf(host) === 'guest' ? 'br-guest' : 'br-lan';
    if (address !== undefined)
      text += `${address.padEnd(16)} 0x1         0x2         ${host.mac}     *        ${device}\n`;
  }
  return `${text}203.0.113.1      0x1         0x2         00:00:5e:00:01:0a     *        wan\n`;
}

function netDev(world: World): string {
  let text =
    'Inter-|   Receive                                                |  Transmit\n face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n';
  for (const name of deviceNames(world)) {
    const t = deviceTraffic(world, name);
    if (!carrier(world, name)) continue;
    text += `${name.padStart(6)}: ${t.rxBytes} ${t.rxPackets} 0 0 0 0 0 0 ${t.txBytes} ${t.txPackets} 0 0 0 0 0 0\n`;
  }
  return text;
}

/** The link-local addresses that the kernel makes of the MAC addresses, of devices that are no port of a bridge. */
function linkLocal(world: World): string {
  const ports = new Set([...bridges(world).values()].flat());
  return deviceNames(world)
    .filter((name) => name !== 'lo' && name !== 'wwan0' && !ports.has(name) && carrier(world, name))
    .map((name, at) => {
      const digits = interfaceIdentifier(deviceMac(world, name))
        .map((octet) => octet.toString(16).padStart(2, '0'))
        .join('');
      return `fe80000000000000${digits} ${(at + 2).toString(16).padStart(2, '0')} 40 20 80 ${name.padStart(8)}\n`;
    })
    .join('');
}

/** Load averages, which swing slowly. */
export function loadOf(world: World): [number, number, number] {
  const at = world.uptimeSeconds;
  const wave = (period: number): number => 0.35 + 0.25 * Math.sin((2 * Math.PI * at) / period);
  return [wave(180), wave(900), wave(2700)];
}

/** Bytes, as procd tells them. */
export function memoryOf(world: World) {
  const total = world.profile.memoryBytes;
  const used = Math.floor(total * (0.28 + 0.02 * Math.sin(world.uptimeSeconds / 600)));
  const cached = Math.floor(total * 0.11);
  const free = total - used - cached;
  return { total, free, shared: 1_847_296, buffered: 28_672, available: free + Math.floor(cached * 0.8), cached };
}

export function boardJson(profile: Profile): BlobTable {
  return {
    model: { id: profile.boardName, name: profile.model },
    network: {
      lan: { ports: profile.lanPorts, protocol: 'static' },
      wan: { device: 'wan', protocol: 'dhcp', macaddr: profile.baseMac },
    },
    wlan: Object.fromEntries(
      profile.radios.map((radio) => [
        radio.phy,
        {
          path: radio.path,
          info: {
            antenna_rx: 3,
            antenna_tx: 3,
            bands: {
              [radio.band.toUpperCase()]: {
                ht: true,
                ...(radio.band === '5g' && { vht: true }),
                he: true,
                max_width: radio.band === '5g' ? 160 : 40,
                modes: ['NOHT', ...radio.htmodes],
                default_channel: radio.channels[0]![0],
              },
            },
            radios: [],
          },
        },
      ]),
    ),
    system: { compat_version: '1.1' },
  };
}

function put(root: string, path: string, text: string): void {
  const full = join(root, path);
  mkdirSync(dirname(full), { recursive: true });
  // By rename: whoever reads at this very moment gets the old file or the new one, never half of one.
  const fresh = `${full}.new`;
  writeFileSync(fresh, text);
  renameSync(fresh, full);
}
