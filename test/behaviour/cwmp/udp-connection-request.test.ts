import { afterEach, describe, expect, it } from 'vitest';
import { SimulatedNat } from '../../support/nat.ts';
import { noXmpp, ReachBench, udpConnectionRequest } from '../../support/reach-bench.ts';
import { settled } from '../../support/settle.ts';

const stun = "\toption stun '1'\n\toption stun_server 'stun.example'\n\toption stun_maximum_keep_alive '30'\n";
const address = 'Device.ManagementServer.UDPConnectionRequestAddress';
const detected = 'Device.ManagementServer.NATDetected';

let nat: SimulatedNat;
let at: ReachBench | undefined;
afterEach(async () => {
  await at?.[Symbol.asyncDispose]();
  at = undefined;
  expect(nat.openPorts).toEqual([]);
});
async function bench(cwmp = stun, allows: (source: string) => boolean = () => true): Promise<ReachBench> {
  at = new ReachBench(({ clock }) => {
    nat = new SimulatedNat(clock);
    const { openUdp, resolveHost, localAddressTowards } = nat;
    return { ...noXmpp, openUdp, resolveHost, localAddressTowards, udpPort: 7547, allows };
  });
  await at.begin(cwmp);
  await at.informed(1);
  await settled();
  return at;
}

it('opens nothing while STUN is off', async () => {
  const made = await bench('');
  expect(nat.openPorts).toEqual([]);
  expect(await made.value(address)).toBe('');
  expect(await made.value(detected)).toBe('false');
});

it('closes the port when there are no credentials any more', async () => {
  const made = await bench();
  expect(nat.openPorts).toEqual([7547]);
  await made.set('Device.ManagementServer.ConnectionRequestPassword', '');
  await expect.poll(() => nat.openPorts).toEqual([]);
  expect(await made.value(address)).toBe('');
});

it('tells where it is reached, in the next session at the latest', async () => {
  const made = await bench();
  expect(await made.value(address)).toBe('203.0.113.9:50001');
  expect(await made.value(detected)).toBe('true');
  made.client.inform();
  const inform = await made.informed(2);
  expect(inform.parameters.get(address)).toBe('203.0.113.9:50001');
  expect(inform.parameters.get(detected)).toBe('true');
});

it('begins one session for a request, however often it is repeated', async () => {
  const made = await bench();
  for (let turn = 0; turn < 3; turn++) expect(nat.deliver(50_001, udpConnectionRequest(1000, '1'))).toBe(true);
  expect((await made.informed(2)).events).toContain('6 CONNECTION REQUEST');
  nat.deliver(50_001, udpConnectionRequest(1000, '1'));
  nat.deliver(50_001, udpConnectionRequest(1001, '2', 'guess'));
  await settled();
  await made.informed(2);
});

it('does not fall for a replay after a restart of the agent, nor after a boot', async () => {
  const made = await bench();
  nat.deliver(50_001, udpConnectionRequest(5000, '1'));
  await made.informed(2);
  for (const boot of [false, true]) {
    await made.client[Symbol.asyncDispose]();
    if (boot) made.runtime.entries.delete('cwmp-udp-request');
    await made.start();
    await settled();
    const outer = 50_001;
    expect(nat.deliver(outer, udpConnectionRequest(5000, '1'))).toBe(true);
    await settled();
    await made.informed(2);
  }
  expect(JSON.parse(made.state.entries.get('cwmp')!).udpRequestTimestamp).toBe(5000);
});

it('hears an ACS whose clock was set back, once that has set another password', async () => {
  const made = await bench();
  nat.deliver(50_001, udpConnectionRequest(900_000, '1'));
  await made.informed(2);
  nat.deliver(50_001, udpConnectionRequest(1000, '2'));
  await settled();
  expect(made.informs).toHaveLength(2);
  await made.set('Device.ManagementServer.ConnectionRequestPassword', 'another');
  await expect
    .poll(() => {
      nat.deliver(50_001, udpConnectionRequest(1000, '3', 'another'));
      return made.informs.length;
    })
    .toBe(3);
  expect(JSON.parse(made.state.entries.get('cwmp')!).udpRequestTimestamp).toBe(1000);
  nat.deliver(50_001, udpConnectionRequest(999, '4', 'another'));
  nat.deliver(50_001, udpConnectionRequest(900_001, '5'));
  await settled();
  expect(made.informs).toHaveLength(3);
});

it('writes flash at most once an hour, however many requests come', async () => {
  const made = await bench();
  const { writes } = made.state;
  for (let turn = 1; turn <= 10; turn++) {
    nat.deliver(50_001, udpConnectionRequest(10_000 + turn, `${turn}`));
    await made.informed(turn + 1);
  }
  expect(made.state.writes).toBe(writes + 1);
});

it('does not listen to whom the allow-list leaves out', async () => {
  const made = await bench(stun, () => false);
  nat.deliver(50_001, udpConnectionRequest(1000, '1'));
  await settled();
  await made.informed(1);
});

describe('what the ACS sets', () => {
  it('turns it on and off again', async () => {
    const made = await bench('');
    await made.set('Device.ManagementServer.STUNServerAddress', 'stun.example');
    await made.set('Device.ManagementServer.STUNEnable', 'true');
    await settled();
    expect(await made.value(address)).toBe('203.0.113.9:50001');
    await made.set('Device.ManagementServer.STUNEnable', 'false');
    await expect.poll(() => nat.openPorts).toEqual([]);
    expect(await made.value(address)).toBe('');
  });

  it('as active notification is told at once', async () => {
    const made = await bench();
    made.requests = [
      `<c:SetParameterAttributes><ParameterList><A><Name>${address}</Name><NotificationChange>1</NotificationChange><Notification>2</Notification><AccessListChange>0</AccessListChange><AccessList/></A></ParameterList></c:SetParameterAttributes>`,
    ];
    made.client.inform();
    await made.informed(2);
    nat.outside = '203.0.113.77';
    await made.client.networkChanged();
    const inform = await made.informed(3);
    expect(inform.events).toEqual(['4 VALUE CHANGE']);
    expect(inform.parameters.get(address)).toBe('203.0.113.77:50001');
  });
});

it('says when somebody has other credentials, and in a flood not for each', async () => {
  const made = await bench();
  for (let turn = 1; turn < 40; turn++) nat.deliver(50_001, udpConnectionRequest(turn, `${turn}`, 'guess'));
  const told = made.lines.filter((line) => line.includes('over UDP is refused'));
  expect(told).toHaveLength(5);
  await made.informed(1);
});

it('says none of the passwords in its log', async () => {
  const made = await bench(`${stun}\toption stun_username 'cpe'\n\toption stun_password 'stun-secret'\n`);
  nat.deliver(50_001, udpConnectionRequest(1, '1'));
  await made.informed(2);
  expect(made.lines.length).toBeGreaterThan(3);
  expect(made.lines.filter((line) => /stun-secret|cr-secret/.test(line))).toEqual([]);
});
