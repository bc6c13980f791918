import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog, systemClock } from '#base';
import { startAgent } from '#compose';
import { type Controller, installFactory, startController, startRouter } from '#lab';
import type { ErrorBody, Requests, Responses } from '#usp';
import { configureAgent, type Section } from './agent-config.ts';

export const device = 'os::00D09E-LAB0001';

type Settings = Readonly<Record<string, string>>;
/** Path, values, and whether they are required. */
export type Wanted = readonly [path: string, settings: Settings, required?: boolean];

/** A controller as the tests of single messages use it: what is asked is a line, and an Error message is an answer like others. */
export class Asking {
  readonly controller: Controller;

  constructor(controller: Controller) {
    this.controller = controller;
  }

  async ask<Name extends keyof Responses>(
    request: Partial<Requests>,
    response: Name,
  ): Promise<{ value?: Responses[Name]; error?: ErrorBody }> {
    const answer = await this.controller.ask(device, request, response);
    return answer.ok ? { value: answer.value } : { error: answer.fault };
  }

  async add(wanted: readonly Wanted[], allowPartial = false) {
    const createObjs = wanted.map(asSettings);
    const { value, error } = await this.ask({ add: { allowPartial, createObjs } }, 'addResp');
    return { error, results: value?.createdObjResults.map(({ operStatus }) => operStatus!) };
  }

  async set(wanted: readonly Wanted[], allowPartial = false) {
    const updateObjs = wanted.map(asSettings);
    const { value, error } = await this.ask({ set: { allowPartial, updateObjs } }, 'setResp');
    return { error, results: value?.updatedObjResults.map(({ operStatus }) => operStatus!) };
  }

  async delete(objPaths: readonly string[], allowPartial = false) {
    const { value, error } = await this.ask({ delete: { allowPartial, objPaths } }, 'deleteResp');
    return { error, results: value?.deletedObjResults.map(({ operStatus }) => operStatus!) };
  }

  /** Paths of instances, or the code. */
  async instances(path: string): Promise<readonly string[] | number> {
    const { value } = await this.ask({ getInstances: { objPaths: [path], firstLevelOnly: false } }, 'getInstancesResp');
    const { errCode, currInsts } = value!.reqPathResults[0]!;
    return errCode || currInsts.map(({ instantiatedObjPath }) => instantiatedObjPath);
  }

  /** By full path, or the code. */
  async get(path: string): Promise<Settings | number> {
    const { value } = await this.ask({ get: { paramPaths: [path], maxDepth: 0 } }, 'getResp');
    const { errCode, resolvedPathResults } = value!.reqPathResults[0]!;
    return (
      errCode ||
      Object.fromEntries(
        resolvedPathResults.flatMap(({ resolvedPath, resultParams }) =>
          Object.entries(resultParams).map(([name, text]) => [resolvedPath + name, text]),
        ),
      )
    );
  }

  async operate(command: string, inputArgs: Settings = {}, commandKey = '') {
    const operate = { command, commandKey, sendResp: true, inputArgs };
    const { value, error } = await this.ask({ operate }, 'operateResp');
    return { error, results: value?.operationResults };
  }

  async subscribe(id: string, notifType: string, referenceList: string, extra: Settings = {}) {
    const settings = { Enable: 'true', ID: id, NotifType: notifType, ReferenceList: referenceList, ...extra };
    return this.add([['Device.LocalAgent.Subscription.', settings]]);
  }

  /** What this subscription has said until one of another has said something, which is made to. */
  async said(id: string): Promise<ReturnType<Controller['notifications']['slice']>> {
    const from = this.controller.notifications.length;
    await this.operate('Device.LocalAgent.Controller.[Alias!=""].SendOnBoardRequest()');
    await this.controller.notification(({ onBoardReq }) => onBoardReq !== undefined, from);
    return this.controller.notifications.filter(({ subscriptionId }) => subscriptionId === id);
  }
}

const asSettings = ([objPath, settings, required = true]: Wanted) => ({
  objPath,
  paramSettings: Object.entries(settings).map(([param, value]) => ({ param, value, required })),
});

export interface UspPair extends AsyncDisposable {
  readonly one: Asking;
  readonly two: Asking;
}

/** The agent from its sources, in this process, on the lab's router, with two controllers over WebSocket: the first may everything, the second has a role of its own. */
export async function openUspPair(role: string, sections: readonly Section[] = []): Promise<UspPair> {
  const directory = mkdtempSync(join(tmpdir(), 'tandem-pair-'));
  const router = await startRouter({ directory, reloadDelayMs: 5 });
  const controllers = await Promise.all(
    ['proto::one', 'proto::two'].map((endpointId) => startController({ endpointId, webSocket: {} })),
  );
  installFactory(router.root, {
    controllers: controllers.map(({ endpointId, port }, index) => ({
      endpoint_id: endpointId,
      role: ['full', role][index],
      websocket: { host: '127.0.0.1', port, path: '/usp', encryption: false },
    })),
  });
  const all = { targets: 'Device.', param: 'rw-n', obj: 'rw-n', instantiated_obj: 'rw-n', command_event: 'r-xn' };
  configureAgent(router, [
    ['role', 'full', { name: 'Full', enable: 1 }],
    ['permission', 'full_all', { role: 'full', enable: 1, order: 1, ...all }],
    ...sections,
  ]);
  const { root, socketPath: ubusSocket } = router;
  const agent = await startAgent({ root, ubusSocket, share: 'datamodel', clock: systemClock, log: silentLog });
  await Promise.all(controllers.map((controller) => controller.connected(device)));
  return {
    one: new Asking(controllers[0]!),
    two: new Asking(controllers[1]!),
    async [Symbol.asyncDispose]() {
      await agent[Symbol.asyncDispose]();
      for (const controller of controllers) await controller[Symbol.asyncDispose]();
      await router[Symbol.asyncDispose]();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
