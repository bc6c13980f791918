import type { Change } from '#model';
import { openBenchModel } from './bench-model.ts';
import { type Figures, median } from './figures.ts';

/**
 * From a change to whoever watches it, with a hundred other watches there: a write through the other protocol, and an event of the device
 * (a phone joins the Wi-Fi), of which the slower counts.
 */
export async function notifyFigures(): Promise<Figures> {
  await using bench = await openBenchModel();
  const { model, router } = bench;
  const watch = async (path: string, heard: (change: Change) => void): Promise<void> => {
    const watched = await model.watch({ protocol: 'usp' }, { paths: [path], kinds: ['value', 'created'] }, heard);
    if (!watched.ok) throw new Error(watched.fault.message);
  };
  for (let n = 0; n < 100; n++)
    await watch(['Device.WiFi.', 'Device.DHCPv4.', 'Device.NAT.', 'Device.Time.'][n % 4]!, () => {});
  let heard: (change: Change) => void = () => {};
  await watch('Device.WiFi.', (change) => heard(change));
  const until = (wanted: (change: Change) => boolean): Promise<number> =>
    new Promise((done) => {
      heard = (change) => {
        if (wanted(change)) done(performance.now());
      };
    });
  const writes: number[] = [];
  const joins: number[] = [];
  for (let round = 0; round < 10; round++) {
    const written = until(({ kind, path }) => kind === 'value' && path === 'Device.WiFi.SSID.1.SSID');
    const parameters = [{ name: 'SSID', value: `bench ${round}`, required: true }];
    const write = { op: 'set', path: 'Device.WiFi.SSID.1.', parameters } as const;
    const before = performance.now();
    await model.write({ protocol: 'cwmp' }, [write], { origin: { by: 'cwmp' }, partial: false });
    writes.push((await written) - before);
    const joined = until(({ kind, path }) => kind === 'created' && path.includes('AssociatedDevice'));
    const joinedAt = performance.now();
    router.joinStation({
      mac: `02:00:00:00:02:${round.toString(16).padStart(2, '0')}`,
      name: `phone-${round}`,
      host: 90 + round,
    });
    joins.push((await joined) - joinedAt);
  }
  return { change_to_notify_ms: Math.max(median(writes), median(joins)) };
}
