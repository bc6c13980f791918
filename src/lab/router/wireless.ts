import type { BlobTable, UciSection } from '#platform';
import { enabled, option, values } from './addresses.ts';
import { locallyAdministered, type RadioHardware } from './profile.ts';
import type { Host, World } from './world.ts';

/** A radio as netifd runs it. */
export interface Radio {
  readonly section: UciSection;
  readonly hardware: RadioHardware;
  readonly disabled: boolean;
  readonly up: boolean;
  readonly channel: number;
  readonly frequencyMhz: number;
  readonly htmode: string;
  readonly txPowerDbm: number;
  readonly networks: readonly WifiNetwork[];
}

/** An enabled wifi-iface. */
export interface WifiNetwork {
  readonly section: UciSection;
  /** `phy0-ap0`; absent while the radio is down. */
  readonly ifname: string | undefined;
  readonly bssid: string;
  readonly ssid: string;
  readonly mode: string;
}

export function radios(world: World): readonly Radio[] {
  return world.derived('radios', () => deriveRadios(world));
}

function deriveRadios(world: World): Radio[] {
  const found: Radio[] = [];
  for (const section of world.sections('wireless', 'wifi-device')) {
    const hardware = world.profile.radios.find((radio) => radio.path === option(section, 'path'));
    if (hardware === undefined) continue;
    const disabled = enabled(section, 'disabled');
    const members = world
      .sections('wireless', 'wifi-iface')
      .filter((iface) => values(iface, 'device').includes(section.name) && !enabled(iface, 'disabled'));
    const up = !disabled && members.length > 0;
    const wanted = Number(option(section, 'channel') ?? 'auto');
    // "auto" (ACS) settles on the channel with the least traffic around: here always the same one.
    const chosen =
      hardware.channels.find(([channel]) => channel === wanted) ?? hardware.channels[hardware.band === '2g' ? 5 : 2]!;
    const txPower = Number(option(section, 'txpower') ?? hardware.maximumDbm);
    const counts = new Map<string, number>();
    const networks = members.map((iface, index): WifiNetwork => {
      const mode = option(iface, 'mode') ?? 'ap';
      const short = mode === 'monitor' ? 'mon' : mode;
      const n = counts.get(short) ?? 0;
      counts.set(short, n + 1);
      const named = option(iface, 'ifname') ?? `${hardware.phy}-${short}${n}`;
      return {
        section: iface,
        ifname: up ? named : undefined,
        bssid: option(iface, 'macaddr') ?? locallyAdministered(world.macOf(hardware.phy), index),
        ssid: option(iface, 'ssid') ?? '',
        mode,
      };
    });
    found.push({
      section,
      hardware,
      disabled,
      up,
      channel: chosen[0],
      frequencyMhz: chosen[1],
      htmode: option(section, 'htmode') ?? 'HT20',
      txPowerDbm: Math.min(Number.isFinite(txPower) ? txPower : hardware.maximumDbm, hardware.maximumDbm),
      networks,
    });
  }
  return found;
}

export interface AccessPoint {
  readonly radio: Radio;
  readonly network: WifiNetwork;
  readonly ifname: string;
}

/** The access points that are on the air. */
export function accessPoints(world: World): readonly AccessPoint[] {
  return world.derived('access points', () =>
    radios(world).flatMap((radio) =>
      radio.networks.flatMap((network) =>
        network.ifname === undefined ? [] : [{ radio, network, ifname: network.ifname }],
      ),
    ),
  );
}

export function stationsOf(world: World, ap: AccessPoint): Host[] {
  return [...world.hosts.values()].filter((host) => host.at === ap.network.section.name);
}

export function channelWidthMhz(htmode: string): number {
  const digits = /\d+/.exec(htmode)?.[0];
  return digits === undefined ? 20 : Number(digits);
}

/** `encryption` of a wifi-iface as iwinfo tells it. */
export function encryptionTable(network: WifiNetwork): BlobTable {
  const kind = (option(network.section, 'encryption') ?? 'none').split('+')[0]!;
  if (kind === 'none' || kind === '') return { enabled: false };
  const wpa: number[] = [];
  const authentication: string[] = [];
  if (kind === 'psk' || kind === 'psk-mixed' || kind === 'wpa' || kind === 'wpa-mixed') wpa.push(1);
  if (/^(psk2|psk-mixed|sae-mixed|wpa2|wpa-mixed|wpa3-mixed)$/.test(kind)) wpa.push(2);
  if (/^(sae|sae-mixed|owe|wpa3|wpa3-192|wpa3-mixed)$/.test(kind)) wpa.push(3);
  if (kind.startsWith('psk') || kind === 'sae-mixed') authentication.push('psk');
  if (kind.startsWith('sae')) authentication.push('sae');
  if (kind === 'owe') authentication.push('owe');
  if (kind.startsWith('wpa')) authentication.push('802.1x');
  return { enabled: true, wpa, authentication, ciphers: ['ccmp'] };
}
