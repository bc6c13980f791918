import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startManagedRouter } from '../support/managed-router.ts';

it('a change made through CWMP is a ValueChange on USP and the other way round; both land in the UCI file', async () => {
  await using managed = await startManagedRouter();
  const { acs, controller, device, router } = managed;
  const wireless = (): string => readFileSync(join(router.root, 'etc/config/wireless'), 'utf8');
  const option = (name: string): string =>
    new RegExp(`option ${name} '([^']*)'`).exec(readFileSync(join(router.root, 'etc/config/tandem'), 'utf8'))![1]!;
  const endpoint = 'os::00D09E-LAB0001';
  const ssid = 'Device.WiFi.SSID.1.SSID';

  const setting = (param: string, value: string) => ({ param, value, required: true });
  await controller.ask(
    endpoint,
    {
      add: {
        allowPartial: false,
        createObjs: [
          {
            objPath: 'Device.LocalAgent.Subscription.',
            paramSettings: [
              setting('ID', 'both'),
              setting('Enable', 'true'),
              setting('NotifType', 'ValueChange'),
              setting('ReferenceList', ssid),
            ],
          },
        ],
      },
    },
    'addResp',
  );
  const noticed = acs.call(device, {
    rpc: 'SetParameterAttributes',
    attributes: [{ name: ssid, notification: 2 }],
  });
  const written = acs.call(device, { rpc: 'SetParameterValues', values: [{ name: ssid, value: 'FromAcs' }] });
  const credentials = {
    username: option('connection_request_username'),
    password: option('connection_request_password'),
  };
  await expect.poll(() => acs.connectionRequest(device, credentials)).toBe(200);
  expect((await noticed).fault).toBeUndefined();
  expect(await written).toEqual({ status: 1 });
  const heard = await controller.notification(({ valueChange }) => valueChange?.paramPath === ssid);
  expect(heard.valueChange!.paramValue).toBe('FromAcs');
  expect(wireless()).toContain("option ssid 'FromAcs'");

  const seen = acs.informs.length;
  await controller.ask(
    endpoint,
    {
      set: {
        allowPartial: false,
        updateObjs: [{ objPath: 'Device.WiFi.SSID.1.', paramSettings: [setting('SSID', 'FromController')] }],
      },
    },
    'setResp',
  );
  const inform = await acs.inform(({ events }) => events.some(({ code }) => code === '4 VALUE CHANGE'), seen);
  expect(inform.parameters.get(ssid)).toBe('FromController');
  expect(wireless()).toContain("option ssid 'FromController'");
  expect(acs.violations).toEqual([]);
});
