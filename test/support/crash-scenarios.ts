import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '#base';
import { createDataModel, type DataModel, type Origin, type StateChange, type Write, type WriteAnswer } from '#model';
import { type BlobTable, FileStateStore, RootedFiles, RootedScripts, UciFiles } from '#platform';
import { type Trouble as DiskTrouble, FaultyDisk, PowerCut } from './faulty-disk.ts';
import { HandClock } from './hand-clock.ts';
import { HangingBus } from './hanging-bus.ts';
import { settled } from './settle.ts';

/** `ubus-hangs`: from that step on ubusd takes calls and answers none; an hour later it answers all of them. */
export type Trouble = DiskTrouble | 'ubus-hangs';

/** One transaction of the crash table: what it does, and through whom. */
export interface Scenario {
  readonly name: string;
  readonly protocol: 'cwmp' | 'usp';
  readonly origin: Origin;
  readonly partial?: boolean;
  readonly writes?: readonly Write[];
  /** What is done instead of writing; the first `writes` have been committed before. */
  readonly afterwards?: 'put back' | 'recover';
}

const set = (path: string, values: Record<string, string>): Write => ({
  op: 'set',
  path,
  parameters: Object.entries(values).map(([name, value]) => ({ name, value, required: true })),
});
const add = (path: string, values: Record<string, string>): Write => ({
  op: 'add',
  path,
  parameters: Object.entries(values).map(([name, value]) => ({ name, value, required: true })),
});
const remove = (path: string): Write => ({ op: 'delete', path });

const subscription = 'Device.LocalAgent.Subscription.';
const bridge = 'Device.Bridging.Bridge.1.';
const three: readonly Write[] = [
  set('Device.WiFi.SSID.1.', { SSID: 'New' }),
  set('Device.WiFi.SSID.2.', { SSID: 'Named now' }),
  set('Device.Time.', { Enable: '0' }),
  add('Device.NAT.PortMapping.', { ExternalPort: '8080', Protocol: 'TCP', Description: 'new' }),
];

export const scenarios: readonly Scenario[] = [
  {
    name: 'one package',
    protocol: 'cwmp',
    origin: { by: 'cwmp' },
    writes: [set('Device.WiFi.SSID.1.', { SSID: 'New', Enable: '0' })],
  },
  {
    name: 'an anonymous section gets its name',
    protocol: 'cwmp',
    origin: { by: 'cwmp' },
    writes: [set('Device.WiFi.SSID.2.', { SSID: 'New' })],
  },
  {
    name: 'a new row with an Alias',
    protocol: 'usp',
    origin: { by: 'usp' },
    writes: [add('Device.WiFi.SSID.', { SSID: 'Third', Alias: 'third' })],
  },
  {
    name: 'a row goes that others refer to',
    protocol: 'cwmp',
    origin: { by: 'cwmp' },
    writes: [remove('Device.WiFi.SSID.1.')],
  },
  {
    name: 'a row goes that options of another package name',
    protocol: 'usp',
    origin: { by: 'usp' },
    writes: [remove('Device.IP.Interface.2.')],
  },
  {
    name: 'an item moves to the list of a section without a name, another is added',
    protocol: 'cwmp',
    origin: { by: 'cwmp' },
    writes: [
      set(`${bridge}VLANPort.1.`, { VLAN: `${bridge}VLAN.2`, Untagged: '0' }),
      add(`${bridge}VLANPort.`, { VLAN: `${bridge}VLAN.1`, Port: `${bridge}Port.2` }),
      add(`${bridge}VLANPort.`, {}),
    ],
  },
  {
    name: 'an Alias alone',
    protocol: 'cwmp',
    origin: { by: 'cwmp' },
    writes: [set('Device.WiFi.SSID.1.', { Alias: 'mine' })],
  },
  {
    name: 'three packages, new rows, a package that did not exist (CWMP: all or nothing)',
    protocol: 'cwmp',
    origin: { by: 'cwmp' },
    writes: [...three, add('Device.DynamicDNS.Client.', { Username: 'u' })],
  },
  {
    name: 'stored rows alone',
    protocol: 'usp',
    origin: { by: 'usp' },
    writes: [add(subscription, { ID: 'a' }), add(subscription, { ID: 'b' }), remove(`${subscription}1.`)],
  },
  {
    name: 'a package and stored rows',
    protocol: 'usp',
    origin: { by: 'usp' },
    writes: [
      set('Device.WiFi.SSID.1.', { SSID: 'New' }),
      add(subscription, { ID: 'a' }),
      set(`${subscription}1.`, { ID: 'changed' }),
    ],
  },
  {
    name: 'allow_partial: one of three is refused (USP)',
    protocol: 'usp',
    origin: { by: 'usp' },
    partial: true,
    writes: [
      ...three,
      set('Device.WiFi.SSID.99.', { SSID: 'nobody' }),
      add('Device.NAT.PortMapping.', { ExternalPort: '99999' }),
    ],
  },
  {
    name: 'a package, and a password that a program sets after the commit',
    protocol: 'cwmp',
    origin: { by: 'cwmp' },
    writes: [set('Device.Time.', { Enable: '0' }), set('Device.LANConfigSecurity.', { ConfigPassword: 'sesame' })],
  },
  {
    name: 'a change that goes on probation',
    protocol: 'usp',
    origin: { by: 'usp', peer: 'probation' },
    writes: three.slice(0, 1),
  },
  {
    name: 'two packages are put back (probation has ended)',
    protocol: 'usp',
    origin: { by: 'usp', peer: 'probation' },
    writes: three,
    afterwards: 'put back',
  },
  {
    name: 'the undoing itself is cut off',
    protocol: 'cwmp',
    origin: { by: 'cwmp' },
    writes: three,
    afterwards: 'recover',
  },
];

const packages: Readonly<Record<string, string>> = {
  wireless:
    "# by hand\nconfig wifi-iface 'home'\n  option ssid \"Home\"\n  option mode ap\n\nconfig wifi-iface\n\toption ssid 'Guest'\n\toption mode 'ap'\n",
  network:
    "config interface 'lan'\n\nconfig interface 'guest'\n\nconfig device 'br'\n\toption name 'br-lan'\n\tlist ports 'lan1'\n\tlist ports 'lan2'\n\nconfig bridge-vlan 'v1'\n\toption device 'br-lan'\n\toption vlan '1'\n\tlist ports 'lan1:u*'\n\nconfig bridge-vlan\n\toption device 'br-lan'\n\toption vlan '2'\n",
  dhcp: "config dhcp 'lan'\n\toption interface 'lan'\n\nconfig dhcp\n\toption interface 'guest'\n",
  system: "config timeserver 'ntp'\n\toption enabled '1'\n",
  firewall: "config redirect 'web'\n\toption src_dport '80'\n\toption proto 'tcp'\n\toption target 'DNAT'\n",
};

const mapping = JSON.stringify({
  sources: {
    wireless: { uci: 'wireless' },
    system: { uci: 'system' },
    firewall: { uci: 'firewall' },
    ddns: { uci: 'ddns' },
    network: { uci: 'network' },
    dhcp: { uci: 'dhcp' },
  },
  'Device.IP.Interface.{i}.': { rows: 'network/interface', add: {}, Name: '$id' },
  'Device.DHCPv4.Server.Pool.{i}.': {
    rows: 'dhcp/dhcp',
    Interface: { at: 'interface', as: 'ref', to: 'Device.IP.Interface.{i}.' },
  },
  'Device.Bridging.Bridge.{i}.': {
    rows: 'network/device',
    let: { name: 'name' },
    'Port.{i}.': { rows: 'ports[]', Name: '$item' },
    'VLAN.{i}.': { rows: 'network/bridge-vlan[device=$name]', VLANID: 'vlan' },
    'VLANPort.{i}.': {
      rows: 'network/bridge-vlan[device=$name]/ports[]',
      item: '{Port}:{Untagged}',
      add: {},
      VLAN: { at: '$of', as: 'ref', to: 'Device.Bridging.Bridge.{i}.VLAN.{i}.', by: 'id' },
      Port: { at: '$item', pick: '^([^:]+)', as: 'ref', to: 'Device.Bridging.Bridge.{i}.Port.{i}.' },
      Untagged: { at: '$item', pick: '(?<=:).*$', as: { 'u*': 'true', t: 'false' }, default: ':u*' },
    },
  },
  'Device.WiFi.SSID.{i}.': {
    rows: 'wireless/wifi-iface',
    add: { mode: 'ap' },
    SSID: 'ssid',
    Enable: { at: 'disabled', as: 'not-bool', default: '0' },
  },
  'Device.WiFi.AccessPoint.{i}.': {
    rows: 'wireless/wifi-iface',
    SSIDReference: { at: '$id', as: 'ref', to: 'Device.WiFi.SSID.{i}.' },
  },
  'Device.Time.': { row: 'system/timeserver/ntp', Enable: { at: 'enabled' } },
  'Device.NAT.PortMapping.{i}.': {
    rows: 'firewall/redirect',
    add: { target: 'DNAT' },
    ExternalPort: 'src_dport',
    Protocol: { at: 'proto', as: { tcp: 'TCP', udp: 'UDP' } },
    Description: 'name',
  },
  'Device.LANConfigSecurity.': { ConfigPassword: { is: '', run: ['passwd', 'root'] } },
  'Device.DynamicDNS.Client.{i}.': { rows: 'ddns/service', add: {}, Username: 'username' },
});

const table = readFileSync(join(import.meta.dirname, '../../datamodel/tr181.bin'));
const probationState = 'probation';
/** By device: what the program of the image has kept of it. */
const passwords = new Map<string, string>();

interface Device {
  readonly model: DataModel;
  readonly bus: HangingBus;
  readonly clock: HandClock;
  readonly told: string[];
}

async function start(root: string, disk?: FaultyDisk, hangAt?: number): Promise<Device> {
  const told: string[] = [];
  const clock = new HandClock();
  const bus = new HangingBus(clock, () => disk?.steps.length ?? 0, {
    'service event': ({ data }) => {
      const pack = String((data as BlobTable).package);
      disk?.step(`ubus service event ${pack}`);
      told.push(pack);
      return {};
    },
  });
  if (hangAt !== undefined) bus.hangAt(hangAt);
  let names = 0;
  const state = new FileStateStore(join(root, 'etc/tandem'), silentLog);
  state.sweep();
  const { model, problems } = createDataModel(table, [{ file: 'crash.json', text: mapping }], {
    bus,
    // Nobody else is there: no lock, which would start a process for each.
    uci: new UciFiles(join(root, 'etc/config'), silentLog, async (_paths, work) => work()),
    files: new RootedFiles(root),
    scripts: new RootedScripts(root),
    programs: {
      has: () => true,
      run: async (name, args, { input = '' }) => {
        disk?.step(`run ${[name, ...args].join(' ')}`);
        passwords.set(root, input);
        return { code: 0, stdout: '', stderr: '' };
      },
    },
    state,
    runtime: new FileStateStore(join(root, 'var/run/tandem'), silentLog),
    clock,
    log: silentLog,
    uniqueName: () => `t${++names}`,
    applying: ({ origin, paths }): StateChange | undefined =>
      origin.peer === probationState ? { name: probationState, text: paths.join(' ') } : undefined,
  });
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  await model.recover();
  model.declareTable({ path: 'Device.LocalAgent.Subscription.{i}.', columns: ['Alias', 'ID', 'Enable'] });
  return { model, bus, clock, told };
}

/** Everything that must be all or nothing, as bytes and as the model tells it. */
async function lookAt(root: string, model: DataModel): Promise<string> {
  const config = join(root, 'etc/config');
  const files = readdirSync(config)
    .filter((name) => !name.startsWith('.'))
    .map((name) => [name, readFileSync(join(config, name), 'latin1')]);
  const view = { protocol: 'usp', reveal: true } as const;
  const rows = await model.instances(view, 'Device.', false);
  const [read] = await model.get(view, ['Device.']);
  const values = (read!.result.ok ? read!.result.value : []).flatMap((object) =>
    object.parameters.map(({ info, value }) => `${object.path}${info.name}=${value}`),
  );
  const probation = new FileStateStore(join(root, 'etc/tandem'), silentLog).read(probationState) ?? null;
  const password = passwords.get(root) ?? null;
  // What has been done must not be kept.
  const owed = readdirSync(join(root, 'etc/tandem')).filter((name) => name.includes('follow-ups'));
  const found = { files, rows: rows.ok ? rows.value : rows.fault, values, probation, password, owed };
  return JSON.stringify(found, undefined, 1);
}

/** A device that has run for a while, in a directory of its own. */
export async function prepareDevice(): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), 'tandem-crash-'));
  mkdirSync(join(root, 'etc/config'), { recursive: true });
  for (const [name, text] of Object.entries(packages)) writeFileSync(join(root, 'etc/config', name), text);
  const { model } = await start(root);
  const view = { protocol: 'usp' } as const;
  const added = await model.write(view, [add(subscription, { ID: 'old' })], { origin: { by: 'usp' }, partial: false });
  const alias = [set('Device.NAT.PortMapping.1.', { Alias: 'web' })];
  const named = await model.write({ protocol: 'cwmp' }, alias, { origin: { by: 'cwmp' }, partial: false });
  if (!added.committed || !named.committed) throw new Error(JSON.stringify([added, named]));
  await lookAt(root, model);
  await model[Symbol.asyncDispose]();
  return root;
}

export type Outcome = 'all' | 'nothing' | string;

export interface Run {
  /** After the restart. */
  readonly outcome: Outcome;
  /** What the peer was told; `undefined`: it got no answer. */
  readonly committed: boolean | undefined;
  /** Without a restart, where the agent went on. */
  readonly atOnce: Outcome | undefined;
  readonly steps: readonly string[];
  /** A service has not been told what is now in its package. */
  readonly untold: boolean;
}

/** What a scenario's steps are, and what becomes of it when trouble begins at each of them. */
export class CrashTest {
  readonly #template: string;
  readonly #scenario: Scenario;
  #before = '';
  #after = '';

  private constructor(template: string, scenario: Scenario) {
    this.#template = template;
    this.#scenario = scenario;
  }

  /** @returns the test, and the steps of a run without trouble */
  static async of(template: string, scenario: Scenario): Promise<{ test: CrashTest; steps: readonly string[] }> {
    const test = new CrashTest(template, scenario);
    const { steps } = await test.#run(undefined, 0);
    return { test, steps };
  }

  run(kind: Trouble, at: number): Promise<Run> {
    return this.#run(kind, at);
  }

  async #run(kind: Trouble | undefined, at: number): Promise<Run> {
    const root = mkdtempSync(join(tmpdir(), 'tandem-crash-'));
    try {
      cpSync(this.#template, root, { recursive: true });
      const scenario = this.#scenario;
      using disk = new FaultyDisk(root);
      let device: Device;
      if (scenario.afterwards === 'recover') {
        // Cut off right before the journal goes: everything is done, nothing has happened.
        device = await start(root, disk);
        const before = await lookAt(root, device.model);
        disk.repair();
        const clean = join(root, '..', `${root}-clean`);
        cpSync(root, clean, { recursive: true });
        const last = await stepsOf(device, disk, scenario);
        const removal = last.indexOf('remove etc/tandem/journal');
        rmSync(root, { recursive: true });
        cpSync(clean, root, { recursive: true });
        rmSync(clean, { recursive: true });
        device = await start(root, disk);
        disk.repair();
        disk.break('power', removal);
        await attempt(() => perform(device, scenario));
        disk.repair();
        this.#before = before;
        this.#after = before;
        if (kind && kind !== 'ubus-hangs') disk.break(kind, at);
        let committed: boolean | undefined;
        try {
          device = await start(root, disk, kind === 'ubus-hangs' ? at : undefined);
          if (kind === 'ubus-hangs') await anHourLater(device);
        } catch (error) {
          if (!(error instanceof PowerCut)) throw error;
          committed = undefined;
        }
        return await this.#judge(root, disk, device, committed, kind);
      }
      device = await start(root, disk);
      let replaced: Parameters<DataModel['putBack']>[0] | undefined;
      if (scenario.afterwards === 'put back') replaced = await replacedBy(root, device, scenario);
      if (kind === undefined) this.#before = await lookAt(root, device.model);
      device.told.length = 0;
      disk.repair();
      if (kind === 'ubus-hangs') device.bus.hangAt(at);
      else if (kind) disk.break(kind, at);
      let committed: boolean | undefined;
      try {
        const { model } = device;
        const work = replaced
          ? model.putBack(replaced, [{ name: probationState, text: undefined }])
          : perform(device, scenario).then((answer) => answer.committed);
        committed = kind === 'ubus-hangs' ? await whileHanging(device, work) : await work;
      } catch (error) {
        if (!(error instanceof PowerCut) && scenario.afterwards !== 'put back') throw error;
        committed = false;
      }
      return await this.#judge(root, disk, device, committed, kind);
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  }

  async #judge(
    root: string,
    disk: FaultyDisk,
    device: Device,
    committed: boolean | undefined,
    kind: Trouble | undefined,
  ): Promise<Run> {
    const steps = [...disk.steps];
    const hung = kind === 'ubus-hangs';
    const ended = disk.broken && kind?.startsWith('power');
    const atOnce = ended || (kind && disk.broken) ? undefined : await lookAt(root, device.model);
    disk.repair();
    const again = await start(root);
    const found = await lookAt(root, again.model);
    if (kind === undefined) this.#after = found;
    const named = (text: string): Outcome =>
      text === this.#before ? 'nothing' : text === this.#after ? 'all' : difference(text, this.#before, this.#after);
    // One that only hung is not to need a restart of the agent.
    const told = new Set(hung ? device.told : [...device.told, ...again.told]);
    const changed = changedPackages(this.#before, found);
    await again.model[Symbol.asyncDispose]();
    return {
      outcome: named(found),
      committed: ended ? undefined : committed,
      atOnce: atOnce === undefined ? undefined : named(atOnce),
      steps,
      untold: changed.some((name) => !told.has(name)),
    };
  }
}

/** What a peer waits for at most, by the agent's clock: a call to judge what is contested, one to tell the services, and as much for whoever watches. */
const patienceMs = 20_000;

/** @throws Error when it takes longer than a peer has patience */
async function whileHanging<T>(device: Device, work: Promise<T>): Promise<T> {
  const { clock } = device;
  const before = clock.monotonicMs();
  let done = false;
  const watched = work.finally(() => {
    done = true;
  });
  // Of a failure it is `await watched` that tells.
  watched.catch(() => {});
  while (!done) {
    await settled();
    if (!done && device.bus.hanging) clock.advance(clock.nextMs ?? 0);
    if (clock.monotonicMs() - before > patienceMs) throw new Error('the peer is kept waiting');
  }
  await anHourLater(device);
  return watched;
}

async function anHourLater({ bus, clock }: Device): Promise<void> {
  await settled();
  clock.advance(3_600_000);
  bus.comeBack();
  await settled();
  clock.advance(120_000);
  await settled();
}

function perform({ model }: Device, { protocol, writes, origin, partial }: Scenario): Promise<WriteAnswer> {
  return model.write({ protocol }, writes ?? [], { origin, partial: partial ?? false });
}

async function stepsOf(device: Device, disk: FaultyDisk, scenario: Scenario): Promise<string[]> {
  await perform(device, scenario);
  return [...disk.steps];
}

async function attempt(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch {
    // The power is gone; what the caller would have heard does not matter.
  }
}

/** Commits the scenario's writes. @returns what they have replaced */
async function replacedBy(
  root: string,
  device: Device,
  scenario: Scenario,
): Promise<Parameters<DataModel['putBack']>[0]> {
  const config = (name: string): string => readFileSync(join(root, 'etc/config', name), 'utf8');
  const before = new Map(Object.keys(packages).map((name) => [name, config(name)]));
  await perform(device, scenario);
  return new Map(
    [...before].flatMap(([name, text]) =>
      config(name) === text ? [] : [[name, { before: text, after: config(name) }] as const],
    ),
  );
}

function changedPackages(before: string, after: string): string[] {
  const files = (text: string): Map<string, string> =>
    new Map((JSON.parse(text) as { files: [string, string][] }).files);
  const [a, b] = [files(before), files(after)];
  return [...new Set([...a.keys(), ...b.keys()])].filter((name) => a.get(name) !== b.get(name));
}

/** For the person who reads the failure: where the state is neither of the two. */
function difference(found: string, before: string, after: string): string {
  const lines = found.split('\n');
  const [old, fresh] = [before.split('\n'), after.split('\n')];
  const odd = lines.findIndex((line, at) => line !== old[at] && line !== fresh[at]);
  return odd >= 0
    ? `neither: ${lines[odd]!.trim().slice(0, 200)}`
    : `a mixture: ${lines
        .filter((line, at) => line !== old[at])
        .map((line) => line.trim())
        .join(' ')
        .slice(0, 200)}`;
}
