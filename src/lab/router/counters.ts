import type { BlobTable } from '#platform';

/**
 * Counters that grow with the router's uptime and depend on nothing but their name and the seconds that have passed: two
 * reads at the same moment agree, and a later read is never smaller.
 */
export interface Traffic {
  readonly rxBytes: number;
  readonly txBytes: number;
  readonly rxPackets: number;
  readonly txPackets: number;
}

export function traffic(name: string, seconds: number): Traffic {
  const seed = hash(name);
  const at = Math.max(0, seconds);
  const rxPerSecond = 2_000 + (seed % 190_000);
  const txPerSecond = 1_000 + ((seed >>> 8) % 90_000);
  const rxBytes = Math.floor(at * rxPerSecond);
  const txBytes = Math.floor(at * txPerSecond);
  return { rxBytes, txBytes, rxPackets: Math.floor(rxBytes / 870), txPackets: Math.floor(txBytes / 640) };
}

export const noTraffic: Traffic = { rxBytes: 0, txBytes: 0, rxPackets: 0, txPackets: 0 };

/** `statistics` of `network.device status`: the counters of the kernel in the order of its sysfs directory. */
export function deviceStatistics(t: Traffic, name: string): BlobTable {
  const errors = t.rxPackets === 0 ? 0 : hash(name) % 3;
  return {
    collisions: 0,
    rx_frame_errors: 0,
    tx_compressed: 0,
    multicast: Math.floor(t.rxPackets / 50),
    rx_length_errors: 0,
    tx_dropped: 0,
    rx_bytes: t.rxBytes,
    rx_missed_errors: 0,
    tx_errors: 0,
    rx_compressed: 0,
    rx_over_errors: 0,
    tx_fifo_errors: 0,
    rx_crc_errors: 0,
    rx_packets: t.rxPackets,
    tx_heartbeat_errors: 0,
    rx_dropped: errors * 4,
    tx_aborted_errors: 0,
    tx_packets: t.txPackets,
    rx_errors: errors,
    tx_bytes: t.txBytes,
    tx_window_errors: 0,
    rx_fifo_errors: 0,
    tx_carrier_errors: 0,
  };
}

/** FNV-1a, 32 bits. */
export function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return h;
}
