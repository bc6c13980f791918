import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatAcsEvent, formatControllerEvent, runTerminal, showEvent, startLab } from '../src/lab/index.ts';

// The scenario is told step by step; the agent and the CLI are the bundles as they ship, each a process of its own.
const dist = join(process.cwd(), 'dist');
const directory = mkdtempSync(join(tmpdir(), 'tandem-demo-'));
const ssid = 'Device.WiFi.SSID.1.SSID';
const styled = process.stdout.isTTY && !process.env.NO_COLOR;
const say = (text: string): void => console.log(styled ? `\n\u001b[1m${text}\u001b[0m` : `\n${text}`);
/** Beginnings and ends of sessions, and tries that follow each other, are left to `tandem lab`: here they would bury the story. */
const detail =
  /session (begins|ended)|session of|connection closed|no connection|next try|: connected|connection request$/;
const happens = (text: string): void => {
  if (/^agent +error/.test(text)) console.log(`  ${text}`);
  else if (!detail.test(text)) showEvent(`  ${text}`);
};
const show = (text: string, limit = 12): void => {
  const lines = text.trimEnd().split('\n');
  for (const line of lines.slice(0, limit)) console.log(`  ${line}`);
  if (lines.length > limit) console.log(`  … ${lines.length - limit} more`);
};
const failures: string[] = [];
const check = (what: string, good: boolean): void => {
  if (!good) failures.push(what);
};

// Also when it is interrupted; the agent is of the same process group.
const leave = (): void => rmSync(directory, { recursive: true, force: true });
process.once('SIGINT', () => {
  leave();
  process.exit(130);
});

say('A router, an ACS and two USP controllers are up, all of them simulated. Ten steps, about a minute.');
const lab = await startLab({
  dist,
  directory,
  controllers: 2,
  onAgentLine: (line) => happens(`agent   ${line}`),
});
console.log(`  ubusd           ${lab.router.socketPath}`);
console.log(`  ACS (TR-069)    ${lab.acs.url}, mutual TLS and Digest`);
console.log(`  USP (TR-369)    ${lab.controller.endpointId} and ${lab.viewer!.endpointId}, WebSocket with mutual TLS`);
lab.acs.events.on((event) => happens(formatAcsEvent(event)));
lab.controller.events.on((event) => happens(formatControllerEvent(event)));
lab.viewer!.events.on((event) => happens(formatControllerEvent(event, 'VIEW')));
lab.router.onReload.on((pack) => happens(`router  takes over the package ${pack}`));

function tandem(...args: string[]): Promise<string> {
  console.log(`$ tandem ${args.map((arg) => (/[ *"]/.test(arg) ? `'${arg}'` : arg)).join(' ')}`);
  const env = { ...process.env, ...lab.environment };
  return new Promise((resolve) => {
    execFile(process.execPath, [join(dist, 'tandem.cjs'), ...args], { env }, (_, out, err) => resolve(out + err));
  });
}
const setting = (param: string, value: string) => ({ param, value, required: true });
const wireless = (): string => readFileSync(join(lab.router.root, 'etc/config/wireless'), 'utf8');
const network = (): string => readFileSync(join(lab.router.root, 'etc/config/network'), 'utf8');
/** What the router's own tools would read. */
function showSsids(): void {
  console.log('$ grep ssid /etc/config/wireless');
  show(
    wireless()
      .split('\n')
      .filter((line) => line.includes('option ssid'))
      .join('\n'),
  );
}

/** The controller's, to the changes of a parameter. */
async function subscribe(id: string, path: string): Promise<void> {
  const paramSettings = [
    setting('ID', id),
    setting('Enable', 'true'),
    setting('NotifType', 'ValueChange'),
    setting('ReferenceList', path),
  ];
  const createObjs = [{ objPath: 'Device.LocalAgent.Subscription.', paramSettings }];
  await lab.controller.ask(lab.endpoint, { add: { allowPartial: false, createObjs } }, 'addResp');
}

/** The TransferComplete of it has come, and says that all is well. */
async function transferred(commandKey: string): Promise<void> {
  const find = () => lab.acs.requests.find((request) => request.commandKey === commandKey);
  while (!find()) {
    await new Promise<void>((resolve) => {
      const once = lab.acs.events.on(() => {
        once[Symbol.dispose]();
        resolve();
      });
    });
  }
  check(`transfer ${commandKey}`, find()!.faultCode === 0);
}

try {
  say('1. Zero touch: the agent starts with nothing but factory data and finds all of them');
  await lab.startAgent();
  const first = await lab.acs.inform(() => true);
  await Promise.all([lab.controller.connected(lab.endpoint), lab.viewer!.connected(lab.endpoint)]);
  check('bootstrap', first.events[0]?.code === '0 BOOTSTRAP' && first.certificate === 'LAB0001');

  say('2. One data model: the whole TR-181 tree from a handful of ubus calls');
  lab.router.calls.clear();
  const tree = await tandem('get', 'Device.');
  show(tree, 6);
  const count = tree.trim().split('\n').length;
  console.log(`  ${count} parameters, ${lab.router.calls.total} ubus calls`);
  check('tree', count >= 1000 && lab.router.calls.total <= 20);

  say('3. The controller subscribes to the SSID; then the ACS sets it through TR-069');
  await subscribe('demo', ssid);
  const noticed = lab.acs.call(lab.device, {
    rpc: 'SetParameterAttributes',
    attributes: [{ name: ssid, notification: 2 }],
  });
  const written = lab.acs.call(lab.device, {
    rpc: 'SetParameterValues',
    values: [{ name: ssid, value: 'Set-by-the-ACS' }],
    parameterKey: 'demo',
  });
  await lab.requestConnection();
  await noticed;
  // 1: what the session may go over is taken over after it.
  check('write by the ACS', (await written).status === 1);
  const heard = await lab.controller.notification(({ valueChange }) => valueChange?.paramPath === ssid);
  check('seen by the controller', heard.valueChange?.paramValue === 'Set-by-the-ACS');
  showSsids();
  check('in the UCI file', wireless().includes("option ssid 'Set-by-the-ACS'"));

  say('4. The other way round: the controller sets it, the ACS is told');
  const seen = lab.acs.informs.length;
  const updateObjs = [{ objPath: 'Device.WiFi.SSID.1.', paramSettings: [setting('SSID', 'Set-by-the-controller')] }];
  await lab.controller.ask(lab.endpoint, { set: { allowPartial: false, updateObjs } }, 'setResp');
  const told = await lab.acs.inform(({ events }) => events.some(({ code }) => code === '4 VALUE CHANGE'), seen);
  console.log(`  the Inform says ${ssid}=${told.parameters.get(ssid)}`);
  check('seen by the ACS', told.parameters.get(ssid) === 'Set-by-the-controller');
  showSsids();

  say('5. Two controllers, two roles: the viewer sees what its role lets it, and may change nothing');
  const viewer = (paramPaths: string[]) =>
    lab.viewer!.ask(lab.endpoint, { get: { paramPaths, maxDepth: 0 } }, 'getResp');
  const looked = await viewer([ssid, 'Device.LocalAgent.']);
  const codes = looked.ok ? looked.value.reqPathResults.map(({ errCode }) => errCode) : [];
  check('what the viewer sees', codes.join() === '0,7026');
  const taken = await lab.viewer!.ask(lab.endpoint, { set: { allowPartial: false, updateObjs } }, 'setResp');
  check('what the viewer may', !taken.ok && taken.fault.errCode === 7006);

  say('6. All or nothing: one bad value and nothing changes');
  show(await tandem('set', `${ssid}=Lost`, 'Device.WiFi.SSID.2.Enable=perhaps'));
  const now = await tandem('get', ssid);
  show(now);
  check('all or nothing', now === `${ssid}=Set-by-the-controller\n`);

  say('7. The ACS reaches the device behind a NAT: with STUN and a datagram, then over XMPP');
  const over = { udp: await lab.reach.overUdp(), xmpp: await lab.reach.overXmpp() };
  for (const { at, inform } of Object.values(over)) {
    console.log(`  reached at ${at}: ${inform.events.map(({ code }) => code).join(', ')}`);
  }

  say('8. A backup goes up to the ACS and comes back changed; the connection breaks on the way');
  const backup = { url: lab.acs.fileUrl('backup.uci'), commandKey: 'backup' };
  void lab.acs.call(lab.device, { rpc: 'Upload', fileType: '1 Vendor Configuration File', ...backup });
  await lab.requestConnection();
  await transferred('backup');
  const saved = lab.acs.files.get('backup.uci')!;
  lab.acs.files.put('backup.uci', String(saved.bytes).replace('Set-by-the-controller', 'Restored'));
  lab.acs.files.trouble('backup.uci', { kind: 'cut', afterBytes: 2000 });
  const restore = { url: backup.url, commandKey: 'restore', fileSize: lab.acs.files.get('backup.uci')!.bytes.length };
  void lab.acs.call(lab.device, { rpc: 'Download', fileType: '3 Vendor Configuration File', ...restore });
  await lab.requestConnection();
  await transferred('restore');
  console.log(`  requests for it: ${saved.seen.join(', ')}`);
  showSsids();
  check('restored', wireless().includes("option ssid 'Restored'") && saved.seen.some((one) => one.includes('206')));

  say(
    '9. The ACS cuts itself off by taking the uplink down, then the controller does: the agent puts back what was, and says why (10 s each)',
  );
  const uplink = (await tandem('get', 'Device.IP.Interface.[Name=="wan"].Enable')).replace(/=.*/s, '');
  const before = network();
  const cut = lab.acs.informs.length;
  const down = lab.acs.call(lab.device, { rpc: 'SetParameterValues', values: [{ name: uplink, value: '0' }] });
  await lab.requestConnection();
  check('taken down by the ACS', (await down).status === 1);
  const rollback = await lab.acs.inform(({ events }) => events.some(({ code }) => code.endsWith('ROLLBACK')), cut);
  console.log(`  the Inform says ${uplink}=${rollback.parameters.get(uplink)}`);
  check('put back', rollback.parameters.get(uplink) === 'true' && network() === before);
  await lab.controller.connected(lab.endpoint);
  await subscribe('uplink', uplink);
  const disable = { objPath: uplink.slice(0, -'Enable'.length), paramSettings: [setting('Enable', 'false')] };
  // Whether the answer comes through before the uplink is down is a matter of luck.
  void lab.controller.ask(lab.endpoint, { set: { allowPartial: false, updateObjs: [disable] } }, 'setResp');
  for (const value of ['false', 'true']) {
    await lab.controller.notification(
      ({ valueChange }) => valueChange?.paramPath === uplink && valueChange.paramValue === value,
    );
  }
  check('put back for the controller', network() === before);

  say('10. What the agent says of itself');
  const status = await tandem('status');
  show(status, 24);
  check('why it was undone', /last: .* undone: the operator was not reached within 10 s/.test(status));
  check('behind a NAT', /nat: detected/.test(status) && status.includes(over.udp.at) && status.includes(over.xmpp.at));
  check('nothing that a strict ACS would refuse', lab.acs.violations.length === 0);

  if (process.stdout.isTTY && process.stdin.isTTY) {
    say('The lab is yours.');
    const environment = Object.entries(lab.environment).map(([name, value]) => `${name}=${value}`);
    console.log(`  In another terminal: ${environment.join(' ')} node ${join(dist, 'tandem.cjs')} status\n`);
    await runTerminal(lab);
  }
} finally {
  await lab[Symbol.asyncDispose]();
  leave();
}
if (failures.length > 0) {
  console.error(`The demo did not show what it should: ${failures.join(', ')}`);
  process.exit(1);
}
say('Done.');
process.exit(0);
