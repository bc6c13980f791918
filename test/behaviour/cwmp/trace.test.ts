import { afterEach, expect, it } from 'vitest';
import { type Cpe, patient, startCpe } from '../../support/cpe.ts';
import { type TraceLine, traceOf } from '../../support/cwmp-trace.ts';
import { envelope, ScriptedAcs } from '../../support/scripted-acs.ts';

const open: (AsyncDisposable | Disposable)[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) {
    if (Symbol.asyncDispose in one) await one[Symbol.asyncDispose]();
    else one[Symbol.dispose]();
  }
});

async function session(
  prepare: (acs: ScriptedAcs) => void,
  watched = true,
): Promise<{ readonly lines: readonly TraceLine[]; readonly cpe: Cpe }> {
  const acs = new ScriptedAcs();
  open.push(acs);
  prepare(acs);
  const trace = traceOf(watched);
  const cpe = await startCpe({ url: await acs.listen(), trace });
  open.push(cpe);
  await expect.poll(() => cpe.client.status().last, patient).toBeDefined();
  await cpe.idle();
  return { lines: trace.lines, cpe };
}

it('the messages of a session are shown in order, one parameter a line', async () => {
  const { lines } = await session((acs) => {
    acs.requests = [
      '<c:GetParameterValues><ParameterNames><string>Device.WiFi.SSID.1.SSID</string></ParameterNames></c:GetParameterValues>',
    ];
  });
  expect(lines.map(({ direction, title }) => `${direction} ${title.split(' ')[0]}`)).toEqual([
    'out Inform',
    'in InformResponse',
    'out nothing',
    'in GetParameterValues',
    'out GetParameterValuesResponse',
    'in nothing',
  ]);
  expect(lines[4]!.lines).toContain('  Device.WiFi.SSID.1.SSID = Old');
  expect(lines[0]!.lines.join('\n')).toContain('EventCode: 0 BOOTSTRAP');
});

it('secrets are masked: by the data model, by alias, by name, and in transfers', async () => {
  const secrets = ['secret-one', 'secret-two', 'secret-three', 'secret-four', 'secret-five'];
  const set = (name: string, value: string): string =>
    `<ParameterValueStruct><Name>${name}</Name><Value>${value}</Value></ParameterValueStruct>`;
  const { lines } = await session((acs) => {
    acs.requests = [
      `<c:SetParameterValues><ParameterList>${set('Device.ManagementServer.Password', secrets[0]!)}${set('Device.WiFi.AccessPoint.1.Security.KeyPassphrase', secrets[1]!)}${set('Device.WiFi.AccessPoint.[cpe-1].Security.KeyPassphrase', secrets[2]!)}${set('Device.X_Some_Password', secrets[3]!)}</ParameterList><ParameterKey/></c:SetParameterValues>`,
      `<c:Download><CommandKey/><FileType>3 Vendor Configuration File</FileType><URL>http://a/</URL><Username>u</Username><Password>${secrets[4]}</Password><FileSize>0</FileSize><TargetFileName/><DelaySeconds>0</DelaySeconds><SuccessURL/><FailureURL/></c:Download>`,
    ];
  });
  const text = JSON.stringify(lines);
  for (const secret of secrets) expect(text).not.toContain(secret);
  expect(text.match(/\(secret\)/g)!.length).toBeGreaterThanOrEqual(6);
});

it('what is no envelope is not shown, and nothing a terminal would obey', async () => {
  const { lines } = await session((acs) => {
    acs.mischief = (body, response) => {
      if (body.includes('<cwmp:Inform>')) acs.good(body, response);
      else
        response.end(
          body === '' ? envelope('<c:Reboot><CommandKey>a&#x9;&#x9b;2Jb</CommandKey></c:Reboot>') : 'password=!!',
        );
    };
  });
  const text = JSON.stringify(lines);
  expect(text).toContain('CommandKey: a 2Jb');
  expect(text).not.toContain('!!');
  expect(text).toContain('no envelope, 11 characters');
});

it('nothing is made for nobody', async () => {
  const { lines } = await session(() => {}, false);
  expect(lines).toEqual([]);
});

it('the status counts sessions, and says why the last one failed', async () => {
  const { cpe } = await session((acs) => {
    acs.mischief = (_body, response) => response.writeHead(500).end();
  });
  expect(cpe.client.status().counts).toEqual({ ended: 0, failed: 1, served: 0 });
  expect(cpe.client.status().lastError).toContain('CWMP_STATUS: the ACS answered 500');
});

it('the trace says why there is no answer', async () => {
  const { lines } = await session((acs) => {
    acs.mischief = (_body, response) => response.writeHead(404).end();
  });
  expect(lines.at(-1)).toMatchObject({ title: 'no answer', lines: ['the ACS answered 404: there is nothing at /'] });
});
