import { execFile } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installFactory, type Router, startRouter } from '#lab';
import { type AgentProcess, buildBundles, runCli, startDaemon } from '../support/agent-process.ts';

// The vendor's example as docs/vendors.md tells it, with a broken file beside it.
const example = join(import.meta.dirname, '../../datamodel/vendor-example');
const directory = mkdtempSync(join(tmpdir(), 'tandem-vendor-'));
let bundles: Awaited<ReturnType<typeof buildBundles>>;
let router: Router;
let agent: AgentProcess;
const tandem = (...args: string[]) => runCli(bundles.dist, router, ...args);

beforeAll(async () => {
  bundles = await buildBundles();
  router = await startRouter({ directory, reloadDelayMs: 10 });
  installFactory(router.root, {});
  const overlays = join(router.root, 'etc/tandem/datamodel.d');
  mkdirSync(overlays, { recursive: true });
  for (const name of ['10-example.json', '20-voice.json']) copyFileSync(join(example, name), join(overlays, name));
  writeFileSync(
    join(overlays, '30-broken.json'),
    JSON.stringify({ 'Device.DeviceInfo.': { ModelName: { is: 'Lost' }, Nonsense: { is: '1' } } }),
  );
  writeFileSync(
    join(overlays, '40-elsewhere.json'),
    JSON.stringify({ $if: { board: 'other,*' }, 'Device.DeviceInfo.': { ModelName: { is: 'Elsewhere' } } }),
  );
  const scripts = join(router.root, 'usr/libexec/tandem');
  mkdirSync(scripts, { recursive: true });
  for (const name of ['example-fan', 'example-fan-spin']) {
    copyFileSync(join(example, name), join(scripts, name));
    chmodSync(join(scripts, name), 0o755);
  }
  copyFileSync(join(example, 'voice.uci'), join(router.root, 'etc/config/voice'));
  writeFileSync(
    join(router.root, 'etc/config/example'),
    "config case 'case'\n\toption colour 'white'\n\nconfig button 'wps'\n\toption action 'wps'\n",
  );
  agent = await startDaemon(bundles.dist, router);
});
afterAll(async () => {
  await agent?.stop('SIGKILL');
  await router?.[Symbol.asyncDispose]();
  bundles?.remove();
  rmSync(directory, { recursive: true, force: true });
});

describe('a vendor without code', () => {
  it('adds parameters and objects of its own, from UCI and from a script', async () => {
    const { out } = await tandem(
      'get',
      'Device.DeviceInfo.',
      'Device.X_EXAMPLE-COM_Fan.',
      'Device.X_EXAMPLE-COM_Button.',
    );
    expect(out).toContain('Device.DeviceInfo.X_EXAMPLE-COM_CaseColour=white\n');
    expect(out).toContain('Device.X_EXAMPLE-COM_Fan.Speed=2100\n');
    expect(out).toContain('Device.X_EXAMPLE-COM_Fan.Failed=false\n');
    expect(out).toContain('Device.X_EXAMPLE-COM_Fan.SensorNumberOfEntries=2\n');
    expect(out).toMatch(/Fan\.Sensor\.2\.Name=radio\n.*Celsius=78\n.*State=Hot\n/);
    expect(out).toContain('Device.X_EXAMPLE-COM_Button.1.Action=wps\n');
    expect(out).toContain('Device.X_EXAMPLE-COM_Button.1.Alias=cpe-1\n');
  });

  it('replaces a parameter, takes one away and a whole object, in both views', async () => {
    for (const view of ['usp', 'cwmp']) {
      const { out } = await tandem('get', 'Device.', '--view', view);
      expect(out).toContain('Device.DeviceInfo.Description=Example Router\n');
      expect(out).toContain('Device.DeviceInfo.SerialNumber=LAB0001\n');
      expect(out).not.toContain('Device.DeviceInfo.ModelNumber=');
      expect(out).not.toContain('Device.LEDs.');
      expect(out).toContain('X_EXAMPLE-COM_CaseColour');
    }
  });

  it('can be written and grows rows, checked like everything else', async () => {
    expect((await tandem('set', 'Device.DeviceInfo.X_EXAMPLE-COM_CaseColour=black')).err).toContain('not-writable');
    expect((await tandem('set', 'Device.X_EXAMPLE-COM_Button.1.Action=lights')).code).toBe(0);
    const added = await tandem('add', 'Device.X_EXAMPLE-COM_Button.', 'Label=back', 'Action=reset', 'Locked=true');
    expect(added.out).toContain('Device.X_EXAMPLE-COM_Button.2.');
    expect((await tandem('set', 'Device.X_EXAMPLE-COM_Button.1.Label=back')).err).toContain('duplicate-key');
    const file = readFileSync(join(router.root, 'etc/config/example'), 'utf8');
    expect(file).toContain("option action 'lights'");
    expect(file).toMatch(
      /config button 'button_\w+'\n\toption action 'reset'\n\toption label 'back'\n\toption locked '1'/,
    );
    expect((await tandem('set', 'Device.X_EXAMPLE-COM_Button.2.Locked=maybe')).err).toContain('invalid-type');
    expect((await tandem('set', 'Device.X_EXAMPLE-COM_Fan.Speed=1')).err).toContain('not-writable');
    expect((await tandem('del', 'Device.X_EXAMPLE-COM_Button.2.')).code).toBe(0);
  });

  it('adds a command, checked like those of TR-181', async () => {
    const spin = (...args: string[]) => tandem('operate', 'Device.X_EXAMPLE-COM_Fan.Spin()', ...args);
    expect((await spin('Speed=3000')).out).toContain('Speed=3000');
    expect(await spin('Speed=9000')).toMatchObject({
      code: 1,
      err: 'Device.X_EXAMPLE-COM_Fan.Spin(): /usr/libexec/tandem/example-fan-spin failed: faster than 5000 it flies off (command-failed)\n',
    });
    expect((await spin('Speed=fast')).err).toContain('command-arguments');
    expect((await spin()).err).toContain('command-arguments');
    const { out } = await tandem('schema', 'Device.X_EXAMPLE-COM_Fan.');
    expect(out).toContain('  Spin()\n    in  Speed unsignedInt (mandatory)\n    out Speed unsignedInt\n');
    expect(out).toContain('  Stuck!\n    Speed unsignedInt\n');
  });

  it('maps TR-104 lines and SIP accounts onto a package of its own', async () => {
    const service = 'Device.Services.VoiceService.1.';
    const { out } = await tandem('get', service);
    expect(out).toContain(`${service}CallControl.Line.1.Provider=${service}SIP.Client.1\n`);
    expect(out).toContain(`${service}SIP.Network.1.RegistrarServerTransport=TLS\n`);
    expect(out).toContain(`${service}SIP.Client.1.AuthUserName=5550100\n`);
    expect(out).not.toContain('voice-secret');
    expect((await tandem('add', `${service}CallControl.Line.`, 'DirectoryNumber=5550101')).code).toBe(0);
    expect((await tandem('set', `${service}SIP.Network.1.RegistrarServerTransport=TCP`)).code).toBe(0);
    const file = readFileSync(join(router.root, 'etc/config/voice'), 'utf8');
    expect(file).toMatch(/config line 'line_\w+'\n\toption enabled '0'\n\toption number '5550101'/);
    expect(file).toContain("option transport 'tcp'");
  });

  it('is left out whole where it is broken, and reported; not taken where its condition does not hold', async () => {
    const { out } = await tandem('get', 'Device.DeviceInfo.ModelName');
    expect(out).not.toMatch(/Lost|Elsewhere/);
    expect(agent.said()).toMatch(/a mapping was left out .*30-broken.json path=Device.DeviceInfo.Nonsense/);
    expect((await tandem('status')).out).toMatch(
      /mapping_problems: 1\n {2}left_out: \S*30-broken\.json: Device\.DeviceInfo\.Nonsense: is not a parameter/,
    );
  });

  it('loses only the script’s parameters when the script can not be trusted or hangs', async () => {
    chmodSync(join(router.root, 'usr/libexec/tandem/example-fan'), 0o777);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const { out, code } = await tandem('get', 'Device.X_EXAMPLE-COM_Button.', 'Device.DeviceInfo.SerialNumber');
    expect(code).toBe(0);
    expect(out).toContain('Device.X_EXAMPLE-COM_Button.1.Action=lights\n');
    expect((await tandem('get', 'Device.X_EXAMPLE-COM_Fan.')).out).not.toContain('Speed=2100');
    expect(agent.said()).toContain('can be written by others');
  });

  it('is checked without a daemon', async () => {
    const check = (...files: string[]): Promise<{ code: number; out: string }> =>
      new Promise((resolve) => {
        const args = [join(bundles.dist, 'tandem.cjs'), 'datamodel', 'check', ...files];
        const env = { ...process.env, TANDEM_SHARE: join(bundles.dist, 'datamodel') };
        execFile(process.execPath, args, { env }, (error, out) =>
          resolve({ code: typeof error?.code === 'number' ? error.code : 0, out }),
        );
      });
    const good = join(example, '10-example.json');
    expect(await check(good)).toEqual({ code: 0, out: `${good}: good\n` });
    const bad = join(router.root, 'etc/tandem/datamodel.d/30-broken.json');
    expect(await check(good, bad)).toEqual({
      code: 1,
      out: `${good}: good\n${bad}: Device.DeviceInfo.Nonsense: is not a parameter of the schema\n`,
    });
    expect((await check()).code).toBe(2);
  });

  it('counts in the coverage report', async () => {
    const { out } = await tandem('schema', '--coverage');
    expect(out).toMatch(/^Device\.X_EXAMPLE-COM_Fan\. +7 +6 +1 +0$/m);
    const [, schema, mapped, handler, missing] = /^total +(\d+) +(\d+) +(\d+) +(\d+)$/m.exec(out)!.map(Number);
    expect(schema).toBeGreaterThan(6500);
    expect(mapped! + handler! + missing!).toBe(schema);
    expect(handler!).toBeLessThan(mapped! / 2);
  });
});
