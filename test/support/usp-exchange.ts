import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Controller, Router } from '#lab';
import type { Requests, Responses } from '#usp';

/** Endpoint ID of the lab's device. */
export const device = 'os::00D09E-LAB0001';

/** What a controller does with an agent, from a first Get to a last Delete, whatever carries it. */
export async function exchange(controller: Controller, router: Router): Promise<void> {
  const ask = async <Name extends keyof Responses>(request: Partial<Requests>, response: Name) => {
    const answer = await controller.ask(device, request, response);
    if (!answer.ok) throw new Error(answer.fault.errMsg);
    return answer.value;
  };
  const got = await ask({ get: { paramPaths: ['Device.LocalAgent.EndpointID'], maxDepth: 0 } }, 'getResp');
  expect(got.reqPathResults[0]!.resolvedPathResults[0]!.resultParams).toEqual({ EndpointID: device });

  const settings = {
    Enable: 'true',
    ID: 'ssid',
    NotifType: 'ValueChange',
    ReferenceList: 'Device.WiFi.SSID.1.SSID',
    NotifRetry: 'true',
  };
  const added = await ask(
    {
      add: {
        allowPartial: false,
        createObjs: [
          {
            objPath: 'Device.LocalAgent.Subscription.',
            paramSettings: Object.entries(settings).map(([param, value]) => ({ param, value, required: true })),
          },
        ],
      },
    },
    'addResp',
  );
  const row = added.createdObjResults[0]!.operStatus!.operSuccess!.instantiatedPath;

  await ask(
    {
      set: {
        allowPartial: false,
        updateObjs: [
          { objPath: 'Device.WiFi.SSID.1.', paramSettings: [{ param: 'SSID', value: 'Over it', required: true }] },
        ],
      },
    },
    'setResp',
  );
  expect(readFileSync(join(router.root, 'etc/config/wireless'), 'utf8')).toContain("option ssid 'Over it'");
  const { valueChange, sendResp } = await controller.notification(({ subscriptionId }) => subscriptionId === 'ssid');
  expect(valueChange).toEqual({ paramPath: 'Device.WiFi.SSID.1.SSID', paramValue: 'Over it' });
  expect(sendResp).toBe(true);

  const operated = await ask(
    {
      operate: {
        command: 'Device.LocalAgent.Controller.1.SendOnBoardRequest()',
        commandKey: 'k',
        sendResp: true,
        inputArgs: {},
      },
    },
    'operateResp',
  );
  expect(operated.operationResults[0]!.cmdFailure).toBeUndefined();
  await controller.notification(({ onBoardReq }) => onBoardReq?.oui === '00D09E');

  const deleted = await ask({ delete: { allowPartial: false, objPaths: [row] } }, 'deleteResp');
  expect(deleted.deletedObjResults[0]!.operStatus!.operSuccess!.affectedPaths).toEqual([row]);
}
