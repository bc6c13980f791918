import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog, systemClock } from '#base';
import { defaultPackages, type Router, startRouter } from '#lab';
import { createDataModel, type DataModel, type Write } from '#model';
import {
  type BlobTable,
  connectUbus,
  FileStateStore,
  parseUci,
  RootedFiles,
  RootedScripts,
  type UbusClient,
  UciFiles,
} from '#platform';
import { ForeignApply } from '#services';
import { furtherTable, schemaTable, shippedMappings } from '../support/model-fixture.ts';

// The data model on a real ubusd, rpcd and uci (OpenWrt's own, built for this machine): what the simulated router says has to be what they do.
const daemonPath = process.env.TANDEM_UBUSD;
const bin = dirname(daemonPath ?? '');
const complete = daemonPath !== undefined && ['uci', 'rpcd'].every((name) => existsSync(join(bin, name)));
const reason = 'TANDEM_UBUSD does not name a ubusd with uci and rpcd beside it';
if (!complete) console.log(`real uci and rpcd: skipped, ${reason}`);

describe.skipIf(!complete)(`on a real ubusd, rpcd and uci (skipped when ${reason})`, () => {
  let root: string;
  let socket: string;
  let daemon: ChildProcess;
  let bus: UbusClient;
  const open: AsyncDisposable[] = [];

  const config = (name = ''): string => join(root, 'etc/config', name);
  const read = (name: string): string => readFileSync(config(name), 'utf8');
  const uci = async (...args: string[]): Promise<string> =>
    (await promisify(execFile)(join(bin, 'uci'), ['-c', config(), '-t', join(root, 'tmp/.uci'), ...args])).stdout;

  /** The socket is there a moment before somebody listens at it. */
  const listening = async (): Promise<UbusClient> => {
    for (let tries = 0; ; tries++) {
      try {
        return await connectUbus({ path: socket, log: silentLog });
      } catch (error) {
        if (tries === 200) throw error;
        await new Promise((done) => setTimeout(done, 5));
      }
    }
  };

  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'tandem-real-'));
    for (const path of ['etc/config', 'var/run', 'tmp/.uci']) mkdirSync(join(root, path), { recursive: true });
    for (const [name, text] of Object.entries(defaultPackages)) writeFileSync(config(name), text);
    socket = join(root, 'ubus.sock');
    daemon = spawn(daemonPath!, ['-s', socket], { stdio: 'ignore' });
    bus = await listening();
    open.push(bus);
  });
  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
    const gone = once(daemon, 'exit');
    daemon.kill();
    await gone;
    rmSync(root, { recursive: true, force: true });
  });

  /** rpcd has its paths built in: it gets ours in a mount namespace of its own. */
  async function startRpcd(): Promise<void> {
    mkdirSync('/etc/config', { recursive: true });
    const mounts = [
      `mount --bind ${config()} /etc/config`,
      `mount --bind ${join(root, 'var/run')} /var/run`,
      `exec ${join(bin, 'rpcd')} -s ${socket}`,
    ];
    const rpcd = spawn('unshare', ['-m', 'sh', '-c', mounts.join(' && ')], { stdio: 'ignore' });
    open.push({
      async [Symbol.asyncDispose]() {
        const gone = once(rpcd, 'exit');
        rpcd.kill();
        await gone;
      },
    });
    while ((await bus.list('uci')).length === 0) await new Promise((done) => setTimeout(done, 20));
  }

  function openModel(at: UbusClient, files = root): DataModel {
    let names = 0;
    const foreign = new ForeignApply(at, new RootedFiles(files));
    const { model, problems } = createDataModel(
      schemaTable(),
      shippedMappings(),
      {
        bus: at,
        uci: new UciFiles(join(files, 'etc/config'), silentLog),
        files: new RootedFiles(files),
        scripts: new RootedScripts(files),
        state: new FileStateStore(join(root, 'state'), silentLog),
        clock: systemClock,
        log: silentLog,
        uniqueName: () => `real${++names}`,
        contested: (packages) => foreign.holds(packages),
      },
      {},
      furtherTable,
    );
    expect(problems).toEqual([]);
    open.push(model);
    return model;
  }
  const write = (model: DataModel, ...writes: Write[]) =>
    model.write({ protocol: 'usp' }, writes, { origin: { by: 'usp' }, partial: false });
  const set = (path: string, name: string, value: string): Write => ({
    op: 'set',
    path,
    parameters: [{ name, value, required: true }],
  });
  async function values(model: DataModel): Promise<Record<string, string>> {
    const [reading] = await model.get({ protocol: 'usp', reveal: true }, ['Device.']);
    if (!reading!.result.ok) throw new Error(reading!.result.fault.message);
    return Object.fromEntries(
      reading!.result.value.flatMap(({ path, parameters }) =>
        parameters.map(({ info, value }) => [path + info.name, value]),
      ),
    );
  }

  it('the whole tree reads the same through the real ubusd as through the simulated one', async () => {
    const directory = join(root, 'lab');
    mkdirSync(directory);
    const router: Router = await startRouter({ directory, reloadDelayMs: 0 });
    open.push(router);
    const simulated = await connectUbus({ path: router.socketPath, log: silentLog });
    open.push(simulated);
    // What the simulated objects say is said once more, from behind the real daemon.
    const provider = await connectUbus({ path: socket, log: silentLog });
    open.push(provider);
    let calls = 0;
    for (const { path, methods } of await simulated.list()) {
      const relayed = Object.entries(methods).map(([method, args]) => [
        method,
        {
          args,
          call: ({ args: given }: { args: BlobTable }) => {
            calls++;
            return simulated.invoke(path, method, given);
          },
        },
      ]);
      provider.publish(path, Object.fromEntries(relayed));
    }
    await provider.settled();
    const [here, there] = [openModel(bus, router.root), openModel(simulated, router.root)];
    const moving =
      /UpTime|Time$|LastChange|LastUpdate|Retransmissions|Noise|Stats\.|Memory|Load|Usage|Utilization|Date|Lease|Signal|Rate|Expir|Lifetime|Process/;
    const still = (all: Record<string, string>) =>
      Object.fromEntries(Object.entries(all).filter(([name]) => !moving.test(name)));
    const real = await values(here);
    expect(still(real)).toEqual(still(await values(there)));
    expect(Object.keys(real).length).toBeGreaterThan(1000);
    expect(calls).toBeGreaterThan(8);
  }, 60_000);

  it('uci reads every package as we do, before and after our writes, and writes it as we do', async () => {
    const model = openModel(bus);
    const compare = async (): Promise<void> => {
      for (const name of readdirSync(config())) {
        const exported = await uci('export', name);
        expect(exported.replace(/^package .*\n/, ''), name).toBe(parseUci(read(name)).toText());
      }
    };
    await compare();
    const texts = ["it's", 'a "b" \\c', 'x\ny', 'ü ☃', '$(reboot)`x`', '# no comment', ' two  blanks '];
    for (const text of texts) {
      const description = set('Device.NAT.PortMapping.1.', 'Description', text);
      const answer = await write(model, set('Device.WiFi.SSID.1.', 'SSID', text), description);
      expect(answer.committed, text).toBe(true);
      await compare();
      const { sections } = new UciFiles(config()).load('firewall')!;
      const section = sections.find(({ type }) => type === 'redirect')!;
      expect(await uci('get', `firewall.${section.name}.name`)).toBe(`${text}\n`);
    }
    await write(model, { op: 'add', path: 'Device.NAT.PortMapping.', parameters: [] });
    await write(model, { op: 'delete', path: 'Device.NAT.PortMapping.1.' });
    await compare();
  }, 60_000);

  it('nothing is lost when uci commits at the same time', async () => {
    const model = openModel(bus);
    const commits = 8;
    const foreign = async (): Promise<void> => {
      for (let n = 0; n < commits; n++) {
        await uci('set', `firewall.foreign${n}=rule`);
        await uci('commit', 'firewall');
      }
    };
    const ours = async (): Promise<number> => {
      let committed = 0;
      for (let n = 0; n < commits; n++) {
        const parameters = [{ name: 'Description', value: `ours${n}`, required: true }];
        const { committed: done } = await write(model, { op: 'add', path: 'Device.NAT.PortMapping.', parameters });
        if (done) committed++;
      }
      return committed;
    };
    const [, committed] = await Promise.all([foreign(), ours()]);
    const text = read('firewall');
    expect(text.match(/config rule 'foreign\d'/g)).toHaveLength(commits);
    expect(text.match(/option name 'ours\d'/g) ?? []).toHaveLength(committed);
    expect(committed).toBeGreaterThan(0);
  }, 60_000);

  it('what somebody has staged and not committed stays his: our write neither takes it over nor loses it', async () => {
    const model = openModel(bus);
    await uci('set', 'system.ntp.enabled=0');
    expect((await write(model, set('Device.Time.', 'LocalTimeZone', 'UTC0'))).committed).toBe(true);
    expect(parseUci(read('system')).section('ntp')?.options.get('enabled')).toBe('1');
    await uci('commit', 'system');
    expect(parseUci(read('system')).section('ntp')?.options.get('enabled')).toBe('0');
    expect(read('system')).toContain("option timezone 'UTC0'");
  });

  it('a package that is overridden until the next boot is read and written where uci reads and writes it', async () => {
    mkdirSync(join(root, 'var/run/uci'));
    const override = join(root, 'var/run/uci/system');
    writeFileSync(override, read('system').replace(/option timezone '.*'/, "option timezone 'UTC9'"));
    const files = new UciFiles(config(), silentLog, undefined, join(root, 'var/run/uci'));
    const overridden = async (option: string): Promise<string> =>
      (await uci('-C', join(root, 'var/run/uci'), 'get', option)).trim();
    const zone = files.load('system')!.sections[0]!.options.get('timezone');
    expect(zone).toBe('UTC9');
    expect(zone).toBe(await overridden('system.@system[0].timezone'));
    const before = read('system');
    const change = { op: 'set', section: 'ntp', option: 'enabled', value: '0' } as const;
    await files.replace('system', files.preview('system', [change]));
    expect(await overridden('system.ntp.enabled')).toBe('0');
    expect(read('system')).toBe(before);
    rmSync(override);
    expect(files.load('system')!.section('ntp')?.options.get('enabled')).toBe('1');
  });

  it('rpcd holds a package that was applied with rollback, and lets it go when it is confirmed or put back', async () => {
    await startRpcd();
    const model = openModel(bus);
    const zone = (value: string) => write(model, set('Device.Time.', 'LocalTimeZone', value));
    const apply = async (timeout: number): Promise<string> => {
      const { ubus_rpc_session: session } = await bus.invokeForData('session', 'create', { timeout: 0 });
      const objects = [
        ['*', 'read'],
        ['*', 'write'],
      ];
      await bus.invoke('session', 'grant', { ubus_rpc_session: session!, scope: 'uci', objects });
      const values = { enabled: '0' };
      await bus.invoke('uci', 'set', { config: 'system', section: 'ntp', values, ubus_rpc_session: session! });
      await bus.invoke('uci', 'apply', { rollback: true, timeout, ubus_rpc_session: session! });
      return String(session);
    };
    expect((await zone('UTC1')).committed).toBe(true);
    const session = await apply(60);
    const held = await zone('UTC2');
    expect(held.committed).toBe(false);
    expect(held.outcomes[0]!.result).toMatchObject({ ok: false, fault: { fault: { kind: 'busy' } } });
    expect((await write(model, set('Device.WiFi.SSID.1.', 'SSID', 'elsewhere'))).committed).toBe(true);
    await bus.invoke('uci', 'confirm', { ubus_rpc_session: session });
    expect((await zone('UTC3')).committed).toBe(true);
    const before = read('system');
    await uci('set', 'system.ntp.enabled=1');
    await uci('commit', 'system');
    const mine = read('system');
    expect(mine).not.toBe(before);
    await apply(1);
    expect(await zone('UTC4')).toMatchObject({ committed: false });
    await expect.poll(() => read('system'), { timeout: 10_000 }).toBe(mine);
    await expect.poll(async () => (await zone('UTC5')).committed, { timeout: 10_000 }).toBe(true);
  }, 60_000);

  it('a password of a user is what rpcd lets him in by, and no other', async () => {
    await startRpcd();
    const model = openModel(bus);
    const added = await write(model, {
      op: 'add',
      path: 'Device.Users.User.',
      parameters: [
        { name: 'Username', value: 'guest', required: true },
        { name: 'Password', value: "pä$$ 'word'", required: true },
      ],
    });
    expect(added.committed).toBe(true);
    const login = (password: string) => bus.invoke('session', 'login', { username: 'guest', password });
    expect(await login("pä$$ 'word'")).toMatchObject({ ubus_rpc_session: expect.stringMatching(/^[0-9a-f]{32}$/) });
    await expect(login('another')).rejects.toThrow();
    await expect(login('')).rejects.toThrow();
    const path = (added.outcomes[0]!.result as { value: readonly { path: string }[] }).value[0]!.path;
    // No password is no way in, and not one for everybody.
    expect((await write(model, set(path, 'Password', ''))).committed).toBe(true);
    for (const password of ['', "pä$$ 'word'", 'another']) await expect(login(password)).rejects.toThrow();
  });
});
