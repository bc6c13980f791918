/** What the board is made of: everything that no configuration changes. */
export interface Profile {
  readonly model: string;
  readonly boardName: string;
  readonly manufacturer: string;
  readonly version: string;
  readonly revision: string;
  readonly target: string;
  readonly kernel: string;
  /** Epoch seconds, as text (procd since 24.10). */
  readonly buildDate: string;
  readonly memoryBytes: number;
  /** First address of the board; the ports and radios count up from it. */
  readonly baseMac: string;
  readonly lanPorts: readonly string[];
  readonly radios: readonly RadioHardware[];
  readonly hosts: readonly HostProfile[];
}

export interface RadioHardware {
  readonly phy: string;
  readonly path: string;
  readonly band: '2g' | '5g';
  readonly hardware: string;
  /** Channel and its centre frequency in MHz. */
  readonly channels: readonly (readonly [channel: number, mhz: number, radar: boolean])[];
  readonly htmodes: readonly string[];
  readonly maximumDbm: number;
}

export interface HostProfile {
  readonly name: string;
  /** Lower case. */
  readonly mac: string;
  /** Last byte of the IPv4 address. */
  readonly host: number;
  /** A LAN port, or the wifi-iface section whose SSID it joins. */
  readonly at: string;
  readonly signalDbm?: number;
  readonly standard?: 'n' | 'ac' | 'ax';
  /** What it says of itself in its DHCP requests (TR-069 Annex F). */
  readonly identity?: { readonly oui: string; readonly serialNumber: string; readonly productClass: string };
}

const channels5g: [number, number, boolean][] = [];
for (const channel of [36, 40, 44, 48]) channels5g.push([channel, 5000 + 5 * channel, false]);
for (const channel of [52, 56, 60, 64, 100, 104, 108, 112, 116, 120, 124, 128, 132, 136, 140])
  channels5g.push([channel, 5000 + 5 * channel, true]);

/** A 24.10 DSA router with two radios and a 5G modem. The board and its maker are invented. */
export const fenwickAx5g: Profile = {
  model: 'Fenwick FW-AX5G',
  boardName: 'fenwick,fw-ax5g',
  manufacturer: 'Fenwick',
  version: '24.10.2',
  revision: 'r28739-d9340319c6',
  target: 'mediatek/filogic',
  kernel: '6.6.93',
  buildDate: '1750711236',
  memoryBytes: 1_019_883_520,
  baseMac: '94:83:c4:10:20:30',
  lanPorts: ['lan1', 'lan2', 'lan3', 'lan4'],
  radios: [
    {
      phy: 'phy0',
      path: 'platform/soc/18000000.wifi',
      band: '2g',
      hardware: 'MediaTek MT7981',
      channels: Array.from({ length: 13 }, (_, i): [number, number, boolean] => [i + 1, 2412 + 5 * i, false]),
      htmodes: ['HT20', 'HT40', 'HE20', 'HE40'],
      maximumDbm: 20,
    },
    {
      phy: 'phy1',
      path: 'platform/soc/18000000.wifi+1',
      band: '5g',
      hardware: 'MediaTek MT7981',
      channels: channels5g,
      htmodes: ['HT20', 'HT40', 'VHT20', 'VHT40', 'VHT80', 'VHT160', 'HE20', 'HE40', 'HE80', 'HE160'],
      maximumDbm: 23,
    },
  ],
  hosts: [
    {
      ...{ name: 'nas', mac: '00:11:32:8a:4f:10', host: 10, at: 'lan1' },
      identity: { oui: '001132', serialNumber: 'NAS0042', productClass: 'Store' },
    },
    { name: 'printer', mac: '94:10:3e:4b:22:07', host: 20, at: 'lan3' },
    { name: 'thermostat', mac: '18:b4:30:c1:55:e2', host: 131, at: 'default_radio0', signalDbm: -67, standard: 'n' },
    { name: 'laptop', mac: 'a4:83:e7:2d:91:0c', host: 136, at: 'default_radio1', signalDbm: -48, standard: 'ax' },
    { name: 'phone', mac: '3c:06:30:7e:aa:41', host: 142, at: 'default_radio1', signalDbm: -56, standard: 'ax' },
    { name: 'television', mac: '5c:49:7d:03:d8:6f', host: 155, at: 'default_radio1', signalDbm: -61, standard: 'ac' },
  ],
};

/** `base` counted up by `offset`, in the last three bytes. */
export function macOffset(base: string, offset: number): string {
  const bytes = base.split(':').map((text) => Number.parseInt(text, 16));
  let tail = ((bytes[3]! << 16) | (bytes[4]! << 8) | bytes[5]!) + offset;
  for (let i = 5; i >= 3; i--) {
    bytes[i] = tail & 0xff;
    tail >>>= 8;
  }
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

/** A locally administered address for the n-th network of a radio. */
export function locallyAdministered(mac: string, n: number): string {
  if (n === 0) return mac;
  const first = (Number.parseInt(mac.slice(0, 2), 16) | 2) ^ ((n - 1) << 2);
  return `${(first & 0xff).toString(16).padStart(2, '0')}${mac.slice(2)}`;
}
