import { afterEach, describe, expect, it } from 'vitest';
import { ReachBench } from '../../support/reach-bench.ts';
import { pass } from '../../support/settle.ts';

const ssid = 'Device.WiFi.SSID.1.SSID';
const active = `<c:SetParameterAttributes><ParameterList><A><Name>${ssid}</Name><NotificationChange>1</NotificationChange><Notification>2</Notification><AccessListChange>0</AccessListChange><AccessList/></A></ParameterList></c:SetParameterAttributes>`;

let at: ReachBench | undefined;
afterEach(async () => {
  await at?.[Symbol.asyncDispose]();
  at = undefined;
});
async function bench(cwmp: string): Promise<ReachBench> {
  at = new ReachBench();
  await at.begin(cwmp);
  await at.informed(1);
  return at;
}

describe('a heartbeat', () => {
  const policy =
    "\toption heartbeat '1'\n\toption heartbeat_interval '60'\n\toption heartbeat_time '2025-12-31T23:59:30Z'\n";

  it('comes at its phase, in a session of its own with the forced parameters only', async () => {
    const made = await bench(`${policy}\nconfig inform_parameter\n\toption enable '1'\n\toption parameter '${ssid}'\n`);
    const first = made.informs[0]!;
    await pass(made.clock, 29_000);
    await made.informed(1);
    await pass(made.clock, 1000);
    const inform = await made.informed(2);
    expect(inform.events).toEqual(['14 HEARTBEAT']);
    expect(inform.parameters.has(ssid)).toBe(false);
    expect(first.parameters.has(ssid)).toBe(true);
    expect(inform.parameters.has('Device.ManagementServer.ParameterKey')).toBe(true);
    await pass(made.clock, 120_000);
    await made.informed(4);
  });

  it('leaves alone what is owed otherwise, and is not tried again', async () => {
    const made = await bench(policy);
    made.failing = true;
    await pass(made.clock, 30_000);
    expect(made.client.status()).toMatchObject({ state: 'idle', retryCount: 0, pending: [] });
    made.client.inform();
    await expect.poll(() => made.client.status().retryCount).toBe(1);
    await made.set('Device.ManagementServer.PeriodicInformEnable', 'true');
    made.failing = false;
    expect(made.informs).toHaveLength(1);
    await pass(made.clock, 60_000);
    expect((await made.informed(2)).events).toEqual(['14 HEARTBEAT']);
  });

  it('does not come while a session is tried again', async () => {
    const made = await bench(`${policy}\toption retry_minimum_wait '600'\n`);
    made.failing = true;
    made.requests = [];
    await made.client.tell('PROBE', []);
    await expect.poll(() => made.client.status().state).toBe('waiting to retry');
    made.failing = false;
    await pass(made.clock, 300_000);
    await made.informed(1);
    expect(made.client.status().state).toBe('waiting to retry');
  });

  it('serves the ACS, and stops when it is told to', async () => {
    const made = await bench(policy);
    made.requests = [
      '<c:SetParameterValues><ParameterList><P><Name>Device.ManagementServer.HeartbeatPolicy.Enable</Name><Value>0</Value></P></ParameterList><ParameterKey>k</ParameterKey></c:SetParameterValues>',
    ];
    await pass(made.clock, 30_000);
    await made.informed(2);
    expect(made.answers.at(-1)).toContain('<Status>0</Status>');
    await pass(made.clock, 600_000);
    await made.informed(2);
  });
});

describe('the throttle of active notifications', () => {
  const change = (made: ReachBench, value: string): Promise<void> => made.set(ssid, value, 'usp');
  async function throttled(): Promise<ReachBench> {
    const made = await bench("\toption active_notification_throttle '300'\n");
    made.requests = [active];
    made.client.inform();
    await made.informed(2);
    return made;
  }

  it('puts off a session that has no other reason, from the end of the last one', async () => {
    const made = await throttled();
    await change(made, 'One');
    await pass(made.clock, 200_000);
    await change(made, 'Two');
    await pass(made.clock, 99_000);
    await made.informed(2);
    await pass(made.clock, 1000);
    const inform = await made.informed(3);
    expect(inform.events).toEqual(['4 VALUE CHANGE']);
    expect(inform.parameters.get(ssid)).toBe('Two');
    await pass(made.clock, 400_000);
    await change(made, 'Late');
    await made.informed(4);
  });

  it('puts off nothing else, and what is put off goes along', async () => {
    const made = await throttled();
    await change(made, 'One');
    made.client.inform();
    const inform = await made.informed(3);
    expect(inform.events).toEqual(['4 VALUE CHANGE', '6 CONNECTION REQUEST']);
    expect(inform.parameters.get(ssid)).toBe('One');
    await pass(made.clock, 600_000);
    await made.informed(3);
  });
});

describe('events in the middle of a session', () => {
  it('a burst of connection requests is one session, and one more for those that came in it', async () => {
    const made = await bench('');
    let burst = 5;
    made.duringSession = () => {
      while (burst-- > 0) made.client.inform();
    };
    for (let turn = 0; turn < 10; turn++) made.client.inform();
    await made.informed(3);
    expect(made.informs.map(({ events }) => events)).toEqual([
      ['0 BOOTSTRAP', '1 BOOT'],
      ['6 CONNECTION REQUEST'],
      ['6 CONNECTION REQUEST'],
    ]);
  });

  it('a change of what was just told is told in the next one', async () => {
    const made = await bench('');
    made.requests = [active];
    made.client.inform();
    await made.informed(2);
    let once = true;
    made.duringSession = () => {
      if (once) void made.set(ssid, 'Meanwhile', 'usp');
      once = false;
    };
    await made.set(ssid, 'Before', 'usp');
    const inform = await made.informed(4);
    expect(made.informs[2]!.parameters.get(ssid)).toBe('Before');
    expect(inform.events).toEqual(['4 VALUE CHANGE']);
    expect(inform.parameters.get(ssid)).toBe('Meanwhile');
  });

  it('a setting in the first session does not make a second BOOTSTRAP', async () => {
    at = new ReachBench();
    at.requests = [
      '<c:SetParameterValues><ParameterList><P><Name>Device.ManagementServer.PeriodicInformInterval</Name><Value>7200</Value></P></ParameterList><ParameterKey>k</ParameterKey></c:SetParameterValues>',
    ];
    await at.begin('');
    await at.informed(1);
    await pass(at.clock, 1000);
    await at.informed(1);
  });
});
