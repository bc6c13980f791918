import { lstatSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Uci } from '#platform';
import { FakeBus } from '../../support/fake-bus.ts';
import { type ModelFixture, openModel } from '../../support/model-fixture.ts';

/** The packages as they are, but for what a test has come between. */
const over = (real: Uci, between: Partial<Uci>): Uci => ({
  load: (name) => real.load(name),
  revision: (name) => real.revision(name),
  preview: (...args) => real.preview(...args),
  packages: () => real.packages(),
  text: (name) => real.text(name),
  replace: (...args) => real.replace(...args),
  hold: (...args) => real.hold(...args),
  ...between,
});

// Packages that somebody has broken, moved elsewhere, or filled beyond measure, and a flash that can not be written.
let open: ModelFixture | undefined;
afterEach(async () => {
  await open?.[Symbol.asyncDispose]();
  open = undefined;
});

const wireless = "config wifi-device 'radio0'\n\toption type 'mac80211'\n\toption country 'DE'\n";
const system = "config system\n\toption hostname 'router'\n";
const bus = () => new FakeBus({ 'service event': () => ({}) });
const start = async (packages: Readonly<Record<string, string>>, uci?: (real: Uci) => Uci): Promise<ModelFixture> => {
  open = await openModel({ bus: bus(), packages, unlocked: true, ...(uci && { uci }) });
  return open;
};
const set = async ({ model }: ModelFixture, path: string, name: string, value: string) => {
  const write = { op: 'set', path, parameters: [{ name, value, required: true }] } as const;
  const answer = await model.write({ protocol: 'usp' }, [write], { origin: { by: 'usp' }, partial: false });
  const { result } = answer.outcomes[0]!;
  return answer.committed ? 'written' : result.ok ? 'lost' : result.fault.fault.kind;
};
const read = async ({ model }: ModelFixture, path: string): Promise<string | undefined> => {
  const [reading] = await model.get({ protocol: 'usp' }, [path]);
  return reading!.result.ok ? reading!.result.value[0]?.parameters[0]?.value : reading!.result.fault.kind;
};
const radio = 'Device.WiFi.Radio.1.';

describe('a package that is broken', () => {
  const broken = "config wifi-device 'radio0'\n\toption country 'DE\n";

  it('costs what comes from it and nothing else, is never written, and is back when somebody has mended it', async () => {
    const one = await start({ wireless: broken, system });
    expect(await read(one, 'Device.WiFi.RadioNumberOfEntries')).toBe('0');
    expect(await read(one, `${radio}RegulatoryDomain`)).toBe('no-instance');
    expect(await set(one, radio, 'RegulatoryDomain', 'FR ')).not.toBe('written');
    expect(await set(one, 'Device.DeviceInfo.', 'HostName', 'other')).toBe('written');
    expect(one.config('wireless')).toBe(broken);
    writeFileSync(join(one.root, 'etc/config/wireless'), wireless);
    await one.model.changed();
    expect(await set(one, radio, 'RegulatoryDomain', 'FR ')).toBe('written');
    expect(one.config('wireless')).toContain("option country 'FR'");
  });

  it('takes no row, so that nothing of what is in it is lost', async () => {
    const one = await start({ wireless: broken });
    const add = { op: 'add', path: 'Device.WiFi.SSID.', parameters: [] } as const;
    const answer = await one.model.write({ protocol: 'usp' }, [add], { origin: { by: 'usp' }, partial: false });
    expect(answer.committed).toBe(false);
    expect(one.config('wireless')).toBe(broken);
  });

  it('keeps the numbers of its rows until it is mended, in whatever order', async () => {
    const second = "config wifi-device 'radio1'\n\toption type 'mac80211'\n";
    const one = await start({ wireless: `${wireless}\n${second}` });
    expect(await read(one, 'Device.WiFi.Radio.2.Name')).toBe('radio1');
    writeFileSync(join(one.root, 'etc/config/wireless'), broken);
    await one.model.changed();
    expect(await read(one, 'Device.WiFi.RadioNumberOfEntries')).toBe('0');
    writeFileSync(join(one.root, 'etc/config/wireless'), `${second}\n${wireless}`);
    await one.model.changed();
    expect(await read(one, 'Device.WiFi.Radio.2.Name')).toBe('radio1');
  });
});

it('a package that is a link to elsewhere stays one, and is written there', async () => {
  const one = await start({ wireless });
  const [here, there] = [join(one.root, 'etc/config/wireless'), join(one.root, 'overlay')];
  mkdirSync(there);
  renameSync(here, join(there, 'wireless'));
  symlinkSync('../../overlay/wireless', here);
  await one.model.changed();
  expect(await set(one, radio, 'RegulatoryDomain', 'FR ')).toBe('written');
  expect(lstatSync(here).isSymbolicLink()).toBe(true);
  expect(readFileSync(join(there, 'wireless'), 'utf8')).toContain("option country 'FR'");
});

it('a flash that can only be read refuses the write whole, and takes it when it can be written again', async () => {
  let locked = true;
  const one = await start({ wireless, system }, (real) =>
    over(real, {
      hold: async <T>(names: readonly string[], work: Parameters<Uci['hold']>[1]) => {
        if (locked) throw Object.assign(new Error('EROFS: read-only file system'), { code: 'EROFS' });
        return real.hold(names, work) as Promise<T>;
      },
    }),
  );
  const before = one.config('wireless');
  expect(await set(one, radio, 'RegulatoryDomain', 'FR ')).toBe('apply-failed');
  expect(one.config('wireless')).toBe(before);
  expect(await read(one, `${radio}RegulatoryDomain`)).toBe('DE ');
  locked = false;
  expect(await set(one, radio, 'RegulatoryDomain', 'FR ')).toBe('written');
});

it('a list of thousands keeps all that a write is not about', async () => {
  const servers = Array.from({ length: 3000 }, (_, at) => `\tlist dhcp_option '${200 + (at % 50)},${at}'\n`).join('');
  const dhcp = `config dhcp 'lan'\n\toption interface 'lan'\n${servers}`;
  const one = await start({ dhcp });
  expect(await set(one, 'Device.DHCPv4.Server.Pool.1.', 'WINSServers', '192.0.2.1')).toBe('written');
  const items = one.config('dhcp').match(/list dhcp_option/g);
  expect(items).toHaveLength(3001);
});

it('somebody who commits between our look and our write loses nothing, and neither do we', async () => {
  let edits = 0;
  const one = await start({ wireless }, (real) =>
    over(real, {
      hold: async <T>(names: readonly string[], work: Parameters<Uci['hold']>[1]) => {
        // As `uci commit` does it: the whole file anew, under another inode.
        if (names.includes('wireless') && edits++ < 2) {
          const text = `${open!.config('wireless')}\nconfig wifi-iface 'guest${edits}'\n\toption device 'radio0'\n`;
          writeFileSync(join(open!.root, 'etc/config/.wireless.new'), text);
          renameSync(join(open!.root, 'etc/config/.wireless.new'), join(open!.root, 'etc/config/wireless'));
        }
        return real.hold(names, work) as Promise<T>;
      },
    }),
  );
  expect(await set(one, radio, 'RegulatoryDomain', 'FR ')).toBe('written');
  expect(one.config('wireless')).toMatch(/option country 'FR'.*guest1.*guest2/s);
});
