import { expect, it } from 'vitest';
import { patient, startCpe } from '../../support/cpe.ts';

// A whole session under TR-098's root, with an ACS that checks every envelope.
it('an ACS that knows TR-098 only bootstraps, reads, writes and is notified', async () => {
  await using cpe = await startCpe({ root: 'InternetGatewayDevice' });
  await cpe.informed(1);
  const { parameters } = cpe.acs.informs[0]!;
  const root = 'InternetGatewayDevice.';
  expect([...parameters.keys()].filter((name) => !name.startsWith(root))).toEqual([]);
  for (const name of [
    'DeviceSummary',
    'DeviceInfo.SpecVersion',
    'DeviceInfo.SoftwareVersion',
    'ManagementServer.ParameterKey',
  ]) {
    expect([...parameters.keys()]).toContain(root + name);
  }
  expect(parameters.get(`${root}ManagementServer.ConnectionRequestURL`)).toBe('');

  const names = await cpe.call({ rpc: 'GetParameterNames', path: '', nextLevel: true });
  expect([...names.names!.keys()]).toEqual([root]);
  const all = await cpe.call({ rpc: 'GetParameterValues', names: [''] });
  expect([...all.values!.keys()].every((name) => name.startsWith(root))).toBe(true);
  expect((await cpe.call({ rpc: 'GetParameterValues', names: ['Device.DeviceInfo.'] })).fault?.code).toBe(9005);

  const interval = `${root}ManagementServer.PeriodicInformInterval`;
  const bad = await cpe.call({
    rpc: 'SetParameterValues',
    values: [
      { name: interval, value: '600', type: 'xsd:unsignedInt' },
      { name: `${root}DeviceInfo.UpTime`, value: '1', type: 'xsd:unsignedInt' },
    ],
  });
  expect(bad.fault?.parameters).toMatchObject([{ name: `${root}DeviceInfo.UpTime`, code: 9008 }]);
  const good = await cpe.call({
    rpc: 'SetParameterValues',
    values: [{ name: interval, value: '600', type: 'xsd:unsignedInt' }],
  });
  expect(good.status).toBe(0);
  expect(cpe.fixture.config('tandem')).toContain("option periodic_inform_interval '600'");

  await cpe.call({ rpc: 'SetParameterAttributes', attributes: [{ name: interval, notification: 2 }] });
  const informs = cpe.acs.informs.length;
  const parameters900 = [{ name: 'PeriodicInformInterval', value: '900', required: true }];
  const written = await cpe.fixture.model.write(
    { protocol: 'cwmp' },
    [{ op: 'set', path: 'Device.ManagementServer.', parameters: parameters900 }],
    { origin: { by: 'usp', peer: 'controller' }, partial: false },
  );
  expect(written.committed).toBe(true);
  await expect.poll(() => cpe.acs.informs.length, patient).toBeGreaterThan(informs);
  const told = cpe.acs.informs.at(-1)!;
  expect(told.events.map(({ code }) => code)).toEqual(['4 VALUE CHANGE']);
  expect(told.parameters.get(interval)).toBe('900');
  await cpe.idle();
  expect(cpe.acs.violations).toEqual([]);
});
