import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { Bench, setValue } from '../../support/cwmp-bench.ts';
import { MemoryState } from '../../support/memory-state.ts';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one[Symbol.asyncDispose]();
});
async function bench(cwmp = ''): Promise<Bench> {
  const made = new Bench();
  open.push(made);
  return await made.begin(cwmp);
}
describe('events', () => {
  it('begins with BOOTSTRAP and BOOT and the forced parameters', async () => {
    const at = await bench();
    const inform = await at.informs(1);
    expect(inform.events).toEqual(['0 BOOTSTRAP', '1 BOOT']);
    expect([...inform.parameters.keys()]).toEqual(
      expect.arrayContaining([
        'Device.RootDataModelVersion',
        'Device.DeviceInfo.HardwareVersion',
        'Device.DeviceInfo.SoftwareVersion',
        'Device.DeviceInfo.ProvisioningCode',
        'Device.ManagementServer.ParameterKey',
        'Device.ManagementServer.ConnectionRequestURL',
      ]),
    );
    expect(at.client.status()).toMatchObject({ state: 'idle', pending: [], last: { ok: true } });
  });

  it('tells BOOT after a boot and not after a restart of the agent; BOOTSTRAP never again', async () => {
    const at = await bench();
    await at.informs(1);
    await at.client[Symbol.asyncDispose]();
    await at.start();
    at.client.inform();
    expect((await at.informs(2)).events).toEqual(['6 CONNECTION REQUEST']);
    await at.client[Symbol.asyncDispose]();
    at.runtime = new MemoryState();
    await at.start();
    expect((await at.informs(3)).events).toEqual(['1 BOOT']);
  });

  it('tells BOOTSTRAP to an ACS at another URL, in the session after the one that set it', async () => {
    const at = await bench();
    at.acs.requests = [setValue('Device.ManagementServer.URL', 'http://other.example/')];
    const inform = await at.informs(2);
    expect(inform.events).toEqual(['0 BOOTSTRAP']);
    expect(inform.parameters.get('Device.ManagementServer.ParameterKey')).toBe('k7');
    expect(at.client.status().url).toBe('http://other.example/');
  });

  it('informs periodically, at the phase that is configured', async () => {
    const at = await bench(
      "\toption periodic_inform_interval '600'\n\toption periodic_inform_time '2025-12-31T23:58:00Z'\n",
    );
    await at.informs(1);
    at.clock.advance(480_000 - 1);
    await at.idle();
    expect(at.acs.informs).toHaveLength(1);
    at.clock.advance(1);
    expect((await at.informs(2)).events).toEqual(['2 PERIODIC']);
    at.clock.advance(600_000);
    expect((await at.informs(3)).events).toEqual(['2 PERIODIC']);
  });

  it('tries again by the table, counts, and writes no flash while it does', async () => {
    const at = new Bench();
    open.push(at);
    at.acs.failing = true;
    await at.begin();
    await expect.poll(() => at.client.status().state).toBe('waiting to retry');
    const { writes } = at.state;
    for (const waitMs of [7500, 15_000, 30_000]) {
      expect(at.clock.nextMs).toBe(waitMs);
      at.clock.advance(waitMs - 1);
      expect(at.client.status().state).toBe('waiting to retry');
      at.clock.advance(1);
      await expect.poll(() => at.client.status().state).toBe('waiting to retry');
    }
    expect(at.state.writes).toBe(writes);
    expect(at.client.status()).toMatchObject({ retryCount: 4, pending: ['0 BOOTSTRAP', '1 BOOT'] });
    at.acs.failing = false;
    at.clock.advance(60_000);
    const inform = await at.informs(1);
    expect(inform).toMatchObject({ retryCount: 4, events: ['0 BOOTSTRAP', '1 BOOT'] });
    expect(at.client.status().retryCount).toBe(0);
  });

  it.each([
    ['120', 122_500],
    ['1', 7500],
    ['99999999', 86_402_500],
    ['Fri, 31 Dec 1999 23:59:59 GMT', 7500],
  ])(
    'leaves a busy ACS alone for as long as it asks (%s), but not for ever, and comes back apart from others',
    async (asked, waitMs) => {
      const at = new Bench();
      open.push(at);
      at.acs.busy = asked;
      await at.begin("\toption periodic_inform '0'\n");
      await expect.poll(() => at.client.status().state).toBe('waiting to retry');
      expect(at.clock.nextMs).toBe(waitMs);
    },
  );

  it('keeps a periodic inform that failed over a power cut', async () => {
    const at = await bench("\toption periodic_inform_interval '600'\n");
    await at.informs(1);
    at.acs.failing = true;
    at.clock.advance(600_000);
    await expect.poll(() => at.client.status().state).toBe('waiting to retry');
    await at.client[Symbol.asyncDispose]();
    at.acs.failing = false;
    at.runtime = new MemoryState();
    await at.start();
    expect((await at.informs(2)).events).toEqual(['1 BOOT', '2 PERIODIC']);
    expect(JSON.parse(at.state.entries.get('cwmp')!).events).toEqual([]);
  });

  it('reboots after the session, with the event of it on flash before', async () => {
    const at = await bench();
    at.acs.requests = ['<c:Reboot><CommandKey>why</CommandKey></c:Reboot>'];
    await at.informs(1);
    await expect.poll(() => at.rebooted).toHaveLength(1);
    expect(at.rebooted[0]).toContain('why ');
    expect(at.rebooted[0]).toContain('"M Reboot","commandKey":"why"');
    await at.client[Symbol.asyncDispose]();
    at.runtime = new MemoryState();
    await at.start();
    const inform = await at.informs(at.acs.informs.length + 1);
    expect(inform.events).toEqual(['1 BOOT', 'M Reboot']);
    expect(inform.keys).toEqual(['', 'why']);
  });
});

describe('ScheduleInform', () => {
  const order = (seconds: string, key: string): string =>
    `<c:ScheduleInform><DelaySeconds>${seconds}</DelaySeconds><CommandKey>${key}</CommandKey></c:ScheduleInform>`;

  it('is told when its time comes, each with its key', async () => {
    const at = await bench();
    at.acs.requests = [order('60', 'first'), order('120', 'second')];
    await at.informs(1);
    at.clock.advance(59_999);
    await at.idle();
    expect(at.acs.informs).toHaveLength(1);
    at.clock.advance(1);
    const inform = await at.informs(2);
    expect(inform.events).toEqual(['3 SCHEDULED', 'M ScheduleInform']);
    expect(inform.keys).toEqual(['', 'first']);
    at.clock.advance(60_000);
    expect((await at.informs(3)).keys).toEqual(['', 'second']);
    expect(JSON.parse(at.state.entries.get('cwmp')!)).toMatchObject({ scheduled: [], events: [] });
  });

  it('survives a power cut, whether it was due meanwhile or not', async () => {
    const at = await bench();
    at.acs.requests = [order('60', 'soon'), order('3600', 'late')];
    await at.informs(1);
    await at.client[Symbol.asyncDispose]();
    at.clock.advance(600_000);
    await at.start();
    at.clock.advance(0);
    expect((await at.informs(2)).keys).toEqual(['', 'soon']);
    at.clock.advance(3_000_000);
    expect((await at.informs(3)).keys).toEqual(['', 'late']);
  });

  it.each([['0'], ['-1'], ['soon'], ['99999999999']])('refuses DelaySeconds %s', async (seconds) => {
    const at = await bench();
    at.acs.requests = [order(seconds, 'k')];
    await at.informs(1);
    expect(at.acs.answers[0]).toContain('<FaultCode>9003</FaultCode>');
  });
});

it('puts into the Inform what the InformParameter table asks for, with the events that it names', async () => {
  const at = new Bench();
  open.push(at);
  await at.begin(
    "\nconfig inform_parameter\n\toption enable '1'\n\toption parameter 'Device.WiFi.SSID.*.SSID'\n\nconfig inform_parameter\n\toption enable '1'\n\toption parameter 'Device.WiFi.SSID.1.Enable'\n\tlist events '2 PERIODIC'\n\nconfig inform_parameter\n\toption enable '0'\n\toption parameter 'Device.WiFi.SSID.1.Status'\n",
  );
  const first = await at.informs(1);
  expect(first.parameters.get('Device.WiFi.SSID.1.SSID')).toBe('Old');
  expect(first.parameters.has('Device.WiFi.SSID.1.Enable')).toBe(false);
  at.clock.advance(86_400_000);
  const periodic = await at.informs(2);
  expect(periodic.parameters.get('Device.WiFi.SSID.1.Enable')).toBe('true');
  expect(periodic.parameters.has('Device.WiFi.SSID.1.Status')).toBe(false);
});

describe('value changes', () => {
  const attributes = (path: string, notification: number): string =>
    `<c:SetParameterAttributes><ParameterList><A><Name>${path}</Name><NotificationChange>1</NotificationChange><Notification>${notification}</Notification><AccessListChange>0</AccessListChange><AccessList/></A></ParameterList></c:SetParameterAttributes>`;
  const ssid = 'Device.WiFi.SSID.1.SSID';
  const change = (at: Bench, value: string, by: 'usp' | 'cwmp') =>
    at.fixture.model.write(
      { protocol: 'usp' },
      [{ op: 'set', path: 'Device.WiFi.SSID.1.', parameters: [{ name: 'SSID', value, required: true }] }],
      { origin: { by }, partial: false },
    );

  it('tells an active one at once, with its value, unless the ACS made it', async () => {
    const at = await bench();
    at.acs.requests = [attributes(ssid, 2)];
    await at.informs(1);
    await change(at, 'ByAcs', 'cwmp');
    await change(at, 'ByController', 'usp');
    const inform = await at.informs(2);
    expect(inform.events).toEqual(['4 VALUE CHANGE']);
    expect(inform.parameters.get(ssid)).toBe('ByController');
    at.client.inform();
    expect((await at.informs(3)).parameters.has(ssid)).toBe(false);
  });

  it('tells a passive one with the next session', async () => {
    const at = await bench();
    at.acs.requests = [attributes(ssid, 1)];
    await at.informs(1);
    await change(at, 'Quiet', 'usp');
    await at.idle();
    expect(at.acs.informs).toHaveLength(1);
    at.client.inform();
    const inform = await at.informs(2);
    expect(inform.events).toEqual(['6 CONNECTION REQUEST', '4 VALUE CHANGE']);
    expect(inform.parameters.get(ssid)).toBe('Quiet');
  });

  it('keeps the attributes over a restart', async () => {
    const at = await bench();
    at.acs.requests = [attributes(ssid, 2)];
    await at.informs(1);
    await at.client[Symbol.asyncDispose]();
    await at.start();
    await change(at, 'Later', 'usp');
    expect((await at.informs(2)).parameters.get(ssid)).toBe('Later');
  });
});

describe('connection request', () => {
  const credentials = "\toption connection_request_username 'acs'\n\toption connection_request_password 'secret'\n";
  const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
  function authorization(nonce: string, target: string, password = 'secret'): string {
    const response = md5(`${md5(`acs:tandem:${password}`)}:${nonce}:00000001:c1:auth:${md5(`GET:${target}`)}`);
    return `Digest username="acs", realm="tandem", nonce="${nonce}", uri="${target}", qop=auth, nc=00000001, cnonce="c1", response="${response}"`;
  }
  const nonceOf = (answer: { headers: Record<string, string> }): string =>
    /nonce="([^"]+)"/.exec(answer.headers['www-authenticate']!)![1]!;

  it('has no port without credentials', async () => {
    const at = await bench();
    await at.informs(1);
    expect(at.heard).toBeUndefined();
    expect(at.acs.informs[0]!.parameters.get('Device.ManagementServer.ConnectionRequestURL')).toBe('');
  });

  it('begins a session for who knows the path and the password, once for each nonce', async () => {
    const at = await bench(credentials);
    const first = await at.informs(1);
    const url = new URL(first.parameters.get('Device.ManagementServer.ConnectionRequestURL')!);
    expect(url.host).toBe('192.0.2.7:7547');
    const target = url.pathname;
    const ask = (headers: Record<string, string>, method = 'GET', path = target) =>
      at.heard!({ method, target: path, headers });
    expect(ask({}, 'GET', '/').status).toBe(404);
    expect(ask({}, 'POST').status).toBe(405);
    const wrong = ask({ authorization: authorization(nonceOf(ask({})), target, 'guess') });
    expect(wrong.status).toBe(401);
    expect(at.acs.informs).toHaveLength(1);
    const header = authorization(nonceOf(wrong), target);
    expect(ask({ authorization: header }).status).toBe(200);
    expect(ask({ authorization: header }).status).toBe(401);
    expect((await at.informs(2)).events).toEqual(['6 CONNECTION REQUEST']);
  });

  it('does not take a nonce that is too old or was never given', async () => {
    const at = await bench(credentials);
    const first = await at.informs(1);
    const target = new URL(first.parameters.get('Device.ManagementServer.ConnectionRequestURL')!).pathname;
    const nonce = nonceOf(at.heard!({ method: 'GET', target, headers: {} }));
    at.clock.advance(30_001);
    for (const offered of [nonce, 'made-up']) {
      const answer = at.heard!({ method: 'GET', target, headers: { authorization: authorization(offered, target) } });
      expect(answer.status).toBe(401);
    }
  });

  it('follows a change of address, and tells the ACS at once', async () => {
    const at = await bench(credentials);
    await at.informs(1);
    await at.client.networkChanged();
    await at.idle();
    expect(at.acs.informs).toHaveLength(1);
    at.address = '192.0.2.99';
    await at.client.networkChanged();
    const inform = await at.informs(2);
    expect(inform.events).toEqual(['4 VALUE CHANGE']);
    expect(inform.parameters.get('Device.ManagementServer.ConnectionRequestURL')).toContain('http://192.0.2.99:7547/');
  });

  it('is asked for in the family by which the ACS was reached, and it is told at once', async () => {
    const at = new Bench();
    open.push(at);
    at.address6 = '2001:db8::7';
    at.acs.localAddress = '2001:db8::7';
    await at.begin(credentials);
    const inform = await at.informs(2);
    const url = (of: typeof inform): URL => new URL(of.parameters.get('Device.ManagementServer.ConnectionRequestURL')!);
    expect(at.acs.informs.map((one) => url(one).host)).toEqual(['192.0.2.7:7547', '[2001:db8::7]:7547']);
    expect(inform.events).toEqual(['4 VALUE CHANGE']);
    at.acs.localAddress = '::ffff:192.0.2.7';
    at.client.inform();
    expect(url(await at.informs(4)).host).toBe('192.0.2.7:7547');
    at.address6 = undefined;
    at.acs.localAddress = '2001:db8::7';
    at.client.inform();
    await at.informs(5);
  });

  it('in the middle of a session begins another one after it', async () => {
    const at = await bench(credentials);
    at.acs.duringSession = () => {
      at.acs.duringSession = undefined;
      at.client.inform();
    };
    expect((await at.informs(2)).events).toEqual(['6 CONNECTION REQUEST']);
  });
});

it('starts as if never bootstrapped when its state is damaged', async () => {
  const at = new Bench();
  open.push(at);
  at.state.entries.set('cwmp', '{"bootstrapped":"http://acs.example/"');
  await at.begin();
  expect((await at.informs(1)).events).toEqual(['0 BOOTSTRAP', '1 BOOT']);
});

it('does what the configuration says while it runs: off, and on again', async () => {
  const at = await bench();
  await at.informs(1);
  const enable = (value: string) =>
    at.fixture.model.write(
      { protocol: 'cwmp' },
      [{ op: 'set', path: 'Device.ManagementServer.', parameters: [{ name: 'EnableCWMP', value, required: true }] }],
      { origin: { by: 'cli' }, partial: false },
    );
  await enable('false');
  await expect.poll(() => at.client.status().state).toBe('off');
  at.client.inform();
  at.clock.advance(200_000_000);
  expect(at.acs.informs).toHaveLength(1);
  await enable('true');
  expect((await at.informs(2)).events).toEqual(['6 CONNECTION REQUEST']);
});

it('says in the log what failed and never the password', async () => {
  const at = new Bench();
  open.push(at);
  at.acs.failing = true;
  await at.begin("\toption password 'very-secret'\n");
  await expect.poll(() => at.client.status().last?.ok).toBe(false);
  expect(JSON.stringify(at.client.status())).not.toContain('very-secret');
  expect(at.client.status().last!.said).toBe('no route to the ACS');
});

describe('a change of what carries the session', () => {
  const read =
    '<c:GetParameterValues><ParameterNames><string>Device.WiFi.SSID.1.SSID</string></ParameterNames></c:GetParameterValues>';
  const told = (at: Bench): number => at.bus.invoked.filter((call) => call === 'service event').length;

  it('is written and read at once, Status 1, and taken over when the session is over', async () => {
    const at = await bench();
    await at.informs(1);
    const during: number[] = [];
    at.acs.duringSession = () => during.push(told(at));
    at.acs.requests = [setValue('Device.WiFi.SSID.1.SSID', 'New'), read];
    at.client.inform();
    await at.informs(2);
    expect(at.acs.answers[0]).toContain('<Status>1</Status>');
    expect(at.acs.answers[1]).toContain('>New</Value>');
    expect(during).toEqual([0, 0, 0]);
    expect(told(at)).toBe(1);
  });

  it('is taken over when the session has failed, too', async () => {
    const at = await bench();
    await at.informs(1);
    at.acs.requests = [setValue('Device.WiFi.SSID.1.SSID', 'New'), '<c:InformResponse/>'];
    at.client.inform();
    await expect.poll(() => told(at)).toBe(1);
    expect(at.client.status().last?.ok).toBe(false);
    expect(at.fixture.config('wireless')).toContain('New');
  });

  it('leaves the rest at Status 0', async () => {
    const at = await bench();
    at.acs.requests = [setValue('Device.ManagementServer.PeriodicInformInterval', '4000')];
    await at.informs(1);
    expect(at.acs.answers[0]).toContain('<Status>0</Status>');
  });
});

describe('a transfer', () => {
  const download =
    '<c:Download><CommandKey>dl</CommandKey><FileType>3 Vendor Configuration File</FileType><URL>https://files.example/a</URL></c:Download>';

  it('begins after the session that ordered it, and is told in one that begins when it is over', async () => {
    const at = await bench();
    at.acs.requests = [download];
    at.acs.duringSession = () => expect(at.files.running).toBe(0);
    await at.informs(1);
    await expect.poll(() => at.files.running).toBe(1);
    at.files.finish();
    await expect.poll(() => at.files.running).toBe(1);
    at.files.finish();
    const inform = await at.informs(2);
    expect(inform.events).toEqual(['7 TRANSFER COMPLETE', 'M Download']);
    expect(inform.keys).toEqual(['', 'dl']);
    expect(at.acs.said).toEqual(['TransferComplete']);
    expect(at.client.status().pending).toEqual([]);
    at.client.inform();
    expect((await at.informs(3)).events).toEqual(['6 CONNECTION REQUEST']);
  });

  it('that ends while a session begins is told in the next one, whose Inform announces it', async () => {
    const at = await bench();
    at.acs.requests = [download];
    await at.informs(1);
    await expect.poll(() => at.files.running).toBe(1);
    at.acs.opening = () => {
      at.acs.opening = undefined;
      at.files.finish({ ok: false, fault: { kind: 'corrupted', message: '', retryable: false } });
    };
    const events: string[][] = [];
    const said: number[] = [];
    at.acs.duringSession = () => {
      events.push(at.acs.informs.at(-1)!.events);
      said.push(at.acs.said.length);
    };
    at.client.inform();
    await at.informs(3);
    expect(events).toEqual([['6 CONNECTION REQUEST'], ['7 TRANSFER COMPLETE', 'M Download']]);
    expect(said).toEqual([0, 1]);
  });

  it('is told again when the session failed before its acknowledgement, and over a boot', async () => {
    const at = await bench();
    at.acs.requests = [download];
    at.files.outcomes.push({ ok: true, value: undefined }, { ok: true, value: undefined });
    at.acs.refusing = 'TransferComplete';
    const failed = await at.informs(2);
    expect(failed.events).toEqual(['7 TRANSFER COMPLETE', 'M Download']);
    await expect.poll(() => at.client.status().state).toBe('waiting to retry');
    await at.client[Symbol.asyncDispose]();
    at.runtime = new MemoryState();
    at.acs.refusing = undefined;
    await at.start();
    expect((await at.informs(3)).events).toEqual(['1 BOOT', '7 TRANSFER COMPLETE', 'M Download']);
    expect(at.acs.said).toEqual(['TransferComplete']);
  });
});

describe('a planned reboot', () => {
  const plan = (name: string, value: string): string => setValue(`Device.ManagementServer.${name}`, value);
  const value = async (at: Bench, name: string): Promise<string | undefined> => {
    const [reading] = await at.fixture.model.get({ protocol: 'cwmp' }, [`Device.ManagementServer.${name}`]);
    return reading?.result.ok ? reading.result.value[0]?.parameters[0]?.value : undefined;
  };
  const boot = async (at: Bench): Promise<void> => {
    await at.client[Symbol.asyncDispose]();
    at.runtime = new MemoryState();
    await at.start();
  };

  it('comes so long after the session in which DelayReboot was set, and no second one follows', async () => {
    const at = await bench();
    at.acs.requests = [plan('DelayReboot', '60')];
    await at.informs(1);
    expect(await value(at, 'DelayReboot')).toBe('60');
    at.clock.advance(59_999);
    await at.idle();
    expect(at.rebooted).toEqual([]);
    at.clock.advance(1);
    await expect.poll(() => at.rebooted).toHaveLength(1);
    await boot(at);
    expect((await at.informs(2)).events).toEqual(['1 BOOT']);
    expect(await value(at, 'DelayReboot')).toBe('-1');
    at.clock.advance(3600_000);
    await at.idle();
    expect(at.rebooted).toHaveLength(1);
  });

  it('comes when ScheduleReboot says, once, even if the boot sets the clock back', async () => {
    const at = await bench();
    at.acs.requests = [plan('ScheduleReboot', '2026-01-01T00:30:00Z')];
    await at.informs(1);
    at.clock.advance(1_799_999);
    await at.idle();
    expect(at.rebooted).toEqual([]);
    await at.client[Symbol.asyncDispose]();
    await at.start();
    at.clock.advance(1);
    await expect.poll(() => at.rebooted).toHaveLength(1);
    at.clock.set(Date.parse('2026-01-01T00:29:00Z'));
    await boot(at);
    await at.informs(2);
    at.clock.advance(600_000);
    await at.idle();
    expect(at.rebooted).toHaveLength(1);
    expect(await value(at, 'ScheduleReboot')).toBe('2026-01-01T00:30:00Z');
  });

  it('in the past is none, and one that is taken back does not come', async () => {
    const at = await bench();
    at.acs.requests = [
      plan('ScheduleReboot', '2025-12-31T00:00:00Z'),
      plan('DelayReboot', '60'),
      plan('DelayReboot', '-1'),
    ];
    await at.informs(1);
    at.clock.advance(3600_000);
    await at.idle();
    expect(at.rebooted).toEqual([]);
  });
});
