import { afterEach, describe, expect, it } from 'vitest';
import { Bench, setValue } from '../../support/cwmp-bench.ts';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one[Symbol.asyncDispose]();
});
async function bench(cwmp = ''): Promise<Bench> {
  const made = new Bench();
  open.push(made);
  return await made.begin(cwmp);
}
const reboot = '<c:Reboot><CommandKey>why</CommandKey></c:Reboot>';

describe('what the ACS has ordered for the end of a session', () => {
  it('is a reset when it has ordered a reboot as well, whichever came first', async () => {
    for (const order of [
      [reboot, '<c:FactoryReset/>'],
      ['<c:FactoryReset/>', reboot],
    ]) {
      const at = await bench();
      at.acs.requests = order;
      await at.informs(1);
      await expect.poll(() => at.reset).toBe(1);
      expect(at.rebooted).toEqual([]);
    }
  });

  it('is done when the session breaks after the ACS has taken the answer, and not when it has not', async () => {
    const at = await bench();
    at.acs.requests = [reboot];
    at.acs.breaking = (body) => body.includes('RebootResponse');
    await at.informs(1);
    expect(at.rebooted).toEqual([]);
    at.acs.requests = [reboot, '<c:GetRPCMethods/>'];
    at.acs.breaking = (body) => body.includes('GetRPCMethodsResponse');
    at.client.inform();
    await at.informs(2);
    await expect.poll(() => at.rebooted).toHaveLength(1);
    expect(at.rebooted[0]).toContain('"M Reboot","commandKey":"why"');
  });
});

describe('a full flash', () => {
  const fill = (at: Bench): void => {
    at.state.write = async () => {
      throw new Error('no space left on device');
    };
  };

  it('keeps neither a reboot nor the sessions after it from coming', async () => {
    const at = await bench();
    await at.informs(1);
    fill(at);
    at.acs.requests = [reboot];
    at.client.inform();
    await at.informs(2);
    await expect.poll(() => at.rebooted).toHaveLength(1);
  });

  it('keeps no planned reboot from coming, nor a session from ending well, when it is that of the memory', async () => {
    const at = new Bench();
    open.push(at);
    at.runtime.write = async () => {
      throw new Error('no space left on device');
    };
    at.acs.requests = [setValue('Device.ManagementServer.DelayReboot', '60')];
    await at.begin();
    await at.informs(1);
    expect(at.client.status()).toMatchObject({ state: 'idle', pending: [], last: { ok: true } });
    await expect.poll(() => at.clock.nextMs).toBe(60_000);
    at.clock.advance(60_000);
    await expect.poll(() => at.rebooted).toHaveLength(1);
  });

  it('does not end the retries of a session that failed', async () => {
    const at = await bench("\toption periodic_inform_interval '600'\n");
    await at.informs(1);
    fill(at);
    at.acs.failing = true;
    at.clock.advance(600_000);
    await expect.poll(() => at.client.status().state).toBe('waiting to retry');
    at.acs.failing = false;
    at.clock.advance(60_000);
    expect((await at.informs(2)).events).toEqual(['2 PERIODIC']);
  });

  it('is no reason to tell what was acknowledged once more', async () => {
    const at = new Bench();
    open.push(at);
    fill(at);
    await at.begin();
    expect((await at.informs(1)).events).toEqual(['0 BOOTSTRAP', '1 BOOT']);
    expect(at.client.status()).toMatchObject({ state: 'idle', pending: [] });
  });
});

describe('notification of a row', () => {
  const attribute = (name: string, kind: number): string =>
    `<c:SetParameterAttributes><ParameterList><S><Name>${name}</Name><NotificationChange>1</NotificationChange><Notification>${kind}</Notification><AccessListChange>0</AccessListChange><AccessList/></S></ParameterList></c:SetParameterAttributes>`;
  const table = 'Device.ManagementServer.InformParameter.';
  const add = `<c:AddObject><ObjectName>${table}</ObjectName><ParameterKey/></c:AddObject>`;

  it('goes with the row, and the others stay', async () => {
    const at = await bench();
    at.acs.requests = [
      add,
      attribute(`${table}1.`, 2),
      attribute('Device.WiFi.SSID.1.SSID', 2),
      `<c:DeleteObject><ObjectName>${table}1.</ObjectName><ParameterKey/></c:DeleteObject>`,
      attribute('Device.DeviceInfo.UpTime', 1),
    ];
    await at.informs(1);
    expect(at.acs.answers.map((answer) => /Body><(?:cwmp|soap-env):(\w+)/.exec(answer)![1])).toEqual([
      'AddObjectResponse',
      'SetParameterAttributesResponse',
      'SetParameterAttributesResponse',
      'DeleteObjectResponse',
      'SetParameterAttributesResponse',
    ]);
    const kept = (): string[] => Object.keys(JSON.parse(at.state.entries.get('cwmp')!).attributes);
    expect(kept().filter((path) => path.startsWith(table))).toEqual([]);
    await at.fixture.model.write(
      { protocol: 'usp' },
      [{ op: 'set', path: 'Device.WiFi.SSID.1.', parameters: [{ name: 'SSID', value: 'New', required: true }] }],
      { origin: { by: 'cli' }, partial: false },
    );
    const inform = await at.informs(2);
    expect(inform.events).toEqual(['4 VALUE CHANGE']);
    expect(inform.parameters.get('Device.WiFi.SSID.1.SSID')).toBe('New');
  });
});

it('tells a parameter once, however many rows of the InformParameter table and changes find it', async () => {
  const at = await bench();
  const rows = 'Device.ManagementServer.InformParameter.';
  const found = ['Device.WiFi.SSID.*.SSID', 'Device.WiFi.SSID.1.SSID'];
  at.acs.requests = found.flatMap((name, index) => [
    `<c:AddObject><ObjectName>${rows}</ObjectName><ParameterKey/></c:AddObject>`,
    setValue(`${rows}${index + 1}.ParameterName`, name),
    setValue(`${rows}${index + 1}.Enable`, '1'),
  ]);
  await at.informs(1);
  let names: string[] = [];
  at.acs.breaking = (body) => {
    if (body.includes('<cwmp:Inform>')) names = [...body.matchAll(/<Name>([^<]+)/g)].map(([, name]) => name!);
    return false;
  };
  at.client.inform();
  await at.informs(2);
  expect(names).toContain('Device.WiFi.SSID.1.SSID');
  expect(names).toEqual([...new Set(names)]);
});

describe('changes that are not told yet', () => {
  const attribute = (name: string, kind: number): string =>
    `<c:SetParameterAttributes><ParameterList><S><Name>${name}</Name><NotificationChange>1</NotificationChange><Notification>${kind}</Notification></S></ParameterList></c:SetParameterAttributes>`;
  const ssid = 'Device.WiFi.SSID.1.SSID';
  const change = (at: Bench, value: string) =>
    at.fixture.model.write(
      { protocol: 'usp' },
      [{ op: 'set', path: 'Device.WiFi.SSID.1.', parameters: [{ name: 'SSID', value, required: true }] }],
      { origin: { by: 'cli' }, partial: false },
    );
  const restart = async (at: Bench): Promise<void> => {
    await at.client[Symbol.asyncDispose]();
    await at.start();
  };

  it('outlive a restart of the agent: what is active begins a session, once', async () => {
    const at = await bench();
    at.acs.requests = [attribute(ssid, 2)];
    await at.informs(1);
    at.acs.failing = true;
    await change(at, 'New');
    await expect.poll(() => at.client.status().state).toBe('waiting to retry');
    at.acs.failing = false;
    await restart(at);
    const inform = await at.informs(2);
    expect(inform.events).toEqual(['4 VALUE CHANGE']);
    expect(inform.parameters.get(ssid)).toBe('New');
    await restart(at);
    at.client.inform();
    expect((await at.informs(3)).parameters.has(ssid)).toBe(false);
  });

  it('outlive it, too, where they are passive, and no boot of the device', async () => {
    const at = await bench();
    at.acs.requests = [attribute(ssid, 1)];
    await at.informs(1);
    await change(at, 'New');
    await restart(at);
    expect(at.acs.informs).toHaveLength(1);
    at.client.inform();
    expect((await at.informs(2)).parameters.get(ssid)).toBe('New');
    await change(at, 'Newer');
    at.runtime.entries.clear();
    await restart(at);
    expect((await at.informs(3)).parameters.has(ssid)).toBe(false);
  });
});

describe('what is owed to an ACS that has not acknowledged its BOOTSTRAP', () => {
  const download =
    '<c:Download><CommandKey>dl</CommandKey><FileType>3 Vendor Configuration File</FileType><URL>https://files.example/a</URL></c:Download>';
  const done = { ok: true, value: undefined } as const;
  const reboot = async (at: Bench): Promise<void> => {
    await at.client[Symbol.asyncDispose]();
    at.runtime.entries.clear();
    await at.start();
  };

  it('is owed to it after a boot as well', async () => {
    const at = new Bench();
    open.push(at);
    at.acs.requests = [download, '<c:GetRPCMethods/>'];
    at.acs.breaking = (body) => {
      at.acs.failing ||= body.includes('GetRPCMethodsResponse');
      return at.acs.failing;
    };
    at.files.outcomes.push(done, done);
    await at.begin();
    await expect.poll(() => at.state.entries.get('cwmp-transfers')).toContain('TransferComplete');
    at.acs.breaking = undefined;
    at.acs.failing = false;
    await reboot(at);
    const inform = await at.informs(2);
    expect(inform.events).toEqual(['0 BOOTSTRAP', '1 BOOT', '7 TRANSFER COMPLETE', 'M Download']);
    expect(at.acs.said).toEqual(['TransferComplete']);
  });

  it('is forgotten when there is yet another one', async () => {
    const at = await bench();
    at.acs.requests = [download];
    await at.informs(1);
    await expect.poll(() => at.files.running).toBe(1);
    at.acs.failing = true;
    at.files.outcomes.push(done);
    at.files.finish();
    await expect.poll(() => at.state.entries.get('cwmp-transfers') ?? '').toContain('TransferComplete');
    await at.fixture.model.write(
      { protocol: 'cwmp' },
      [
        {
          op: 'set',
          path: 'Device.ManagementServer.',
          parameters: [{ name: 'URL', value: 'http://other.example/', required: true }],
        },
      ],
      { origin: { by: 'cli' }, partial: false },
    );
    await expect.poll(() => at.state.entries.get('cwmp')).toContain('"newTo":"http://other.example/"');
    expect(at.state.entries.get('cwmp-transfers')).toBeUndefined();
    at.acs.failing = false;
    await reboot(at);
    expect((await at.informs(2)).events).toEqual(['0 BOOTSTRAP', '1 BOOT']);
    expect(at.acs.said).toEqual([]);
    expect(JSON.parse(at.state.entries.get('cwmp')!)).toMatchObject({ bootstrapped: 'http://other.example/' });
    expect(at.state.entries.get('cwmp')).not.toContain('newTo');
  });
});
