import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { RootedFiles } from '#platform';
import { GatewayInfo } from '#services';
import { type Cpe, startCpe } from '../../support/cpe.ts';
import { opt125 } from '../../support/dhcp-options.ts';
import type { ModelFixture } from '../../support/model-fixture.ts';

let cpe: Cpe;
let gateway: GatewayInfo;
afterEach(() => cpe[Symbol.asyncDispose]());

const file = (root: string): string => join(root, 'var/run/tandem/dhcp/wan');
function lease(root: string, serialNumber: string): void {
  mkdirSync(join(file(root), '..'), { recursive: true });
  const text = opt125([
    [4, '001122'],
    [5, serialNumber],
    [6, 'Gate'],
  ]);
  writeFileSync(file(root), `opt125 ${text}\n`);
}
const prepare = (serialNumber?: string) => async (fixture: ModelFixture) => {
  gateway = new GatewayInfo(fixture.model, new RootedFiles(fixture.root));
  if (serialNumber !== undefined) lease(fixture.root, serialNumber);
  await gateway.look();
};
const told = (index: number): Record<string, string> =>
  Object.fromEntries(
    [...cpe.acs.informs[index]!.parameters].filter(([name]) => name.startsWith('Device.GatewayInfo.')),
  );
const codes = (index: number): string[] => cpe.acs.informs[index]!.events.map(({ code }) => code);

it('the gateway that has named itself is in every Inform, and its change is told at once', async () => {
  cpe = await startCpe({ prepare: prepare('G1') });
  await cpe.informed(1);
  expect(told(0)).toEqual({
    'Device.GatewayInfo.ManufacturerOUI': '001122',
    'Device.GatewayInfo.ProductClass': 'Gate',
    'Device.GatewayInfo.SerialNumber': 'G1',
  });
  lease(cpe.fixture.root, 'G2');
  await gateway.look();
  await cpe.informed(2);
  expect(codes(1)).toEqual(['4 VALUE CHANGE']);
  expect(told(1)['Device.GatewayInfo.SerialNumber']).toBe('G2');
  rmSync(file(cpe.fixture.root));
  await gateway.look();
  await cpe.informed(3);
  expect(told(2)['Device.GatewayInfo.SerialNumber']).toBe('');
});

it('without one there is nothing of it in an Inform', async () => {
  cpe = await startCpe({ prepare: prepare() });
  await cpe.informed(1);
  expect(told(0)).toEqual({});
});

it('a controller hears of the gateway as an event', async () => {
  cpe = await startCpe({ prepare: prepare() });
  const heard: unknown[] = [];
  const request = { paths: ['Device.GatewayInfo.CWMPGatewayDiscovered!'], kinds: ['event'] } as const;
  const watch = await cpe.fixture.model.watch({ protocol: 'usp' }, request, (change) => {
    if (change.kind === 'event') heard.push(change.args);
  });
  expect(watch.ok).toBe(true);
  lease(cpe.fixture.root, 'G1');
  await gateway.look();
  await gateway.look();
  expect(heard).toEqual([{ ManufacturerOUI: '001122', ProductClass: 'Gate', SerialNumber: 'G1' }]);
  const [reading] = await cpe.fixture.model.get({ protocol: 'usp' }, ['Device.GatewayInfo.ManagementProtocol']);
  expect(reading!.result.ok && reading!.result.value[0]!.parameters[0]!.value).toBe('CWMP');
});

it('standby is neither offered nor told of', async () => {
  cpe = await startCpe({ prepare: prepare() });
  await cpe.informed(1);
  expect(cpe.fixture.model.supported('cwmp').object('Device.ManagementServer.StandbyPolicy.')).toBeUndefined();
  expect(codes(0)).not.toContain('13 WAKEUP');
});

it('devices that name themselves are told of, no more often than the ACS wants to hear', async () => {
  const count = 'Device.ManagementServer.ManageableDeviceNumberOfEntries';
  const device = (root: string, number: number): void => {
    const directory = join(root, 'var/run/tandem/lan');
    mkdirSync(directory, { recursive: true });
    const mac = `02:00:00:00:00:0${number}`;
    writeFileSync(join(directory, mac), `mac: ${mac}\noui: 00112${number}\nserial: S${number}\nclass: \n`);
  };
  cpe = await startCpe({ prepare: prepare(), cwmp: "\toption manageable_device_limit '60'\n" });
  await cpe.informed(1);
  await cpe.call({ rpc: 'SetParameterAttributes', attributes: [{ name: count, notification: 2 }] });
  const { length } = cpe.acs.informs;
  const came = async (number: number): Promise<void> => {
    device(cpe.fixture.root, number);
    await cpe.fixture.model.changed();
  };
  await came(1);
  await cpe.informed(length + 1);
  expect(cpe.acs.informs[length]!.parameters.get(count)).toBe('1');
  await came(2);
  await came(3);
  cpe.clock.advance(59_000);
  await cpe.idle();
  expect(cpe.acs.informs).toHaveLength(length + 1);
  cpe.clock.advance(1000);
  await cpe.informed(length + 2);
  expect(cpe.acs.informs[length + 1]!.parameters.get(count)).toBe('3');
  // What goes with another session needs none of its own.
  await came(4);
  cpe.client.inform();
  await cpe.informed(length + 3);
  expect(cpe.acs.informs[length + 2]!.parameters.get(count)).toBe('4');
  cpe.clock.advance(60_000);
  await cpe.idle();
  expect(cpe.acs.informs).toHaveLength(length + 3);
});
