import type { Clock } from '#base';
import type { Files } from '#platform';

/** TR-181 TemperatureSensor; times in seconds since 1970, temperatures in whole degrees Celsius. */
interface Sensor {
  readonly name: string;
  readonly value: number;
  readonly at: number;
  readonly min: number;
  readonly minAt: number;
  readonly max: number;
  readonly maxAt: number;
  readonly resetAt: number;
}

/** Between looks of our own, which begin when somebody has asked for the first time. */
const pollMs = 60_000;
const directory = '/sys/class/thermal';

/**
 * The kernel's thermal zones, each with its extremes since its reset (or since it was first looked at).
 * @returns a look at all of them by number; with a number that one begins anew
 */
export function temperatures(files: Files, clock: Clock): (reset?: string) => Record<string, unknown> {
  const sensors = new Map<string, Sensor>();
  let polling = false;
  const look = (): Record<string, unknown> => {
    const found: Record<string, unknown> = {};
    const now = Math.floor(clock.now() / 1000);
    for (const file of files.list(directory)) {
      const zone = /^thermal_zone([0-9]+)$/.exec(file)?.[1];
      if (zone === undefined) continue;
      const name = files.readText(`${directory}/${file}/type`)?.trim();
      if (name === undefined) continue;
      const text = files.readText(`${directory}/${file}/temp`)?.trim() ?? '';
      const before = sensors.get(zone);
      if (!/^-?[0-9]{1,7}$/.test(text)) {
        found[zone] = { ...before, name, value: undefined };
        continue;
      }
      const value = Math.round(Number(text) / 1000);
      const first = { min: value, minAt: now, max: value, maxAt: now, resetAt: now };
      const { min, minAt, max, maxAt, resetAt } = before ?? first;
      const sensor: Sensor = {
        name,
        value,
        at: now,
        ...(value < min ? { min: value, minAt: now } : { min, minAt }),
        ...(value > max ? { max: value, maxAt: now } : { max, maxAt }),
        resetAt,
      };
      sensors.set(zone, sensor);
      found[zone] = sensor;
    }
    return found;
  };
  const poll = (): void => {
    clock.timer(pollMs, () => {
      look();
      poll();
    });
  };
  return (reset) => {
    if (reset !== undefined) sensors.delete(reset);
    const found = look();
    if (!polling && sensors.size > 0) {
      polling = true;
      poll();
    }
    return found;
  };
}
