import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRouter } from '../src/lab/index.ts';

// The scenario is told step by step; every line that is shown is printed by the real bundles.
const dist = join(process.cwd(), 'dist');
const directory = mkdtempSync(join(tmpdir(), 'tandem-demo-'));
const say = (text: string): void => console.log(`\n\u001b[1m${text}\u001b[0m`);

const router = await startRouter({ directory });
const env = {
  ...process.env,
  TANDEM_ROOT: router.root,
  TANDEM_UBUS_SOCKET: router.socketPath,
  TANDEM_SHARE: join(dist, 'datamodel'),
};

function tandem(...args: string[]): Promise<string> {
  console.log(`$ tandem ${args.map((arg) => (/[ *"]/.test(arg) ? `'${arg}'` : arg)).join(' ')}`);
  return new Promise((resolve) => {
    execFile(process.execPath, [join(dist, 'tandem.cjs'), ...args], { env }, (_, out, err) => resolve(out + err));
  });
}
const show = (text: string, limit = 12): void => {
  const lines = text.trimEnd().split('\n');
  for (const line of lines.slice(0, limit)) console.log(`  ${line}`);
  if (lines.length > limit) console.log(`  … ${lines.length - limit} more`);
};

let failed = false;
try {
  say('1. A simulated OpenWrt router is up: ubusd on a socket, UCI files in a directory');
  console.log(`  ${router.socketPath}`);

  say('2. The agent starts on it');
  const daemon = spawn(process.execPath, [join(dist, 'tandemd.cjs')], { env, stdio: ['ignore', 'inherit', 'pipe'] });
  router.onReload.on((pack) => console.log(`  (router) services took over the package ${pack}`));
  await new Promise<void>((resolve, reject) => {
    daemon.stderr!.on('data', (chunk: Buffer) => {
      show(String(chunk));
      if (String(chunk).includes(': ready')) resolve();
    });
    daemon.once('exit', (code) => reject(new Error(`tandemd ended with ${code}`)));
  });

  say('3. The whole TR-181 tree in one request');
  router.calls.clear();
  const tree = await tandem('get', 'Device.');
  show(tree, 8);
  console.log(`  ${tree.trim().split('\n').length} parameters from ${router.calls.total} ubus calls`);

  say('4. Rows by what they say, references followed');
  show(await tandem('get', 'Device.WiFi.SSID.[SSID=="OpenWrt"].LowerLayers+.OperatingFrequencyBand'));

  say('5. A write is a transaction: it lands in /etc/config and the router takes it over');
  show(await tandem('set', 'Device.WiFi.SSID.1.SSID=Tandem'));
  const wireless = readFileSync(join(router.root, 'etc/config/wireless'), 'utf8');
  show(
    wireless
      .split('\n')
      .filter((line) => line.includes('ssid'))
      .join('\n'),
  );
  failed ||= !wireless.includes(`option ssid 'Tandem'`);

  say('6. All or nothing: one bad value and nothing changes');
  show(await tandem('set', 'Device.WiFi.SSID.1.SSID=Lost', 'Device.WiFi.SSID.2.Enable=perhaps'));
  const now = await tandem('get', 'Device.WiFi.SSID.1.SSID');
  show(now);
  failed ||= now !== 'Device.WiFi.SSID.1.SSID=Tandem\n';

  if (process.stdout.isTTY) {
    say('The lab is yours. In another terminal:');
    console.log(`  TANDEM_UBUS_SOCKET=${router.socketPath} node ${join(dist, 'tandem.cjs')} get Device.WiFi.`);
    console.log('  Ctrl-C ends it.');
    await new Promise((resolve) => process.once('SIGINT', resolve));
  }
  daemon.removeAllListeners('exit');
  const gone = new Promise((resolve) => daemon.once('exit', resolve));
  daemon.kill('SIGTERM');
  await gone;
} finally {
  await router[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
}
if (failed) {
  console.error('The demo did not show what it should.');
  process.exit(1);
}
say('Done.');
process.exit(0);
