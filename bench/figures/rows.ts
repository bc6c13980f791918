import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Protocol, Write } from '#model';
import { openBenchModel } from './bench-model.ts';
import { type Figures, median } from './figures.ts';

/** A table of a thousand rows that are kept on flash: added in one request and one by one, and found by their key. */
export async function rowFigures(): Promise<Figures> {
  await using bench = await openBenchModel();
  const { model } = bench;
  model.declareTable({
    path: 'Device.LocalAgent.Subscription.{i}.',
    columns: ['Alias', 'Enable', 'Recipient', 'ID', 'NotifType', 'ReferenceList', 'Persistent'],
    defaults: () => ({ Recipient: 'Device.LocalAgent.Controller.1' }),
  });
  const view = { protocol: 'usp' } as const;
  const options = { origin: { by: 'usp', peer: 'bench' }, partial: false } as const;
  const add = (id: string): Write => ({
    op: 'add',
    path: 'Device.LocalAgent.Subscription.',
    parameters: [
      { name: 'ID', value: id, required: true },
      { name: 'NotifType', value: 'Event', required: true },
      { name: 'ReferenceList', value: 'Device.Boot!', required: true },
      { name: 'Persistent', value: 'true', required: true },
    ],
  });
  const together: number[] = [];
  for (let round = 0; round < 5; round++) {
    const before = performance.now();
    const writes = Array.from({ length: 1000 }, (_, n) => add(`s${n}`));
    if (!(await model.write(view, writes, options)).committed) throw new Error('the rows were refused');
    together.push(performance.now() - before);
    if (round === 4) break;
    await model.write(view, [{ op: 'delete', path: 'Device.LocalAgent.Subscription.*.' }], options);
  }
  const lookups: number[] = [];
  for (let round = 0; round < 300; round++) {
    const before = performance.now();
    const [reading] = await model.get(view, [`Device.LocalAgent.Subscription.[ID=="s${round}"].Enable`]);
    lookups.push(performance.now() - before);
    if (!reading!.result.ok || reading!.result.value.length !== 1) throw new Error('the row was not found');
  }
  const before = performance.now();
  for (let n = 0; n < 300; n++) await model.write(view, [add(`t${n}`)], options);
  const perSecond = (300 / (performance.now() - before)) * 1000;
  return {
    ...(await sectionFigures()),
    rows_add_1000_ms: median(together),
    rows_add_per_s: perSecond,
    unique_key_lookup_ms: median(lookups),
  };
}

/** A thousand sections of a UCI file, found by the Alias that each has and by another key. Our own time: the packages are unchanged, nothing is asked. */
async function sectionFigures(): Promise<Figures> {
  await using bench = await openBenchModel();
  const { model, router } = bench;
  const rules = Array.from({ length: 1000 }, (_, n) => `config rule 'r${n}'\n\toption name 'rule ${n}'\n`);
  writeFileSync(join(router.root, 'etc/config/firewall'), `config defaults\n\n${rules.join('\n')}`);
  const found = async (protocol: Protocol, path: string): Promise<number> => {
    const before = performance.now();
    const [reading] = await model.get({ protocol }, [path]);
    const took = performance.now() - before;
    if (!reading!.result.ok || reading!.result.value.length !== 1) throw new Error(`${path} was not found`);
    return took;
  };
  const table = 'Device.Firewall.Chain.1.Rule.';
  const lookups: number[] = [];
  for (let row = 1; row <= 300; row++) {
    lookups.push(await found('usp', `${table}[Alias=="cpe-${row}"].Enable`));
    lookups.push(await found('cwmp', `${table}[cpe-${row}].Enable`));
    lookups.push(await found('usp', `${table}[Description=="rule ${row}"].Enable`));
  }
  return { mapped_key_lookup_ms: median(lookups) };
}
