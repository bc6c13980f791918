import type { BlobTable } from '#platform';
import { traffic } from './counters.ts';
import { type AccessPoint, channelWidthMhz } from './wireless.ts';
import type { Host, World } from './world.ts';

/** What a station's link is like: the same figures for iwinfo and hostapd. */
export interface Link {
  readonly signalDbm: number;
  readonly noiseDbm: number;
  readonly connectedSeconds: number;
  readonly rxKbps: number;
  readonly txKbps: number;
  readonly widthMhz: number;
  readonly ht: boolean;
  readonly vht: boolean;
  readonly he: boolean;
  readonly rxBytes: number;
  readonly txBytes: number;
  readonly rxPackets: number;
  readonly txPackets: number;
}

export function linkOf(world: World, ap: AccessPoint, station: Host): Link {
  const signalDbm = station.signalDbm ?? -60;
  const standard = station.standard ?? 'ax';
  const widthMhz = Math.min(channelWidthMhz(ap.radio.htmode), standard === 'n' ? 40 : 160);
  const perMhz = standard === 'ax' ? 15_000 : standard === 'ac' ? 10_800 : 3_600;
  const quality = Math.min(1, Math.max(0.1, (signalDbm + 90) / 45));
  const connectedSeconds = (world.clock.monotonicMs() - station.joinedAtMs) / 1000 + 600;
  return {
    signalDbm,
    noiseDbm: -91,
    connectedSeconds,
    rxKbps: Math.round((widthMhz * perMhz * quality) / 100) * 100,
    txKbps: Math.round((widthMhz * perMhz * quality * 0.8) / 100) * 100,
    widthMhz,
    ht: standard === 'n',
    vht: standard === 'ac',
    he: standard === 'ax',
    ...traffic(station.mac, connectedSeconds),
  };
}

/** One entry of `iwinfo assoclist`; addresses are upper case here and lower case in hostapd. */
export function assocEntry(link: Link, mac: string): BlobTable {
  const rate = (kbps: number): BlobTable => ({
    ht: link.ht,
    vht: link.vht,
    he: link.he,
    eht: false,
    mhz: link.widthMhz,
    rate: kbps,
    ...(link.ht && { mcs: 7, '40mhz': link.widthMhz === 40, short_gi: true }),
    ...(link.vht && { mcs: 8, nss: 2, short_gi: true }),
    ...(link.he && { mcs: 11, nss: 2, he_gi: 0, he_dcm: 0 }),
  });
  return {
    mac: mac.toUpperCase(),
    signal: link.signalDbm,
    signal_avg: link.signalDbm - 1,
    noise: link.noiseDbm,
    inactive: 40,
    connected_time: Math.floor(link.connectedSeconds),
    thr: Math.floor(link.txKbps * 0.6),
    authorized: true,
    authenticated: true,
    preamble: 'short',
    wme: true,
    mfp: link.he,
    tdls: false,
    'mesh llid': 0,
    'mesh plid': 0,
    'mesh plink': '',
    'mesh local PS': '',
    'mesh peer PS': '',
    'mesh non-peer PS': '',
    rx: { drop_misc: 0, packets: link.rxPackets, bytes: link.rxBytes, ...rate(link.rxKbps) },
    tx: {
      failed: 0,
      retries: Math.floor(link.txPackets / 400),
      packets: link.txPackets,
      bytes: link.txBytes,
      ...rate(link.txKbps),
    },
  };
}

/** One entry of `hostapd.<ifname> get_clients`. */
export function clientEntry(link: Link, aid: number): BlobTable {
  return {
    auth: true,
    assoc: true,
    authorized: true,
    preauth: false,
    wds: false,
    wmm: true,
    ht: true,
    vht: link.vht || link.he,
    he: link.he,
    wps: false,
    mfp: link.he,
    mbo: false,
    rrm: [0, 0, 0, 0, 0],
    extended_capabilities: [0, 0, 8, 0, 0, 0, 0, 64],
    aid,
    bytes: { rx: link.rxBytes, tx: link.txBytes },
    airtime: { rx: Math.floor(link.rxBytes / 20), tx: Math.floor(link.txBytes / 25) },
    packets: { rx: link.rxPackets, tx: link.txPackets },
    rate: { rx: link.rxKbps, tx: link.txKbps },
    signal: link.signalDbm,
    capabilities: {},
  };
}
