import type { BlobTable } from '#platform';
import { hash } from '../counters.ts';
import { assocEntry, linkOf } from '../stations.ts';
import { type AccessPoint, accessPoints, channelWidthMhz, encryptionTable, radios, stationsOf } from '../wireless.ts';
import type { World } from '../world.ts';
import { method, type RouterObject, required, StatusError, status, textArgument } from './object.ts';

const countries = ['00', 'AT', 'CH', 'DE', 'ES', 'FR', 'GB', 'IT', 'JP', 'US'];
const neighbours = [
  { ssid: 'FRITZ!Box 7590 QX', bssid: 'DC:39:6F:21:7A:C4', band: '2g', channel: 6, signal: -71, wpa: [2, 3] },
  { ssid: 'Vodafone-8C10', bssid: '38:35:FB:0C:8C:10', band: '2g', channel: 11, signal: -83, wpa: [2] },
  { bssid: '70:97:41:5E:02:B1', band: '5g', channel: 44, signal: -77, wpa: [2] },
  { ssid: 'Werkstatt', bssid: '9C:C7:A6:44:90:1E', band: '5g', channel: 100, signal: -86, wpa: [3] },
] as const;

/** `iwinfo` of rpcd-mod-iwinfo. */
export function iwinfoObject(world: World): RouterObject {
  const device = { device: 'string' } as const;
  const ap = (args: BlobTable): AccessPoint => {
    const name = required(textArgument(args, 'device'));
    const found = accessPoints(world).find((candidate) => candidate.ifname === name);
    if (found === undefined) throw new StatusError(status.notFound);
    return found;
  };
  return {
    path: 'iwinfo',
    provider: 'rpcd',
    methods: {
      devices: method({}, () => ({ devices: accessPoints(world).map((a) => a.ifname) })),
      info: method(device, (args) => info(world, ap(args))),
      scan: method(device, (args) => ({ results: scan(ap(args)) })),
      assoclist: method({ device: 'string', mac: 'string' }, (args) => {
        const at = ap(args);
        const entries = stationsOf(world, at).map((s) => assocEntry(linkOf(world, at, s), s.mac));
        const mac = textArgument(args, 'mac')?.toUpperCase();
        if (mac === undefined) return { results: entries };
        return entries.find((entry) => entry.mac === mac);
      }),
      freqlist: method(device, (args) => {
        const at = ap(args);
        return {
          results: at.radio.hardware.channels.map(([channel, mhz, radar]) => ({
            band: at.radio.hardware.band === '2g' ? 2 : 5,
            channel,
            mhz,
            restricted: false,
            flags: radar ? ['RADAR'] : [],
            active: channel === at.radio.channel,
          })),
        };
      }),
      txpowerlist: method(device, (args) => {
        const at = ap(args);
        return {
          results: Array.from({ length: at.radio.hardware.maximumDbm + 1 }, (_, dbm) => ({
            dbm,
            mw: Math.floor(10 ** (dbm / 10)),
            active: dbm === at.radio.txPowerDbm,
          })),
        };
      }),
      countrylist: method(device, (args) => {
        const code = ap(args).radio.section.options.get('country') ?? '00';
        return { results: countries.map((c) => ({ code: c, country: c, iso3166: c, active: c === code })) };
      }),
      survey: method(device, (args) => {
        const at = ap(args);
        const activeMs = Math.floor(world.uptimeSeconds * 1000);
        const share = (name: string, most: number): number =>
          Math.floor((activeMs * (hash(at.ifname + name) % most)) / 100);
        return {
          results: [
            {
              mhz: at.radio.frequencyMhz,
              noise: -91,
              active_time: activeMs,
              busy_time: share('busy', 40),
              busy_time_ext: 0,
              rx_time: share('rx', 20),
              tx_time: share('tx', 15),
            },
          ],
        };
      }),
      phyname: method({ section: 'string' }, (args) => {
        const radio = radios(world).find((r) => r.section.name === required(textArgument(args, 'section')));
        if (radio === undefined) throw new StatusError(status.notFound);
        return { phyname: radio.hardware.phy };
      }),
    },
  };
}

const letters = { '2g': ['b', 'g', 'n', 'ax'], '5g': ['a', 'n', 'ac', 'ax'] } as const;

export function info(world: World, ap: AccessPoint): BlobTable {
  const { radio, network } = ap;
  const links = stationsOf(world, ap).map((station) => linkOf(world, ap, station));
  const mean = (pick: (link: (typeof links)[number]) => number): number =>
    Math.round(links.reduce((sum, link) => sum + pick(link), 0) / links.length);
  const width = channelWidthMhz(radio.htmode);
  const modes = letters[radio.hardware.band];
  const signal = links.length > 0 ? mean((link) => link.signalDbm) : 0;
  return {
    phy: radio.hardware.phy,
    ssid: network.ssid,
    bssid: network.bssid.toUpperCase(),
    country: String(radio.section.options.get('country') ?? '00'),
    mode: network.mode === 'ap' ? 'Master' : network.mode === 'sta' ? 'Client' : 'Unknown',
    channel: radio.channel,
    center_chan1: centre(radio.channel, width),
    frequency: radio.frequencyMhz,
    frequency_offset: 0,
    txpower: radio.txPowerDbm,
    txpower_offset: 0,
    ...(links.length > 0 && {
      quality: Math.min(70, Math.max(0, signal + 110)),
      signal,
      bitrate: mean((link) => link.txKbps),
    }),
    quality_max: 70,
    noise: -91,
    encryption: encryptionTable(network),
    htmodes: radio.hardware.htmodes,
    hwmodes: modes,
    hwmodes_text: [...modes].reverse().join('/'),
    hwmode: radio.htmode.startsWith('HE') ? 'ax' : radio.htmode.startsWith('VHT') ? 'ac' : 'n',
    htmode: radio.htmode,
    hardware: { id: [5315, 31105, 5315, 31105], name: radio.hardware.hardware },
  };
}

/** Centre of the block of channels that one of this width takes; blocks start at 36 and at 100. */
function centre(channel: number, widthMhz: number): number {
  if (widthMhz <= 20) return channel;
  const first = channel < 36 ? channel : channel < 100 ? 36 : 100;
  const block = widthMhz / 5;
  return first + Math.floor((channel - first) / block) * block + widthMhz / 10 - 2;
}

function scan(ap: AccessPoint): BlobTable[] {
  return neighbours
    .filter((n) => n.band === ap.radio.hardware.band)
    .map((n) => ({
      ...('ssid' in n && { ssid: n.ssid }),
      bssid: n.bssid,
      mode: 'Master',
      band: n.band === '2g' ? 2 : 5,
      channel: n.channel,
      mhz: n.band === '2g' ? 2407 + 5 * n.channel : 5000 + 5 * n.channel,
      signal: n.signal,
      quality: Math.max(0, n.signal + 110),
      quality_max: 70,
      ht_operation: {
        primary_channel: n.channel,
        secondary_channel_offset: n.band === '2g' ? 'no secondary' : 'above',
        channel_width: n.band === '2g' ? 20 : 2040,
      },
      ...(n.band === '5g' && { vht_operation: { channel_width: 80, center_freq_1: n.channel + 6, center_freq_2: 0 } }),
      encryption: {
        enabled: true,
        wpa: n.wpa,
        authentication: n.wpa.includes(3 as never) ? ['sae'] : ['psk'],
        ciphers: ['ccmp'],
      },
    }));
}
