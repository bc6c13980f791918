import { afterEach, describe, expect, it } from 'vitest';
import type { Change, Origin, View } from '#model';
import { FakeBus } from '../../support/fake-bus.ts';
import { type ModelFixture, openModel } from '../../support/model-fixture.ts';

const usp: View = { protocol: 'usp' };
const cwmp: View = { protocol: 'cwmp' };
const acs: Origin = { by: 'cwmp', peer: 'acs.example' };

const wireless = `
config wifi-device 'radio0'
	option type 'mac80211'
	option band '2g'
	option channel '1'
	option htmode 'HE20'

config wifi-device 'radio1'
	option band '5g'
	option channel '36'
	option disabled '1'

config wifi-iface 'home'
	option device 'radio0'
	option mode 'ap'
	option ssid 'Home'
	option encryption 'psk2'
	option key 'correct horse'

config wifi-iface
	option device 'radio1'
	option mode 'ap'
	option ssid 'Unnamed'
	option encryption 'none'
`;

const answers = () => ({
  'network.wireless status': () => ({
    radio0: { up: true, interfaces: [{ section: 'home', ifname: 'phy0-ap0', config: {} }] },
    radio1: { up: false, interfaces: [] },
  }),
  'network.device status': () => ({
    'phy0-ap0': { up: true, macaddr: '02:00:00:00:00:01', statistics: { tx_bytes: 10, rx_bytes: 5_000_000_000 } },
    lan1: { up: true, carrier: true, devtype: 'dsa', macaddr: '02:00:00:00:00:10', statistics: {} },
  }),
  'iwinfo info': () => ({ channel: 6 }),
  'hostapd.phy0-ap0 get_clients': () => ({
    clients: { 'aa:bb:cc:dd:ee:ff': { authorized: true, assoc: true, signal: -58, bytes: { rx: 1, tx: 2 } } },
  }),
  'service event': () => ({}),
});

let open: ModelFixture | undefined;
const start = async (bus = new FakeBus(answers())) => {
  open = await openModel({ bus, packages: { wireless, network: '', system: '' } });
  return { ...open, bus, model: open.model };
};
afterEach(async () => {
  await open?.[Symbol.asyncDispose]();
  open = undefined;
});

async function valuesOf(view: View, path: string): Promise<Record<string, string>> {
  const [reading] = await open!.model.get(view, [path]);
  if (!reading!.result.ok) throw new Error(reading!.result.fault.kind);
  return Object.fromEntries(
    reading!.result.value.flatMap((object) =>
      object.parameters.map(({ info, value }) => [object.path + info.name, value]),
    ),
  );
}

async function faultOf(view: View, path: string): Promise<string | undefined> {
  const [reading] = await open!.model.get(view, [path]);
  return reading!.result.ok ? undefined : reading!.result.fault.kind;
}

describe('reading', () => {
  it('brings UCI, ubus and references together', async () => {
    await start();
    expect(await valuesOf(usp, 'Device.WiFi.SSID.1.')).toMatchObject({
      'Device.WiFi.SSID.1.SSID': 'Home',
      'Device.WiFi.SSID.1.Enable': 'true',
      'Device.WiFi.SSID.1.Status': 'Up',
      'Device.WiFi.SSID.1.LowerLayers': 'Device.WiFi.Radio.1',
      'Device.WiFi.SSID.1.MACAddress': '02:00:00:00:00:01',
      'Device.WiFi.SSID.1.Alias': 'cpe-1',
      'Device.WiFi.SSID.1.Stats.BytesReceived': '5000000000',
    });
    expect(await valuesOf(usp, 'Device.WiFi.Radio.1.Channel')).toEqual({ 'Device.WiFi.Radio.1.Channel': '6' });
  });

  it('counts rows and follows wildcards, searches and references', async () => {
    await start();
    expect(await valuesOf(usp, 'Device.WiFi.SSIDNumberOfEntries')).toEqual({ 'Device.WiFi.SSIDNumberOfEntries': '2' });
    expect(Object.values(await valuesOf(usp, 'Device.WiFi.SSID.*.SSID'))).toEqual(['Home', 'Unnamed']);
    expect(await valuesOf(usp, 'Device.WiFi.SSID.[SSID=="Unnamed"].SSID')).toEqual({
      'Device.WiFi.SSID.2.SSID': 'Unnamed',
    });
    expect(await valuesOf(usp, 'Device.WiFi.SSID.[SSID=="nobody"].SSID')).toEqual({});
    expect(await valuesOf(usp, 'Device.WiFi.SSID.1.LowerLayers+.Name')).toEqual({
      'Device.WiFi.Radio.1.Name': 'radio0',
    });
    expect(await valuesOf(usp, 'Device.WiFi.AccessPoint.1.AssociatedDevice.*.SignalStrength')).toEqual({
      'Device.WiFi.AccessPoint.1.AssociatedDevice.1.SignalStrength': '-58',
    });
  });

  it('asks every source once for one request', async () => {
    const { bus } = await start();
    await valuesOf(usp, 'Device.WiFi.');
    expect(bus.invoked.filter((call) => call === 'network.wireless status')).toHaveLength(1);
    expect(bus.invoked.length).toBeLessThanOrEqual(7);
  });

  it('tells unknown paths from missing rows', async () => {
    await start();
    expect(await faultOf(usp, 'Device.WiFi.Nothing')).toBe('unsupported-path');
    expect(await faultOf(usp, 'Device.Nothing.')).toBe('unsupported-path');
    expect(await faultOf(usp, 'Device.WiFi.SSID.9.')).toBe('no-instance');
    expect(await faultOf(usp, 'Device.WiFi.SSID.1.Missing')).toBe('unsupported-path');
    expect(await faultOf(usp, 'Device..SSID')).toBe('path-syntax');
  });

  it('gives secrets only to a view that reveals', async () => {
    await start();
    const path = 'Device.WiFi.AccessPoint.1.Security.KeyPassphrase';
    expect(await valuesOf(usp, path)).toEqual({ [path]: '' });
    expect(await valuesOf({ ...usp, reveal: true }, path)).toEqual({ [path]: 'correct horse' });
  });

  it('lets a failing source cost its own parameters only', async () => {
    const failing = { ...answers(), 'network.device status': () => Promise.reject(new Error('hung')) };
    const { model } = await start(new FakeBus(failing));
    const [reading] = await model.get(usp, ['Device.WiFi.SSID.1.']);
    if (!reading!.result.ok) throw new Error('refused');
    const parameters = reading!.result.value.flatMap((object) => object.parameters);
    expect(parameters.find(({ info }) => info.name === 'SSID')).toMatchObject({ value: 'Home' });
    expect(parameters.find(({ info }) => info.name === 'BytesReceived')?.fault?.kind).toBe('internal');
  });

  it('leaves out what a peer may not read', async () => {
    await start();
    const access = {
      allows: (target: string, _: unknown, path: string) => target === 'Obj' || path.endsWith('.SSID'),
    };
    expect(await valuesOf({ ...usp, access }, 'Device.WiFi.SSID.1.')).toEqual({ 'Device.WiFi.SSID.1.SSID': 'Home' });
    expect(await faultOf({ ...usp, access }, 'Device.WiFi.SSID.1.Enable')).toBe('unsupported-path');
    // A parameter of an object whose names may not be known is not there either (TR-369 R-GET.1).
    const blind = { allows: (target: string) => target === 'Param' };
    expect(await faultOf({ ...usp, access: blind }, 'Device.WiFi.SSID.1.SSID')).toBe('unsupported-path');
    expect(await faultOf({ ...usp, access: blind }, 'Device.WiFi.')).toBe('unsupported-path');
  });
});

describe('names', () => {
  it('lists one level and all levels as TR-069 A.3.2.3 says', async () => {
    const { model } = await start();
    const root = await model.names(cwmp, '', true);
    expect(root).toEqual({ ok: true, value: [{ path: 'Device.', writable: false }] });
    const table = await model.names(cwmp, 'Device.WiFi.SSID.', true);
    expect(table.ok && table.value).toEqual([
      { path: 'Device.WiFi.SSID.1.', writable: true },
      { path: 'Device.WiFi.SSID.2.', writable: true },
    ]);
    const deep = await model.names(cwmp, 'Device.WiFi.', false);
    const paths = deep.ok ? deep.value.map((name) => name.path) : [];
    expect(paths).toContain('Device.WiFi.');
    expect(paths).toContain('Device.WiFi.SSID.');
    expect(paths).toContain('Device.WiFi.SSID.2.Stats.BytesSent');
  });
});

describe('writing', () => {
  const set = (path: string, values: Record<string, string>) => ({
    op: 'set' as const,
    path,
    parameters: Object.entries(values).map(([name, value]) => ({ name, value, required: true })),
  });

  it('lands in the UCI file and tells the services', async () => {
    const { model, bus, config } = await start();
    const answer = await model.write(cwmp, [set('Device.WiFi.SSID.1.', { SSID: "it's new", Enable: '0' })], {
      origin: acs,
      partial: false,
    });
    expect(answer.committed).toBe(true);
    expect(config('wireless')).toContain(`option ssid 'it'\\''s new'`);
    expect(config('wireless')).toContain(`option disabled '1'`);
    expect(bus.invoked).toContain('service event');
    expect(await valuesOf(cwmp, 'Device.WiFi.SSID.1.SSID')).toEqual({ 'Device.WiFi.SSID.1.SSID': "it's new" });
  });

  it('reports every parameter at fault and changes nothing', async () => {
    const { model, config } = await start();
    const before = config('wireless');
    const answer = await model.write(
      cwmp,
      [set('Device.WiFi.SSID.1.', { SSID: 'x'.repeat(40), Enable: 'maybe', Status: 'Up', Nope: '1', Name: 'a' })],
      { origin: acs, partial: false },
    );
    expect(answer.committed).toBe(false);
    const [outcome] = answer.outcomes;
    expect(
      outcome!.result.ok ? [] : outcome!.result.fault.refusals.map(({ path, fault }) => [path, fault.kind]),
    ).toEqual([
      ['Device.WiFi.SSID.1.SSID', 'invalid-value'],
      ['Device.WiFi.SSID.1.Enable', 'invalid-type'],
      ['Device.WiFi.SSID.1.Status', 'not-writable'],
      ['Device.WiFi.SSID.1.Nope', 'unsupported-path'],
      ['Device.WiFi.SSID.1.Name', 'not-writable'],
    ]);
    expect(config('wireless')).toBe(before);
  });

  it('undoes the good half of an all-or-nothing request and keeps it in a partial one', async () => {
    const { model, config } = await start();
    const writes = [set('Device.WiFi.SSID.1.', { SSID: 'kept?' }), set('Device.WiFi.SSID.2.', { Enable: 'x' })];
    expect((await model.write(usp, writes, { origin: acs, partial: false })).committed).toBe(false);
    expect(config('wireless')).not.toContain('kept?');
    const partial = await model.write(usp, writes, { origin: acs, partial: true });
    expect(partial.outcomes.map((outcome) => outcome.result.ok)).toEqual([true, false]);
    expect(config('wireless')).toContain('kept?');
  });

  it('names an anonymous section when it is first written, and the row keeps its number', async () => {
    const { model, config } = await start();
    await model.write(usp, [set('Device.WiFi.SSID.2.', { SSID: 'Named' })], { origin: acs, partial: false });
    expect(config('wireless')).toMatch(/config wifi-iface 'wifi_iface_t\d+'/);
    expect(await valuesOf(usp, 'Device.WiFi.SSID.*.SSID')).toEqual({
      'Device.WiFi.SSID.1.SSID': 'Home',
      'Device.WiFi.SSID.2.SSID': 'Named',
    });
  });

  it('adds and deletes rows and never gives a number twice', async () => {
    const { model, config } = await start();
    const add = {
      op: 'add' as const,
      path: 'Device.WiFi.SSID.',
      parameters: [{ name: 'SSID', value: 'Third', required: true }],
    };
    const added = await model.write(usp, [add], { origin: acs, partial: false });
    const created = added.outcomes[0]!.result;
    expect(created.ok && created.value[0]!.path).toBe('Device.WiFi.SSID.3.');
    expect(config('wireless')).toContain(`option ssid 'Third'`);
    await model.write(usp, [{ op: 'delete', path: 'Device.WiFi.SSID.3.' }], { origin: acs, partial: false });
    expect(config('wireless')).not.toContain('Third');
    const again = await model.write(usp, [add], { origin: acs, partial: false });
    expect(again.outcomes[0]!.result.ok && again.outcomes[0]!.result.value[0]!.path).toBe('Device.WiFi.SSID.4.');
  });

  it('keeps instance numbers and aliases over a restart', async () => {
    const first = await start();
    await first.model.write(cwmp, [set('Device.WiFi.SSID.2.', { Alias: 'mine' })], { origin: acs, partial: false });
    await first.model[Symbol.asyncDispose]();
    const written = first.config('wireless');
    const swapped = written.replace(
      /(config wifi-iface 'home'[\s\S]*?)(config wifi-iface 'wifi_iface[\s\S]*)$/,
      '$2\n$1',
    );
    expect(swapped).not.toBe(written);
    open = await openModel({ bus: first.bus, packages: { wireless: swapped }, root: first.root });
    expect(await valuesOf(usp, 'Device.WiFi.SSID.1.SSID')).toEqual({ 'Device.WiFi.SSID.1.SSID': 'Home' });
    expect(await valuesOf(usp, 'Device.WiFi.SSID.2.Alias')).toEqual({ 'Device.WiFi.SSID.2.Alias': 'mine' });
  });

  it('writes an Alias once in the USP view, with the row, and requires the unique keys of a new one', async () => {
    const { model } = await start();
    const options = { origin: acs, partial: false };
    const faultOf = async (writes: Parameters<typeof model.write>[1]) => {
      const { result } = (await model.write(usp, writes, options)).outcomes[0]!;
      return result.ok ? result.value[0]!.path : result.fault.refusals.map(({ path, fault }) => [path, fault.kind]);
    };
    expect(await faultOf([set('Device.WiFi.SSID.2.', { Alias: 'mine' })])).toEqual([
      ['Device.WiFi.SSID.2.Alias', 'not-writable'],
    ]);
    const add = (alias: string) => [
      {
        op: 'add' as const,
        path: 'Device.WiFi.SSID.',
        parameters: [{ name: 'Alias', value: alias, required: false }],
      },
    ];
    expect(await faultOf(add('1st'))).toEqual([[expect.stringContaining('.Alias'), 'invalid-value']]);
    expect(await faultOf(add('first'))).toMatch(/^Device\.WiFi\.SSID\.\d+\.$/);
  });

  it('refuses a reference to a row that does not exist', async () => {
    const { model } = await start();
    const answer = await model.write(usp, [set('Device.WiFi.SSID.1.', { LowerLayers: 'Device.WiFi.Radio.9' })], {
      origin: acs,
      partial: false,
    });
    expect(answer.committed).toBe(false);
  });
});

describe('watching', () => {
  it('tells a write once, with its origin, and not what did not change', async () => {
    const { model } = await start();
    const heard: Change[] = [];
    const watch = await model.watch(
      usp,
      { paths: ['Device.WiFi.SSID.'], kinds: ['value', 'created', 'deleted'] },
      (change) => heard.push(change),
    );
    expect(watch.ok).toBe(true);
    const write = (value: string) =>
      model.write(
        cwmp,
        [{ op: 'set', path: 'Device.WiFi.SSID.1.', parameters: [{ name: 'SSID', value, required: true }] }],
        { origin: acs, partial: false },
      );
    await write('Changed');
    await write('Changed');
    expect(heard).toEqual([
      { kind: 'value', path: 'Device.WiFi.SSID.1.SSID', type: 'string', value: 'Changed', origin: acs },
    ]);
  });

  it('sees what the device does by itself', async () => {
    let channel = 6;
    const { model } = await start(new FakeBus({ ...answers(), 'iwinfo info': () => ({ channel }) }));
    const heard: Change[] = [];
    await model.watch(usp, { paths: ['Device.WiFi.Radio.1.Channel'], kinds: ['value'] }, (change) =>
      heard.push(change),
    );
    channel = 11;
    await model.changed();
    expect(heard).toMatchObject([{ path: 'Device.WiFi.Radio.1.Channel', value: '11', origin: { by: 'device' } }]);
  });
});

describe('declarations', () => {
  it('keeps the rows of a stored table, with keys, defaults and restart', async () => {
    const { model, root, bus } = await start();
    const declaration = {
      path: 'Device.LocalAgent.Subscription.{i}.',
      columns: ['Alias', 'Enable', 'ID', 'Recipient', 'NotifType', 'ReferenceList', 'Persistent'],
    };
    model.declareTable(declaration);
    const add = (id: string) => ({
      op: 'add' as const,
      path: 'Device.LocalAgent.Subscription.',
      parameters: [{ name: 'ID', value: id, required: true }],
    });
    expect((await model.write(usp, [add('a'), add('b')], { origin: acs, partial: false })).committed).toBe(true);
    const twice = await model.write(usp, [add('a')], { origin: acs, partial: false });
    expect(twice.outcomes[0]!.result.ok ? '' : twice.outcomes[0]!.result.fault.fault.kind).toBe('duplicate-key');
    await model[Symbol.asyncDispose]();
    open = await openModel({ bus, packages: {}, root });
    open.model.declareTable(declaration);
    expect(Object.values(await valuesOf(usp, 'Device.LocalAgent.Subscription.*.ID'))).toEqual(['a', 'b']);
  });

  it('runs commands and checks their arguments', async () => {
    const { model } = await start();
    const ran: string[] = [];
    model.declare({
      path: 'Device.',
      commands: {
        'Reboot()': async (args) => {
          ran.push(args.Cause ?? '');
          return { ok: true, value: {} };
        },
      },
    });
    const run = (path: string, args: Record<string, string>) =>
      model.operate(usp, { path, args, commandKey: 'k', origin: acs });
    expect((await run('Device.Reboot()', { Cause: 'LocalReboot' })).ok).toBe(true);
    expect(ran).toEqual(['LocalReboot']);
    const wrong = await run('Device.Reboot()', { Cause: 'Boredom' });
    expect(wrong.ok && wrong.value[0]!.result).toMatchObject({ ok: false, fault: { kind: 'command-arguments' } });
    const unknown = await run('Device.FactoryReset()', {});
    expect(unknown).toMatchObject({ ok: false, fault: { kind: 'unsupported-path' } });
  });
});
