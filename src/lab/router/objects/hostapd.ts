import type { BlobTable } from '#platform';
import { enabled } from '../addresses.ts';
import { clientEntry, linkOf } from '../stations.ts';
import { type AccessPoint, accessPoints, stationsOf } from '../wireless.ts';
import type { World } from '../world.ts';
import { method, type RouterObject, required, StatusError, status, textArgument } from './object.ts';

/** `hostapd.<ifname>`. @param dropped the station that `del_client` sends away */
export function hostapdObject(world: World, ifname: string, dropped: (mac: string) => void): RouterObject {
  const ap = (): AccessPoint => {
    const found = accessPoints(world).find((candidate) => candidate.ifname === ifname);
    if (found === undefined) throw new StatusError(status.notFound);
    return found;
  };
  let wpsActive = false;
  return {
    path: `hostapd.${ifname}`,
    provider: 'hostapd',
    methods: {
      get_clients: method({}, () => {
        const at = ap();
        const clients = stationsOf(world, at).map((s, i): [string, BlobTable] => [
          s.mac,
          clientEntry(linkOf(world, at, s), i + 1),
        ]);
        return { freq: at.radio.frequencyMhz, clients: Object.fromEntries(clients) };
      }),
      get_status: method({}, () => statusTable(ap())),
      get_features: method({}, () => ({ ht_supported: true, vht_supported: ap().radio.hardware.band === '5g' })),
      del_client: method({ addr: 'string', reason: 'int32', deauth: 'bool', ban_time: 'int32' }, (args) => {
        const mac = required(textArgument(args, 'addr')).toLowerCase();
        if (!stationsOf(world, ap()).some((s) => s.mac === mac)) throw new StatusError(status.notFound);
        dropped(mac);
        return undefined;
      }),
      list_bans: method({}, () => ({ clients: [] })),
      wps_start: method({}, () => {
        if (!enabled(ap().network.section, 'wps_pushbutton')) throw new StatusError(status.unknownError);
        wpsActive = true;
        return undefined;
      }),
      wps_cancel: method({}, () => {
        wpsActive = false;
        return undefined;
      }),
      wps_status: method({}, () => ({ pbc_status: wpsActive ? 'Active' : 'Disabled', last_wps_result: 'None' })),
    },
  };
}

function statusTable(ap: AccessPoint): BlobTable {
  return {
    status: 'ENABLED',
    bssid: ap.network.bssid,
    ssid: ap.network.ssid,
    freq: ap.radio.frequencyMhz,
    channel: ap.radio.channel,
    op_class: ap.radio.hardware.band === '2g' ? 81 : 128,
    beacon_interval: Number(ap.radio.section.options.get('beacon_int') ?? 100),
    bss_color: 17,
    phy: ap.ifname,
    driver: 'nl80211',
    rrm: { neighbor_report_tx: 0 },
    wnm: { bss_transition_query_rx: 0, bss_transition_request_tx: 0, bss_transition_response_rx: 0 },
    airtime: { time: 120_000, time_busy: 15_000, utilization: 31 },
    dfs: { cac_seconds: 0, cac_active: false, cac_seconds_left: 0 },
  };
}
