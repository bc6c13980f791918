import type { BlobTable, BlobValue } from '#platform';
import { type Diagnostic, type DiagnosticParts, ended } from './diagnostic.ts';

/** Radios are scanned one after the other, each for up to ten seconds. */
const scanLimitMs = 30_000;
const resultsLimit = 256;

/** `NeighboringWiFiDiagnostic()` (TR-181 `Device.WiFi.`) with `iwinfo scan` on each radio that is up. */
export const neighboringWifi: Diagnostic = async (parts, _, signal) => {
  const results: Record<string, string> = {};
  let count = 0;
  let failed = 0;
  const radios = await scannable(parts);
  for (const { path, device } of radios) {
    signal.throwIfAborted();
    let found: readonly BlobTable[];
    try {
      const answer = await parts.bus.invoke('iwinfo', 'scan', { device }, { timeoutMs: scanLimitMs, signal });
      found = tables(answer.results);
    } catch (error) {
      if (signal.aborted) throw error;
      failed++;
      continue;
    }
    for (const cell of found.slice(0, resultsLimit - count)) {
      count++;
      for (const [name, value] of Object.entries(readCell(cell))) results[`Result.${count}.${name}`] = value;
      results[`Result.${count}.Radio`] = path;
    }
  }
  return radios.length > 0 && failed === radios.length ? ended('Error') : ended('Complete', results);
};

/** Radios with an interface to scan from. Their rows are known by the names of their sections. */
async function scannable({ bus, model }: DiagnosticParts): Promise<{ path: string; device: string }[]> {
  const status = await bus.invoke('network.wireless', 'status');
  const [reading] = await model.get({ protocol: 'usp' }, ['Device.WiFi.Radio.*.Name']);
  if (!reading?.result.ok) return [];
  return reading.result.value.flatMap(({ path, parameters }) => {
    const radio = status[parameters[0]?.value ?? ''] as BlobTable | undefined;
    const device = tables(radio?.interfaces).find(({ ifname }) => typeof ifname === 'string')?.ifname;
    return radio?.up === true && device !== undefined ? [{ path: path.slice(0, -1), device: String(device) }] : [];
  });
}

/** One cell of a scan as TR-181 names it; what the driver did not say is left out. */
export function readCell(cell: BlobTable): Record<string, string> {
  const { ssid, bssid, mode, band, channel, signal, noise } = cell;
  const vht = table(cell.vht_operation);
  const ht = table(cell.ht_operation);
  const width = Number(vht.channel_width ?? 0) > 40 ? Number(vht.channel_width) : Number(ht.channel_width ?? 0);
  const bands: Readonly<Record<string, string>> = { 2: '2.4GHz', 5: '5GHz', 6: '6GHz' };
  const bandwidth = width === 2040 ? '40MHz' : [20, 40, 80, 160].includes(width) ? `${width}MHz` : undefined;
  const found: Record<string, string | undefined> = {
    SSID: typeof ssid === 'string' ? ssid : '',
    BSSID: String(bssid ?? '').toUpperCase(),
    Mode: mode === 'Ad-Hoc' ? 'AdHoc' : 'Infrastructure',
    Channel: Number(channel) >= 1 && Number(channel) <= 255 ? String(channel) : undefined,
    SignalStrength: inDbm(signal),
    Noise: inDbm(noise),
    OperatingFrequencyBand: bands[String(band)],
    OperatingChannelBandwidth: bandwidth,
    ...security(table(cell.encryption)),
  };
  return Object.fromEntries(Object.entries(found).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

const inDbm = (value: BlobValue | undefined): string | undefined =>
  typeof value === 'number' && value < 0 && value >= -200 ? String(value) : undefined;

function security({ enabled, wep, wpa, authentication, ciphers }: BlobTable): Record<string, string> {
  const versions = list(wpa).map(Number);
  const kinds = list(authentication).map(String);
  const encryption = [
    ...(list(ciphers).some((cipher) => cipher === 'tkip') ? ['TKIP'] : []),
    ...(list(ciphers).some((cipher) => /ccmp|gcmp/.test(String(cipher))) ? ['AES'] : []),
  ].join(',');
  if (enabled !== true) return { SecurityModeEnabled: kinds.includes('owe') ? 'OWE' : 'None', EncryptionMode: '' };
  if (kinds.includes('owe')) return { SecurityModeEnabled: 'OWE', EncryptionMode: encryption };
  if (versions.length === 0 && wep !== undefined) return { SecurityModeEnabled: 'WEP', EncryptionMode: '' };
  return { SecurityModeEnabled: wpaMode(versions, kinds.includes('802.1x')), EncryptionMode: encryption };
}

function wpaMode(versions: readonly number[], enterprise: boolean): string {
  const [first, second, third] = [1, 2, 3].map((version) => versions.includes(version));
  if (third) return enterprise ? 'WPA3-Enterprise' : second ? 'WPA2-PSK-WPA3-SAE' : 'WPA3-SAE';
  const mode = first && second ? 'WPA-WPA2' : first ? 'WPA' : 'WPA2';
  return enterprise ? `${mode}-Enterprise` : mode;
}

const list = (value: BlobValue | undefined): readonly BlobValue[] => (Array.isArray(value) ? value : []);
const tables = (value: BlobValue | undefined): BlobTable[] => list(value).map(table);
const table = (value: BlobValue | undefined): BlobTable =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as BlobTable) : {};
