import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { formatAcsEvent, type Lab, runLabCommand, startLab } from '#lab';
import { buildBundles } from '../../support/agent-process.ts';

const directory = mkdtempSync(join(tmpdir(), 'tandem-reach-'));
const lines: string[] = [];
let bundles: Awaited<ReturnType<typeof buildBundles>>;
let lab: Lab;
beforeAll(async () => {
  bundles = await buildBundles();
  lab = await startLab({ dist: bundles.dist, directory, onAgentLine: (line) => lines.push(line) });
  await lab.startAgent();
  await Promise.all([lab.acs.inform(() => true), lab.controller.connected(lab.endpoint)]);
});
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
  bundles?.remove();
  rmSync(directory, { recursive: true, force: true });
});

async function value(name: string): Promise<string> {
  return (await runLabCommand(lab, `acs get ${name}`)).replace(/^.*=/, '');
}

it('an ACS reaches the device over UDP, through a NAT', async () => {
  const { at, inform } = await lab.reach.overUdp();
  expect(inform.events).toEqual([{ code: '6 CONNECTION REQUEST', commandKey: '' }]);
  expect(await value('Device.ManagementServer.NATDetected')).toBe('true');
  expect(await value('Device.ManagementServer.UDPConnectionRequestAddress')).toBe(at);
  // Once more, with what stands already.
  expect((await lab.reach.overUdp()).at).toBe(at);
});

it('and over XMPP, with TLS', async () => {
  const { at, inform } = await lab.reach.overXmpp();
  expect(at).toBe('cpe@xmpp.lab/tandem');
  expect(inform.events).toEqual([{ code: '6 CONNECTION REQUEST', commandKey: '' }]);
  expect(await value('Device.XMPP.Connection.1.Status')).toBe('Enabled');
  expect(await value('Device.XMPP.Connection.1.TLSEstablished')).toBe('true');
  expect(await runLabCommand(lab, 'acs reach xmpp')).toBe('reached at cpe@xmpp.lab/tandem: 6 CONNECTION REQUEST');
});

it('hears of a change in a datagram, signed, and without a session', async () => {
  const heard: string[] = [];
  using _listening = lab.acs.events.on((event) => {
    if (event.kind === 'lightweight') heard.push(formatAcsEvent(event));
  });
  expect(await runLabCommand(lab, 'acs hear Device.WiFi.SSID.1.SSID')).toBe('done');
  const { length } = lab.acs.informs;
  expect(await runLabCommand(lab, 'usp set Device.WiFi.SSID.1.SSID=Told-in-a-datagram')).toBe('done');
  await expect.poll(() => heard).toHaveLength(1);
  expect(heard[0]).toBe('ACS  <- lightweight notification: Device.WiFi.SSID.1.SSID=Told-in-a-datagram');
  expect(lab.acs.informs.slice(length).some(({ parameters }) => parameters.has('Device.WiFi.SSID.1.SSID'))).toBe(false);
});

it('which a strict ACS has nothing to say against, nor a password to read of in the log', () => {
  expect(lab.acs.violations).toEqual([]);
  const { password } = lab.connectionRequestCredentials();
  expect(password).toMatch(/^[0-9a-f]{32}$/);
  expect(lines.filter((line) => line.includes(password))).toEqual([]);
});
