import type { BlobTable, BlobValue, UciSection } from '#platform';
import { type Radio, radios } from '../wireless.ts';
import type { World } from '../world.ts';
import { method, type RouterObject, StatusError, status, textArgument } from './object.ts';

const lists = new Set([
  'network',
  'maclist',
  'auth_server',
  'acct_server',
  'channels',
  'hostapd_options',
  'basic_rate',
]);
const flags = new Set([
  'hidden',
  'isolate',
  'wmm',
  'noscan',
  'legacy_rates',
  'ieee80211r',
  'ieee80211k',
  'bss_transition',
  'wps_pushbutton',
  'wds',
  'uapsd',
  'short_preamble',
  'ft_over_ds',
  'disassoc_low_ack',
  'proxy_arp',
  'background_radar',
]);
const numbers = new Set([
  'cell_density',
  'txpower',
  'beacon_int',
  'distance',
  'maxassoc',
  'rts',
  'frag',
  'dtim_period',
  'auth_port',
  'acct_port',
  'dynamic_vlan',
  'max_inactivity',
  'wpa_group_rekey',
  'ieee80211w',
  'antenna_gain',
  'he_bss_color',
]);

/** `network.wireless` of netifd. */
export function wirelessObject(world: World, reload: (config: string) => void): RouterObject {
  const again = method({ device: 'string' }, () => {
    reload('wireless');
    return undefined;
  });
  return {
    path: 'network.wireless',
    provider: 'netifd',
    methods: {
      status: method({ device: 'string' }, (args) => {
        const wanted = textArgument(args, 'device');
        const all = radios(world).filter((radio) => wanted === undefined || radio.section.name === wanted);
        if (wanted !== undefined && all.length === 0) throw new StatusError(status.notFound);
        return Object.fromEntries(all.map((radio) => [radio.section.name, radioStatus(radio)]));
      }),
      up: again,
      down: again,
      reconf: again,
    },
  };
}

export function radioStatus(radio: Radio): BlobTable {
  return {
    up: radio.up,
    pending: false,
    autostart: true,
    disabled: radio.disabled,
    retry_setup_failed: false,
    config: typedOptions(radio.section, new Set(['type', 'disabled'])),
    interfaces: radio.networks.map((network) => ({
      section: network.section.name,
      ...(network.ifname !== undefined && { ifname: network.ifname }),
      config: typedOptions(network.section, new Set(['device', 'disabled'])),
      vlans: [],
      stations: [],
    })),
  };
}

/** netifd gives the options the types of its handler's schema; what it doesn't know stays text. */
function typedOptions(section: UciSection, without: ReadonlySet<string>): BlobTable {
  const table: Record<string, BlobValue> = {};
  for (const [name, value] of section.options) {
    if (without.has(name)) continue;
    const text = typeof value === 'string' ? value : value.join(' ');
    if (lists.has(name)) table[name] = typeof value === 'string' ? value.split(/\s+/) : value;
    else if (flags.has(name)) table[name] = ['1', 'on', 'true', 'yes', 'enabled'].includes(text);
    else if (numbers.has(name) && /^-?\d{1,9}$/.test(text)) table[name] = Number(text);
    else table[name] = text;
  }
  return table;
}
