import { describe, expect, it } from 'vitest';
import type { Change } from '#model';
import { type Signal, Signals } from '../../../src/model/engine/signals.ts';

const view = { protocol: 'usp' } as const;
const event = (path: string): Signal => ({ kind: 'event', path, args: {}, origin: { by: 'device' } });
const threshold = (number: number): Signal => event(`Device.LocalAgent.Threshold.${number}.Triggered!`);

/** Which of the signals is heard through these paths. @param found what searches lead to */
async function heard(paths: string[], signals: Signal[], found: Record<string, string[]> = {}): Promise<string[]> {
  const told: string[] = [];
  let asked = 0;
  const all = new Signals(async (_, path) => {
    asked++;
    return found[path] ?? [];
  });
  all.add(view, paths, new Set(['event']), (change: Change) => told.push(change.path));
  for (const signal of signals) all.tell(signal);
  for (let turn = 0; turn < 8 * (asked + signals.length); turn++) await Promise.resolve();
  return told;
}

describe('an event is heard', () => {
  it.each([
    ['by its path', 'Device.LocalAgent.Threshold.2.Triggered!'],
    ['by the row', 'Device.LocalAgent.Threshold.2.'],
    ['by a search for rows', 'Device.LocalAgent.Threshold.[Enable==true].Triggered!'],
    ['by a search for rows, whatever happens there', 'Device.LocalAgent.Threshold.[Enable==true].'],
  ])('%s', async (_, path) => {
    const found = { 'Device.LocalAgent.Threshold.[Enable==true].': ['Device.LocalAgent.Threshold.2.'] };
    expect(await heard([path], [threshold(1), threshold(2), event('Device.Boot!')], found)).toEqual([
      threshold(2).path,
    ]);
  });

  it.each([
    ['for every row', 'Device.LocalAgent.Threshold.*.Triggered!'],
    ['for every row of the schema', 'Device.LocalAgent.Threshold.{i}.Triggered!'],
    ['by the table', 'Device.LocalAgent.Threshold.'],
    ['by an object above', 'Device.LocalAgent.'],
  ])('%s', async (_, path) => {
    expect(await heard([path], [threshold(1), event('Device.Boot!'), threshold(2)])).toEqual([
      threshold(1).path,
      threshold(2).path,
    ]);
  });

  it('once, however many paths fit', async () => {
    const paths = ['Device.', 'Device.Boot!', 'Device.Boot!', 'Device.LocalAgent.Threshold.[Enable==true].Triggered!'];
    expect(await heard(paths, [event('Device.Boot!')])).toEqual(['Device.Boot!']);
  });

  it('not under another name, nor below or beside', async () => {
    const paths = ['Device.Boot!', 'Device.LocalAgent.Threshold.*.', 'Device.LocalAgent.Periodic!'];
    const others = ['Device.LocalAgent.Boot!', 'Device.LocalAgent.Monitor.1.OnChange!', 'Device.LocalAgent.WakeUp!'];
    expect(await heard(paths, others.map(event))).toEqual([]);
  });
});
