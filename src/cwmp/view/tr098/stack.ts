import type { Look } from './look.ts';
import type { Bindings, StackTable } from './rules.ts';

/** A row of a table that is found in the interface stack. */
export interface StackRow {
  /** What it stands for in TR-181. */
  readonly key: string;
  /** TR-181's own number, where its table is the same; otherwise one is given (numbers.ts). */
  readonly number?: number;
  readonly bindings: Bindings;
}

/** Keys of the rows that an object is below, by their table. */
export type RowKeys = Readonly<Partial<Record<StackTable, string>>>;

interface Connection {
  readonly bindings: Bindings;
  /** Bottom of the stack: the port or the modem; the connection itself where nothing is known to be below it. */
  readonly physical: string;
  /** The link that it is on. */
  readonly link: string;
}

const ipTable = 'Device.IP.Interface.';
const linkTable = 'Device.Ethernet.Link.';
const portTable = 'Device.Ethernet.Interface.';
const pppTable = 'Device.PPP.Interface.';
const modemTable = 'Device.Cellular.Interface.';

/**
 * TR-098 knows LAN devices and WAN devices, TR-181 interfaces one above the other. A WAN connection is an IP interface that stands on a
 * port marked Upstream, on PPP or on a modem, or that is a DHCP client; the other ones are LANs. The loopback is neither, nor is an interface
 * that is there for IPv6 alone, which TR-098 has no place for.
 */
export class Stack {
  readonly #look: Look;
  readonly #wan: Connection[] = [];
  readonly #lan: Bindings[] = [];

  constructor(look: Look) {
    this.#look = look;
    for (const ip of look.rows(ipTable)) this.#place(ip);
    // A PPP interface may have no IP interface above it yet.
    for (const ppp of look.rows(pppTable)) {
      if (!this.#wan.some(({ bindings }) => bindings.ppp === ppp)) this.#addWan({ ppp }, ppp);
    }
  }

  /** Of the default route: the first connection that is up, else the first. */
  get defaultConnection(): Bindings {
    const up = this.#wan.find(({ bindings }) => this.#look.value(`${bindings.ip}Status`) === 'Up');
    return (up ?? this.#wan[0])?.bindings ?? {};
  }

  rows(table: StackTable, parent: Bindings, keys: RowKeys): StackRow[] {
    const firstLan = parent.ip !== undefined && parent.ip === this.#lan[0]?.ip;
    switch (table) {
      case 'lan':
        return this.#lan.map((bindings) => ({ key: bindings.ip!, bindings }));
      case 'lan-port':
        return firstLan
          ? numbered(this.#look.rows(portTable), 'port').filter(
              ({ key }) => this.#look.value(`${key}Upstream`) !== 'true',
            )
          : [];
      case 'wlan':
        return firstLan ? this.#wlans() : [];
      case 'host':
        return numbered(this.#look.rows('Device.Hosts.Host.'), 'host').filter(
          ({ key }) => this.#lanOf(key)?.ip === parent.ip,
        );
      case 'wan':
        return distinct(this.#wan, 'physical').map(({ physical }) => ({
          key: physical,
          bindings: physicalBindings(physical),
        }));
      case 'wan-link':
        return distinct(
          this.#wan.filter(({ physical }) => physical === keys.wan),
          'link',
        ).map(({ link, bindings }) => ({ key: link, bindings: bindings.link ? { link: bindings.link } : {} }));
      case 'wan-ip':
      case 'wan-ppp':
        return this.#wan
          .filter(({ physical, link }) => physical === keys.wan && link === keys['wan-link'])
          .filter(({ bindings }) => (bindings.ppp !== undefined) === (table === 'wan-ppp'))
          .map(({ bindings }) => ({ key: (bindings.ppp ?? bindings.ip)!, bindings }));
      case 'port-mapping':
        // TR-181 maps ports of all interfaces at once: TR-098 shows them at the connection that they are used on.
        return parent.ip !== undefined && parent.ip === this.defaultConnection.ip
          ? numbered(this.#look.rows('Device.NAT.PortMapping.'), 'mapping')
          : [];
    }
  }

  #place(ip: string): void {
    const look = this.#look;
    if (look.value(`${ip}Loopback`) === 'true') return;
    const name = look.value(`${ip}Name`);
    const ppp = look.rowWhere(pppTable, 'Name', (value) => value === name && name !== '');
    const client = look.rowWhere('Device.DHCPv4.Client.', 'Interface', refersTo(ip));
    const address = look.rows(`${ip}IPv4Address.`)[0];
    const onlyIpv6 =
      !ppp && !client && !address && look.rowWhere('Device.DHCPv6.Client.', 'Interface', refersTo(ip)) !== undefined;
    if (onlyIpv6) return;
    const link = this.#below(ip).find((path) => path.startsWith(linkTable));
    const nat = look.rowWhere('Device.NAT.InterfaceSetting.', 'Interface', refersTo(ip));
    const bindings: Bindings = {
      ip,
      ...(ppp && { ppp }),
      ...(client && { client }),
      ...(address && { address }),
      ...(link && { link }),
      ...(nat && { nat }),
    };
    const upstream = this.#below(ip).some((path) => look.value(`${path}Upstream`) === 'true');
    if (ppp || client || upstream || !link) {
      this.#addWan(bindings, ppp ?? ip);
      return;
    }
    const pool = look.rowWhere('Device.DHCPv4.Server.Pool.', 'Interface', refersTo(ip));
    this.#lan.push({ ...bindings, ...(pool && { pool }) });
  }

  /** @param from the row whose lower layers count */
  #addWan(bindings: Bindings, from: string): void {
    const below = [...new Set([from, bindings.ip ?? from].flatMap((path) => this.#below(path)))];
    // A modem that the stack does not show below the interface.
    const isModem = below.length === 0 && bindings.ppp === undefined;
    const port =
      below.find((path) => path.startsWith(portTable) || path.startsWith(modemTable)) ??
      (isModem ? this.#look.rows(modemTable)[0] : this.#look.rowWhere(portTable, 'Upstream', (up) => up === 'true'));
    const physical = port ?? bindings.ip ?? from;
    const link = below.find((path) => path.startsWith(linkTable));
    // A link of its own is what makes a WANConnectionDevice; PPP shares that of the port that it is on.
    const shared = this.#wan.find((other) => other.physical === physical)?.link;
    this.#wan.push({
      bindings: { ...bindings, ...physicalBindings(physical), ...(link && { link }) },
      physical,
      link: link ?? shared ?? physical,
    });
  }

  /** Everything that a row stands on, nearest first. */
  #below(row: string): string[] {
    const found: string[] = [];
    const visit = (path: string): void => {
      for (const lower of this.#look.value(`${path}LowerLayers`).split(',').filter(Boolean)) {
        const next = lower.endsWith('.') ? lower : `${lower}.`;
        if (found.includes(next)) continue;
        found.push(next);
        visit(next);
      }
    };
    visit(row);
    return found;
  }

  #wlans(): StackRow[] {
    const look = this.#look;
    return numbered(look.rows('Device.WiFi.SSID.'), 'ssid').flatMap(({ key: ssid, number }) => {
      const ap = look.rowWhere('Device.WiFi.AccessPoint.', 'SSIDReference', refersTo(ssid));
      if (ap === undefined) return [];
      const radio = this.#below(ssid).find((path) => path.startsWith('Device.WiFi.Radio.'));
      return [{ key: ssid, ...(number !== undefined && { number }), bindings: { ssid, ap, ...(radio && { radio }) } }];
    });
  }

  /** By its address; a host of no LAN that we see is one of the first. */
  #lanOf(host: string): Bindings | undefined {
    const given = toNumber(this.#look.value(`${host}IPAddress`));
    return (
      this.#lan.find(({ address }) => {
        if (address === undefined || given === undefined) return false;
        const own = toNumber(this.#look.value(`${address}IPAddress`));
        const mask = toNumber(this.#look.value(`${address}SubnetMask`));
        return own !== undefined && mask !== undefined && (own & mask) === (given & mask);
      }) ?? this.#lan[0]
    );
  }
}

/** The station's host, by its MAC address. */
export const hostOf = (look: Look, station: string): string | undefined => {
  const mac = look.value(`${station}MACAddress`).toLowerCase();
  return look.rowWhere('Device.Hosts.Host.', 'PhysAddress', (value) => value.toLowerCase() === mac && mac !== '');
};

const refersTo =
  (row: string) =>
  (value: string): boolean =>
    value.split(',').some((path) => path === row || `${path}.` === row);

const physicalBindings = (physical: string): Bindings =>
  physical.startsWith(portTable)
    ? { physical, port: physical }
    : physical.startsWith(modemTable)
      ? { physical, cellular: physical }
      : {};

function numbered(rows: readonly string[], bind: 'port' | 'host' | 'mapping' | 'ssid'): StackRow[] {
  return rows.map((key) => ({ key, number: numberOf(key), bindings: { [bind]: key } }));
}

/** The last instance number of a row's path. */
export const numberOf = (row: string): number => Number(/([0-9]+)\.$/.exec(row)![1]);

function distinct(connections: readonly Connection[], by: 'physical' | 'link'): Connection[] {
  return connections.filter((one, index) => connections.findIndex((other) => other[by] === one[by]) === index);
}

/** IPv4 address as a signed 32-bit number, for masks. */
function toNumber(text: string): number | undefined {
  const parts = text.split('.').map(Number);
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255)) return undefined;
  return parts.reduce((sum, part) => (sum << 8) | part, 0);
}
