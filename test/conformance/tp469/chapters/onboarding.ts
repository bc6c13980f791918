import type { Bench } from '../bench.ts';
import type { HeardNotify } from '../side/peer.ts';
import type { Test } from '../verdict.ts';

const onBoard = ({ onBoardReq }: HeardNotify['what']): boolean => onBoardReq !== undefined;

/** Has the agent say it; the answer to the command is not wanted. @returns how many there were before */
async function send(t: Bench, controller: string, commandKey: string): Promise<number> {
  const before = t.peer.notifications.length;
  const command = `${controller}SendOnBoardRequest()`;
  t.peer.say(t.peer.nextId(), {
    kind: 'request',
    request: { operate: { command, commandKey, sendResp: false, inputArgs: {} } },
  });
  return before;
}

export function isOnBoardRequest(t: Bench, metric: number, { what }: HeardNotify): void {
  t.equal(metric, what.subscriptionId, '', 'subscription_id');
  const { oui, productClass, serialNumber, agentSupportedProtocolVersions } = what.onBoardReq!;
  t.metric(metric, /^[0-9A-Fa-f]{6}$/.test(oui), `oui is "${oui}"`);
  t.metric(metric, productClass !== '' && serialNumber !== '', 'product_class or serial_number is empty');
  t.metric(
    metric,
    /^1\.[0-9]+(, *1\.[0-9]+)*$/.test(agentSupportedProtocolVersions),
    `agent_supported_protocol_versions is "${agentSupportedProtocolVersions}"`,
  );
}

export const onboardingTests: readonly Test[] = [
  {
    number: '1.60',
    title: 'SendOnBoardRequest()',
    needs: [8],
    async run(t: Bench) {
      const from = await send(t, await t.controllerPath(), 'test60');
      isOnBoardRequest(t, 1, await t.notified(1, onBoard, { from }));
    },
  },
  {
    number: '1.101',
    title: 'OnBoardingComplete stays false until it is set',
    needs: [8, 42],
    async run(t: Bench) {
      const controller = await t.controllerPath();
      await t.borrowed(controller, { OnBoardingComplete: 'false', OnBoardingRestartTime: '0' });
      const from = await send(t, controller, 'test101');
      await t.notified(1, onBoard, { from });
      t.equal(2, await t.value(`${controller}OnBoardingComplete`), 'false', 'OnBoardingComplete');
      await t.setTo(controller, { 'OnBoardingComplete!': 'true' });
    },
  },
  {
    number: '1.102',
    title: 'OnBoardingRestartTime repeats the request until it is complete',
    needs: [8, 42],
    async run(t: Bench) {
      const controller = await t.controllerPath();
      await t.borrowed(controller, { OnBoardingComplete: 'false', OnBoardingRestartTime: '60' });
      const from = await send(t, controller, 'test102');
      const first = await t.notified(1, onBoard, { from });
      const second = await t.time.until(() => t.heard(onBoard, from)[1], 70);
      t.metric(2, second !== undefined, 'there was no second request');
      const seconds = (second.at - first.at) / 1000;
      t.metric(2, Math.abs(seconds - 60) <= 5, `the second came after ${seconds.toFixed(1)} s`);
      await t.setTo(controller, { 'OnBoardingComplete!': 'true' });
      const heard = t.heard(onBoard, from).length;
      await t.pass(65);
      t.equal(3, t.heard(onBoard, from).length, heard, 'the number of requests');
    },
  },
  {
    number: '1.103',
    title: 'OnBoardingRestartTime 0 repeats nothing',
    needs: [8, 42],
    async run(t: Bench) {
      const controller = await t.controllerPath();
      await t.borrowed(controller, { OnBoardingComplete: 'false', OnBoardingRestartTime: '0' });
      const from = await send(t, controller, 'test103');
      await t.notified(1, onBoard, { from });
      await t.pass(65);
      t.equal(2, t.heard(onBoard, from).length, 1, 'the number of requests');
    },
  },
];
