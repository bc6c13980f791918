import type { BlobTable, UciSection } from '#platform';
import { enabled, type Ipv4Address, option, routeTarget, staticAddresses, values } from './addresses.ts';
import { carrier, deviceUp } from './devices.ts';
import type { World } from './world.ts';

/** A logical interface as netifd would hold it now, without the time since it came up. */
export interface Interface {
  readonly name: string;
  readonly proto: string;
  readonly up: boolean;
  readonly available: boolean;
  readonly autostart: boolean;
  readonly device: string | undefined;
  readonly l3Device: string | undefined;
  readonly metric: number;
  readonly ipv4: readonly BlobTable[];
  readonly ipv6: readonly BlobTable[];
  readonly prefixes: readonly BlobTable[];
  readonly assignments: readonly BlobTable[];
  readonly routes: readonly BlobTable[];
  readonly dnsServers: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly data: BlobTable;
  readonly errors: readonly BlobTable[];
}

const delegated = '2001:db8:100::';

export function interfaces(world: World): Interface[] {
  return world
    .sections('network', 'interface')
    .filter((section) => !enabled(section, 'disabled'))
    .map((section) => derive(world, section))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function derive(world: World, section: UciSection): Interface {
  const proto = option(section, 'proto') ?? 'none';
  const modem = proto === 'modemmanager';
  const device = modem ? 'wwan0' : option(section, 'device');
  const autostart = option(section, 'auto') !== '0' && !world.stopped.has(section.name);
  const present = device !== undefined && deviceUp(world, device);
  const available =
    proto === 'static' || proto === 'none' ? present : present && (device === undefined || carrier(world, device));
  const errors: BlobTable[] = [];
  if (device === undefined || !present) errors.push({ subsystem: 'interface', code: 'NO_DEVICE' });
  const uplink = proto !== 'static' && proto !== 'none';
  const knownProto = ['static', 'none', 'dhcp', 'dhcpv6', 'pppoe', 'modemmanager'].includes(proto);
  if (!knownProto) errors.push({ subsystem: 'proto', code: 'INVALID_PROTO' });
  const missing = missingOption(section, proto);
  if (missing !== undefined) errors.push({ subsystem: proto, code: missing });
  const up = autostart && available && knownProto && missing === undefined && (!uplink || world.wanReachable || modem);
  const base = {
    name: section.name,
    proto,
    up,
    available,
    autostart,
    device,
    l3Device: up ? (proto === 'pppoe' ? `pppoe-${section.name}` : device) : undefined,
    metric: Number(option(section, 'metric') ?? 0),
    ipv4: [] as readonly BlobTable[],
    ipv6: [] as readonly BlobTable[],
    prefixes: [] as readonly BlobTable[],
    assignments: [] as readonly BlobTable[],
    routes: [] as readonly BlobTable[],
    dnsServers: values(section, 'dns'),
    dnsSearch: values(section, 'dns_search'),
    data: {},
    errors,
  };
  if (!up) return base;
  const settings = { ...base, ...addressing(world, section, proto) };
  return { ...settings, routes: [...configuredRoutes(world, section), ...settings.routes] };
}

function missingOption(section: UciSection, proto: string): string | undefined {
  if (proto === 'modemmanager' && option(section, 'apn') === undefined) return 'NO_APN';
  return proto === 'pppoe' && option(section, 'username') === undefined ? 'AUTH_FAILED' : undefined;
}

const defaultRoute = (nexthop: string, source: string): BlobTable =>
  nexthop.includes(':')
    ? { target: '::', mask: 0, nexthop, source }
    : { target: '0.0.0.0', mask: 0, nexthop, source: `${source}/32` };

function addressing(world: World, section: UciSection, proto: string): Partial<Interface> {
  const ownDns = values(section, 'dns');
  const dns = (given: string[]): string[] => (option(section, 'peerdns') === '0' ? ownDns : [...ownDns, ...given]);
  switch (proto) {
    case 'static':
      return staticAddressing(world, section);
    case 'dhcp':
      return {
        ipv4: [{ address: '203.0.113.57', mask: 24 }],
        routes: [defaultRoute('203.0.113.1', '203.0.113.57')],
        dnsServers: dns(['203.0.113.1', '9.9.9.9']),
        dnsSearch: ['isp.example'],
        data: {
          dhcpserver: '203.0.113.1',
          hostname: option(section, 'hostname') ?? world.hostname,
          leasetime: 43200,
          zone: 'wan',
        },
      };
    case 'dhcpv6':
      return {
        ipv6: [{ address: '2001:db8:1::57', mask: 64, preferred: 43200, valid: 86400 }],
        prefixes: [
          {
            address: delegated,
            mask: 56,
            preferred: 43200,
            valid: 86400,
            class: section.name,
            assigned: assignedTo(world),
          },
        ],
        routes: [defaultRoute('fe80::1', '2001:db8:1::57/128')],
        dnsServers: dns(['2001:db8::53']),
        data: { passthru: '0017001020010db8000000000000000000000053', zone: 'wan' },
      };
    case 'pppoe':
      return {
        ipv4: [{ address: '198.51.100.77', mask: 32, ptpaddress: '198.51.100.1' }],
        routes: [defaultRoute('198.51.100.1', '0.0.0.0')],
        dnsServers: dns(['198.51.100.53']),
      };
    case 'modemmanager':
      return {
        ipv4: [{ address: '10.142.7.23', mask: 28 }],
        ipv6: [{ address: '2001:db8:7000:4a1::1', mask: 64 }],
        routes: [
          defaultRoute('10.142.7.24', '10.142.7.23'),
          defaultRoute('2001:db8:7000:4a1::2', '2001:db8:7000:4a1::/64'),
        ],
        dnsServers: dns(['10.74.210.210', '10.74.210.211']),
        data: { zone: 'wan' },
      };
    default:
      return {};
  }
}

/** Those of UCI; netifd does not tell them from the ones that a protocol has made. */
function configuredRoutes(world: World, { name }: UciSection): BlobTable[] {
  return (['0.0.0.0/0', '::/0'] as const).flatMap((anywhere) => {
    const nowhere = anywhere.slice(0, -2);
    return world
      .sections('network', anywhere === '::/0' ? 'route6' : 'route')
      .filter((route) => option(route, 'interface') === name && !enabled(route, 'disabled'))
      .map((route) => ({
        ...routeTarget(route, anywhere),
        nexthop: option(route, 'gateway') ?? nowhere,
        ...(option(route, 'metric') && { metric: Number(option(route, 'metric')) }),
        source: `${nowhere}/0`,
      }));
  });
}

function staticAddressing(world: World, section: UciSection): Partial<Interface> {
  const gateway = option(section, 'gateway');
  return {
    ipv4: staticAddresses(section).map((a: Ipv4Address) => ({ address: a.address, mask: a.mask })),
    ipv6: values(section, 'ip6addr').map((text) => ({
      address: text.split('/')[0]!,
      mask: Number(text.split('/')[1] ?? 128),
    })),
    routes: gateway === undefined ? [] : [defaultRoute(gateway, '0.0.0.0')],
    assignments: assignments(world, section),
  };
}

/** Interfaces that ask for a part of the delegated prefix, with the part that they get. */
function assignedTo(world: World): BlobTable {
  const table: Record<string, BlobTable> = {};
  for (const section of world.sections('network', 'interface')) {
    const length = Number(option(section, 'ip6assign') ?? Number.NaN);
    if (length >= 56 && length <= 64)
      table[section.name] = { address: partOf(delegated, world, section), mask: length };
  }
  return table;
}

function assignments(world: World, section: UciSection): BlobTable[] {
  const mask = Number(option(section, 'ip6assign') ?? Number.NaN);
  if (!(mask >= 48 && mask <= 64)) return [];
  const sources: string[] = [];
  if (
    world.wanReachable &&
    world.cables.has('wan') &&
    world.sections('network', 'interface').some((s) => option(s, 'proto') === 'dhcpv6')
  )
    sources.push(delegated);
  const ula = option(world.running('network')?.section('globals'), 'ula_prefix')?.split('/')[0];
  if (ula !== undefined) sources.push(ula);
  return sources.map((prefix) => {
    const address = partOf(prefix, world, section);
    return { address, mask, 'local-address': { address: `${address}1`, mask } };
  });
}

/** The n-th /60 of a prefix that is written `a:b:c::`, for the n-th interface that asks. */
function partOf(prefix: string, world: World, section: UciSection): string {
  const askers = world.sections('network', 'interface').filter((s) => s.options.has('ip6assign'));
  const n = Math.max(
    0,
    askers.findIndex((s) => s.name === section.name),
  );
  return n === 0 ? prefix : prefix.replace(/::$/, `:${(n * 16).toString(16)}::`);
}

/** `network.interface.<name> status`. @param upForSeconds since it came up; ignored while it is down */
export function interfaceStatus(i: Interface, upForSeconds: number): BlobTable {
  return {
    up: i.up,
    pending: !i.up && i.autostart && i.available && i.errors.length === 0,
    available: i.available,
    autostart: i.autostart,
    dynamic: false,
    ...(i.up && { uptime: Math.floor(upForSeconds) }),
    ...(i.l3Device !== undefined && { l3_device: i.l3Device }),
    proto: i.proto,
    ...(i.device !== undefined && { device: i.device }),
    ...(i.up && {
      updated: [
        'addresses',
        ...(i.routes.length > 0 ? ['routes'] : []),
        ...(i.prefixes.length > 0 ? ['prefixes'] : []),
      ],
      metric: i.metric,
      dns_metric: 0,
      delegation: true,
      'ipv4-address': i.ipv4,
      'ipv6-address': i.ipv6,
      'ipv6-prefix': i.prefixes,
      'ipv6-prefix-assignment': i.assignments,
      route: i.routes,
      'dns-server': i.dnsServers,
      'dns-search': i.dnsSearch,
      neighbors: [],
      inactive: {
        'ipv4-address': [],
        'ipv6-address': [],
        route: [],
        'dns-server': [],
        'dns-search': [],
        neighbors: [],
      },
    }),
    data: i.data,
    ...(i.errors.length > 0 && { errors: i.errors }),
  };
}
