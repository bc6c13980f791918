import { silentLog } from '#base';
import type { Lab } from '#lab';
import { connectUbus } from '#platform';
import { warm, withLab } from './agent.ts';
import { type Figures, median } from './figures.ts';

export const notificationNames = ['vc_to_notify_p99_ms', 'boot_1000_subs_extra_ms'];

/** The agent over WebSocket without TLS, in a process of its own with the device's flags; controller and router are in this one. */
export async function notificationFigures(dist: string): Promise<Figures> {
  const figures: Figures = {};
  await withLab(
    dist,
    async (lab) => {
      await warm(lab);
      await onBoard(lab);
      figures.vc_to_notify_p99_ms = await valueChanges(lab);
      const without = await repeat(5, () => restart(lab));
      await addSubscriptions(lab, 1000, true);
      figures.boot_1000_subs_extra_ms = (await repeat(5, () => restart(lab))) - without;
    },
    true,
  );
  return figures;
}

/** Median of its times. */
async function repeat(times: number, run: () => Promise<unknown>): Promise<number> {
  const samples: number[] = [];
  for (let round = 0; round < times; round++) {
    const began = performance.now();
    await run();
    samples.push(performance.now() - began);
  }
  return median(samples);
}

const setting = (param: string, value: string) => ({ param, value, required: true });

async function onBoard({ controller, endpoint }: Lab): Promise<void> {
  const updateObjs = [
    { objPath: 'Device.LocalAgent.Controller.1.', paramSettings: [setting('OnBoardingComplete', 'true')] },
  ];
  await controller.ask(endpoint, { set: { allowPartial: false, updateObjs } }, 'setResp');
}

async function addSubscriptions({ controller, endpoint }: Lab, count: number, persistent: boolean): Promise<void> {
  const createObjs = Array.from({ length: count }, (_, n) => ({
    objPath: 'Device.LocalAgent.Subscription.',
    paramSettings: [
      setting('ID', `s${n}`),
      setting('Enable', 'true'),
      setting('NotifType', 'ValueChange'),
      setting('ReferenceList', 'Device.WiFi.SSID.1.SSID'),
      setting('Persistent', String(persistent)),
    ],
  }));
  const answer = await controller.ask(endpoint, { add: { allowPartial: false, createObjs } }, 'addResp');
  if (!answer.ok) throw new Error(answer.fault.errMsg);
}

async function clear({ controller, endpoint }: Lab): Promise<void> {
  const objPaths = ['Device.LocalAgent.Subscription.*.'];
  await controller.ask(endpoint, { delete: { allowPartial: false, objPaths } }, 'deleteResp');
}

async function get({ controller, endpoint }: Lab, path: string): Promise<void> {
  const answer = await controller.ask(endpoint, { get: { paramPaths: [path], maxDepth: 0 } }, 'getResp');
  if (!answer.ok) throw new Error(answer.fault.errMsg);
}

/** From the request of another program on the device to the Notify at the controller: the write to flash is in it. */
async function valueChanges(lab: Lab): Promise<number> {
  const { controller, router } = lab;
  await addSubscriptions(lab, 1, false);
  await using bus = await connectUbus({ path: router.socketPath, log: silentLog });
  const samples: number[] = [];
  for (let round = 0; round < 200; round++) {
    const value = `bench-${round}`;
    const heard = controller.notification(({ valueChange }) => valueChange?.paramValue === value);
    const began = performance.now();
    const written = bus.invoke('tandem', 'set', { values: { 'Device.WiFi.SSID.1.SSID': value }, view: 'usp' });
    await heard;
    samples.push(performance.now() - began);
    await written;
  }
  await clear(lab);
  return samples.sort((a, b) => a - b)[Math.floor(samples.length * 0.99)]!;
}

/** Until the controller has the answer to its first Get. */
async function restart(lab: Lab): Promise<void> {
  await lab.stopAgent();
  const connections = lab.controller.records.filter(({ websocketConnect }) => websocketConnect).length;
  await lab.startAgent();
  await lab.controller.record(
    () => lab.controller.records.filter(({ websocketConnect }) => websocketConnect).length > connections,
  );
  await get(lab, 'Device.LocalAgent.UpTime');
}
