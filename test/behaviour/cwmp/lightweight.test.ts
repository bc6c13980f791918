import { createHmac } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { noXmpp, ReachBench } from '../../support/reach-bench.ts';
import { pass, settled } from '../../support/settle.ts';

const ssid = 'Device.WiFi.SSID.1.SSID';
const enabled = "\toption username 'cpe'\n\toption password 'acs-secret'\n\tlist lightweight_protocols 'UDP'\n";

let at: ReachBench | undefined;
let sent: { to: string; text: string }[] = [];
let sockets = 0;
afterEach(async () => {
  await at?.[Symbol.asyncDispose]();
  at = undefined;
  expect(sockets).toBe(0);
});

async function bench(cwmp: string, notification: number | undefined, failing = false): Promise<ReachBench> {
  sent = [];
  at = new ReachBench(() => ({
    ...noXmpp,
    udpPort: 0,
    allows: () => true,
    localAddressTowards: async () => '192.168.1.2',
    resolveHost: async (host) => {
      if (failing) throw new Error('no such name');
      return [{ address: host === 'acs.example' ? '192.0.2.1' : '192.0.2.2', family: 4 }];
    },
    openUdp: async () => {
      sockets++;
      return {
        port: 40_000,
        send: async (data, to) =>
          void sent.push({ to: `${to.address}:${to.port}`, text: Buffer.from(data).toString() }),
        [Symbol.asyncDispose]: async () => void sockets--,
      };
    },
  }));
  if (notification !== undefined) at.requests = [attributes(ssid, notification)];
  await at.begin(cwmp);
  await at.informed(1);
  await settled();
  return at;
}
const attributes = (path: string, notification: number): string =>
  `<c:SetParameterAttributes><ParameterList><A><Name>${path}</Name><NotificationChange>1</NotificationChange><Notification>${notification}</Notification><AccessListChange>0</AccessListChange><AccessList/></A></ParameterList></c:SetParameterAttributes>`;
const bodyOf = (text: string): string => text.slice(text.indexOf('\r\n\r\n') + 4);
const names = (text: string): string[] => [...text.matchAll(/<Name>([^<]+)/g)].map((match) => match[1]!);

describe('a lightweight notification', () => {
  it('is a signed POST in a datagram', async () => {
    const made = await bench(enabled, 5);
    await made.set(ssid, 'A & "B"', 'usp');
    await pass(made.clock, 100);
    expect(sent.map(({ to }) => to)).toEqual(['192.0.2.1:7547']);
    const { text } = sent[0]!;
    const body = bodyOf(text);
    expect(text.split('\r\n').slice(0, 4)).toEqual([
      'POST / HTTP/1.1',
      'Host: acs.example:7547',
      'Content-Type: text/xml; charset="utf-8"',
      `Content-Length: ${Buffer.byteLength(body)}`,
    ]);
    const signature = /\r\nSignature: ([0-9A-F]{40})\r\n/.exec(text)![1]!;
    expect(signature.toLowerCase()).toBe(createHmac('sha1', 'acs-secret').update(body).digest('hex'));
    const now = Math.floor(made.clock.now() / 1000);
    expect(body).toMatch(
      new RegExp(
        `^<\\?xml version="1.0" encoding="UTF-8"\\?><Notification xmlns="urn:broadband-forum-org:cwmp:lwnotif-1-0"[^>]*><TS>${now}</TS><UN>cpe</UN><CN>[0-9a-f]{16}</CN><OUI></OUI><ProductClass></ProductClass><SerialNumber></SerialNumber><Param><Name>${ssid.replaceAll('.', '\\.')}</Name><Value xsi:type="xsd:string">A &amp; &quot;B&quot;</Value></Param></Notification>$`,
      ),
    );
    // Neither a session nor a place in the next one.
    made.client.inform();
    expect((await made.informed(2)).parameters.has(ssid)).toBe(false);
  });

  it.each([
    [3, false, false],
    [4, false, true],
    [5, true, false],
    [6, true, true],
  ])('of the kind %i is sent at once: %s, and told in the next session: %s', async (kind, atOnce, inSession) => {
    const made = await bench(enabled, kind);
    await made.set(ssid, 'New', 'usp');
    await pass(made.clock, 1000);
    expect(sent).toHaveLength(atOnce ? 1 : 0);
    await made.informed(1);
    made.client.inform();
    const inform = await made.informed(2);
    expect(inform.parameters.get(ssid)).toBe(inSession ? 'New' : undefined);
  });

  it('that is passive goes when its time comes, with the last value, to the host that is set', async () => {
    const made = await bench(
      `${enabled}\toption lightweight_interval '600'\n\toption lightweight_time '2025-12-31T23:58:00Z'\n\toption lightweight_host 'other.example'\n\toption lightweight_port '9000'\n`,
      3,
    );
    await made.set(ssid, 'One', 'usp');
    await made.set(ssid, 'Two', 'usp');
    await pass(made.clock, 479_000);
    expect(sent).toEqual([]);
    await pass(made.clock, 2000);
    expect(sent.map(({ to }) => to)).toEqual(['192.0.2.2:9000']);
    expect(sent[0]!.text).toContain('>Two</Value>');
    expect(sent[0]!.text).not.toContain('One');
    await pass(made.clock, 600_000);
    expect(sent).toHaveLength(1);
  });

  it('that is active takes the passive ones along', async () => {
    const made = await bench(enabled, undefined);
    made.requests = [attributes(ssid, 3), attributes('Device.WiFi.SSID.1.Enable', 5)];
    made.client.inform();
    await made.informed(2);
    await made.set(ssid, 'Quiet', 'usp');
    await pass(made.clock, 10_000);
    expect(sent).toEqual([]);
    await made.set('Device.WiFi.SSID.1.Enable', 'false', 'usp');
    await pass(made.clock, 100);
    expect(names(sent[0]!.text)).toEqual([ssid, 'Device.WiFi.SSID.1.Enable']);
  });

  it('is not sent for what the ACS did itself, nor when it is off, nor without a password', async () => {
    const made = await bench(enabled, 5);
    await made.set(ssid, 'ByAcs', 'cwmp');
    await pass(made.clock, 1000);
    expect(sent).toEqual([]);
    await made.set('Device.ManagementServer.LightweightNotificationProtocolsUsed', '');
    await made.set(ssid, 'Off', 'usp');
    await pass(made.clock, 1000);
    expect(sent).toEqual([]);
    await made.set('Device.ManagementServer.LightweightNotificationProtocolsUsed', 'UDP');
    await made.set('Device.ManagementServer.Password', '');
    await made.set(ssid, 'Unsigned', 'usp');
    await pass(made.clock, 1000);
    expect(sent).toEqual([]);
  });

  it('of a parameter that flaps does not fill the uplink', async () => {
    const made = await bench(enabled, 5);
    for (let turn = 0; turn < 40; turn++) {
      await made.set(ssid, `Flap${turn}`, 'usp');
      await pass(made.clock, 200);
    }
    expect(sent.length).toBeLessThanOrEqual(10 + 4);
    await pass(made.clock, 10_000);
    expect(sent.at(-1)!.text).toContain('>Flap39</Value>');
  });

  it('that can not be sent ends nothing', async () => {
    const made = await bench(enabled, 5, true);
    await made.set(ssid, 'Lost', 'usp');
    await pass(made.clock, 1000);
    expect(made.lines.some((line) => line.includes('a lightweight notification is lost'))).toBe(true);
    made.client.inform();
    await made.informed(2);
  });
});

describe('what the ACS may ask for', () => {
  it.each([
    ['7', '9003'],
    ['-1', '9003'],
    ['', '9003'],
  ])('is no notification %s', async (kind, fault) => {
    const made = await bench('', undefined);
    made.requests = [attributes(ssid, kind as unknown as number)];
    made.client.inform();
    await made.informed(2);
    expect(made.answers.at(-1)).toContain(`<FaultCode>${fault}</FaultCode>`);
  });

  it('is nothing but 2 of what is always notified', async () => {
    const made = await bench('', undefined);
    made.requests = [attributes('Device.DeviceInfo.SoftwareVersion', 5)];
    made.client.inform();
    await made.informed(2);
    expect(made.answers.at(-1)).toContain('<FaultCode>9009</FaultCode>');
  });
});
