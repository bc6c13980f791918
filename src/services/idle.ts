import { type Clock, sleep } from '#base';
import type { BlobTable, Bus } from '#platform';

const lookMs = 10_000;
/** Keep-alives, broadcasts and a bulb that calls home; nobody who reads or watches. */
const idleBytesPerSecond = 16_384;

/** Whether so little goes through the device's interfaces for ten seconds that nobody would miss it. What can not be told counts as being in use. */
export async function isIdle(bus: Bus, clock: Clock): Promise<boolean> {
  try {
    const before = await bytesOf(bus);
    await sleep(clock, lookMs);
    const moved = (await bytesOf(bus)) - before;
    return moved >= 0 && moved < (idleBytesPerSecond * lookMs) / 1000;
  } catch {
    return false;
  }
}

async function bytesOf(bus: Bus): Promise<number> {
  const devices = Object.entries(await bus.invoke('network.device', 'status', {}));
  let bytes = 0;
  for (const [name, device] of devices) {
    const { statistics } = device as BlobTable;
    if (name === 'lo' || typeof statistics !== 'object') continue;
    const { rx_bytes: received, tx_bytes: sent } = statistics as BlobTable;
    bytes += Number(received ?? 0) + Number(sent ?? 0);
  }
  return bytes;
}
