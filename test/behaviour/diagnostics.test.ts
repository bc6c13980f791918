import { expect, it } from 'vitest';
import { runCli } from '../support/agent-process.ts';
import { startManagedRouter } from '../support/managed-router.ts';

it('the device tests itself for the CLI, for a controller and for the ACS', async () => {
  await using managed = await startManagedRouter();
  const { acs, controller, device, dist, router } = managed;
  const endpoint = 'os::00D09E-LAB0001';
  const diagnostics = 'Device.IP.Diagnostics.';
  const onCli = (command: string, ...args: string[]) => runCli(dist, router, 'operate', command, ...args);
  const target = ['Host=acs.example', 'ProtocolVersion=IPv4'];
  const ping = [...target, 'NumberOfRepetitions=4', 'Timeout=500', 'DataBlockSize=64'];
  expect(await onCli(`${diagnostics}IPPing()`, ...ping)).toEqual({
    code: 0,
    err: '',
    out: `${diagnostics}IPPing()
  Status=Complete
  IPAddressUsed=192.0.2.10
  SuccessCount=4
  FailureCount=0
  AverageResponseTime=13
  MinimumResponseTime=11
  MaximumResponseTime=16
  AverageResponseTimeDetailed=12871
  MinimumResponseTimeDetailed=11204
  MaximumResponseTimeDetailed=15539
`,
  });
  const route = await onCli(`${diagnostics}TraceRoute()`, ...target, 'Interface=Device.IP.Interface.1');
  expect(route.out).toContain('  RouteHops.3.HostAddress=192.0.2.10\n');
  const lookup = ['HostName=acs.example', 'DNSServer=', 'Timeout=2000', 'NumberOfRepetitions=2'];
  const looked = await onCli('Device.DNS.Diagnostics.NSLookupDiagnostics()', ...lookup);
  expect(looked.out).toContain('  Result.2.IPAddresses=192.0.2.10\n');
  const scan = await onCli('Device.WiFi.NeighboringWiFiDiagnostic()');
  expect(scan.out).toMatch(/Result\.\d\.SSID=Werkstatt\n {2}Result\.\d\.BSSID=9C:C7:A6:44:90:1E/);
  expect(scan.out).toContain('.Radio=Device.WiFi.Radio.2\n');

  const args = Object.fromEntries(ping.map((pair) => pair.split('=') as [string, string]));
  const operate = (command: string, inputArgs: Record<string, string>) =>
    controller.ask(endpoint, { operate: { command, commandKey: 'k', sendResp: true, inputArgs } }, 'operateResp');
  const paramSettings = [
    ['ID', 'ended'],
    ['Enable', 'true'],
    ['NotifType', 'OperationComplete'],
    ['ReferenceList', diagnostics],
  ].map(([param, value]) => ({ param: param!, value: value!, required: true }));
  const createObjs = [{ objPath: 'Device.LocalAgent.Subscription.', paramSettings }];
  expect((await controller.ask(endpoint, { add: { allowPartial: false, createObjs } }, 'addResp')).ok).toBe(true);
  await operate(`${diagnostics}IPPing()`, args);
  const ended = await controller.notification(({ operComplete }) => operComplete !== undefined);
  expect(ended.operComplete).toMatchObject({
    objPath: diagnostics,
    commandName: 'IPPing()',
    reqOutputArgs: { outputArgs: { Status: 'Complete', SuccessCount: '4' } },
  });
  const slow = await operate(`${diagnostics}IPPing()`, { ...args, Host: 'slow.example', Timeout: '100000' });
  if (!slow.ok) throw new Error(slow.fault.errMsg);
  const row = slow.value.operationResults[0]!.reqObjPath!;
  await operate(`${row}Cancel()`, {});
  const canceled = await controller.notification(({ operComplete }) => operComplete?.cmdFailure !== undefined);
  expect(canceled.operComplete!.cmdFailure!.errCode).toBe(7023);

  const traced = `${diagnostics}TraceRoute.`;
  const seen = acs.informs.length;
  const asked = acs.call(device, {
    rpc: 'SetParameterValues',
    values: [
      { name: `${traced}DiagnosticsState`, value: 'Requested' },
      { name: `${traced}Host`, value: 'acs.example' },
    ],
  });
  await runCli(dist, router, 'inform');
  expect(await asked).toEqual({ status: 0 });
  const complete = ({ events }: { events: readonly { code: string }[] }) =>
    events.some(({ code }) => code === '8 DIAGNOSTICS COMPLETE');
  const results = acs.call(device, { rpc: 'GetParameterValues', names: [traced] });
  await acs.inform(complete, seen);
  const { values } = await results;
  expect(Object.fromEntries(values!)).toMatchObject({
    [`${traced}DiagnosticsState`]: 'Complete',
    [`${traced}Host`]: 'acs.example',
    [`${traced}RouteHopsNumberOfEntries`]: '3',
    [`${traced}RouteHops.1.Host`]: 'gateway.example',
    [`${traced}RouteHops.3.RTTimes`]: '12,12,13',
  });
  const again = acs.call(device, {
    rpc: 'SetParameterValues',
    values: [{ name: `${traced}MaxHopCount`, value: '2', type: 'xsd:unsignedInt' }],
  });
  const state = acs.call(device, { rpc: 'GetParameterValues', names: [`${traced}DiagnosticsState`] });
  await runCli(dist, router, 'inform');
  await again;
  expect((await state).values!.get(`${traced}DiagnosticsState`)).toBe('None');
  const wrong = acs.call(device, {
    rpc: 'SetParameterValues',
    values: [{ name: `${traced}DiagnosticsState`, value: 'Complete' }],
  });
  await runCli(dist, router, 'inform');
  expect((await wrong).fault).toMatchObject({ code: 9003, parameters: [{ code: 9007 }] });
  expect(acs.violations).toEqual([]);
}, 60_000);
