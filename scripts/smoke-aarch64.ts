import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installFactory, startAcs, startRouter } from '../src/lab/index.ts';

// The daemon and the CLI run on the emulated processor; router and ACS on this one. What both CLIs print has to be the same.
const limitMs = 300_000;
const dist = process.env.TANDEM_DIST!;
const emulator = process.env.TANDEM_QEMU!.split(' ');
const directory = mkdtempSync(join(tmpdir(), 'tandem-aarch64-'));
const router = await startRouter({ directory });
const acs = await startAcs();
installFactory(router.root, { acs: { url: acs.url } });
const env = {
  ...process.env,
  TANDEM_ROOT: router.root,
  TANDEM_UBUS_SOCKET: router.socketPath,
  TANDEM_SHARE: join(dist, 'datamodel'),
};
const run = (command: readonly string[], args: readonly string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    execFile(command[0]!, [...command.slice(1), ...args], { env, timeout: limitMs }, (error, out, err) =>
      error ? reject(new Error(`${args.join(' ')}: ${err}`)) : resolve(out),
    );
  });

let failed: string | undefined;
const limit = new Promise<never>((_, reject) => {
  setTimeout(() => reject(new Error(`not done after ${limitMs / 1000} s`)), limitMs).unref();
});
limit.catch(() => {});
const [program, ...before] = emulator;
const daemon = spawn(program!, [...before, join(dist, 'tandemd.cjs')], { env, stdio: ['ignore', 'inherit', 'pipe'] });
try {
  console.log(`node ${(await run(emulator, ['-p', 'process.version + " " + process.arch'])).trim()}`);
  const ready = new Promise<void>((resolve, reject) => {
    daemon.stderr!.on('data', (chunk: Buffer) => {
      process.stdout.write(chunk);
      if (String(chunk).includes(': ready')) resolve();
    });
    daemon.once('exit', (code) => reject(new Error(`tandemd ended with ${code}`)));
  });
  await Promise.race([ready, limit]);
  const inform = await Promise.race([acs.inform(() => true), limit]);
  console.log(`Inform: ${inform.events.map(({ code }) => code).join(', ')}`);
  const args = [join(dist, 'tandem.cjs'), 'get', 'Device.WiFi.SSID.', 'Device.DeviceInfo.SerialNumber'];
  await run(emulator, [join(dist, 'tandem.cjs'), 'set', 'Device.WiFi.SSID.1.SSID=Arm']);
  const [there, here] = [await run(emulator, args), await run([process.execPath], args)];
  const steady = (text: string): string => text.replace(/^.*\.Stats\..*$/gm, '');
  if (steady(there) !== steady(here)) failed = `the two CLIs do not agree:\n${there}\n${here}`;
  else if (!there.includes('Device.WiFi.SSID.1.SSID=Arm\n')) failed = `the write is not there:\n${there}`;
  else console.log(`${there.trim().split('\n').length} parameters, the same on both processors`);
} catch (error) {
  failed = String(error);
} finally {
  daemon.removeAllListeners('exit');
  const gone = new Promise((resolve) => daemon.once('exit', resolve));
  if (daemon.exitCode === null && daemon.kill('SIGTERM')) await gone;
  await acs[Symbol.asyncDispose]();
  await router[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
}
if (failed !== undefined) console.error(failed);
process.exit(failed === undefined ? 0 : 1);
