import { addTests } from './chapters/add.ts';
import { bulkDataTests } from './chapters/bulk-data.ts';
import { deleteTests } from './chapters/delete.ts';
import { discoveryTests } from './chapters/discovery.ts';
import { functionalityTests } from './chapters/functionality.ts';
import { generalTests } from './chapters/general.ts';
import { getTests } from './chapters/get.ts';
import { identityTests } from './chapters/identity.ts';
import { instancesTests } from './chapters/instances.ts';
import { mqttTests } from './chapters/mqtt.ts';
import { notifyTests } from './chapters/notify.ts';
import { onboardingTests } from './chapters/onboarding.ts';
import { operateTests } from './chapters/operate.ts';
import { payloadSecurityTests } from './chapters/payload-security.ts';
import { permissionTests } from './chapters/permissions.ts';
import { recordTests } from './chapters/records.ts';
import { setTests } from './chapters/set.ts';
import { stompTests } from './chapters/stomp.ts';
import { supportedTests } from './chapters/supported.ts';
import { webSocketTests } from './chapters/web-socket.ts';
import type { Test } from './verdict.ts';

const all: readonly Test[] = [
  ...addTests,
  ...setTests,
  ...deleteTests,
  ...getTests,
  ...instancesTests,
  ...supportedTests,
  ...notifyTests,
  ...onboardingTests,
  ...operateTests,
  ...identityTests,
  ...permissionTests,
  ...recordTests,
  ...payloadSecurityTests,
  ...generalTests,
  ...webSocketTests,
  ...discoveryTests,
  ...functionalityTests,
  ...bulkDataTests,
  ...mqttTests,
  ...stompTests,
];

const order = (number: string): number => {
  const [chapter = 0, test = 0] = number.split('.').map(Number);
  return chapter * 1000 + test;
};

/** Every active test of TP-469 1.4.0, by number. */
export const tests: readonly Test[] = [...all].sort((a, b) => order(a.number) - order(b.number));

/** Numbers that the plan has withdrawn. */
export const withdrawn: Readonly<Record<string, string>> = {
  '1.63': 'deprecated by 1.79',
  '1.69': 'deleted',
  '1.85': 'for future work',
  '2.3': 'deprecated',
  '2.4': 'deprecated',
  '2.5': 'deprecated',
  '5.1': 'CoAP, deprecated',
  '5.2': 'CoAP, deprecated',
  '5.3': 'CoAP, deprecated',
  '5.4': 'CoAP, deprecated',
  '5.5': 'CoAP, deprecated',
  '5.6': 'CoAP, deprecated',
  '5.7': 'CoAP, deprecated',
  '5.8': 'CoAP, deprecated',
  '7.3': 'without content',
  '7.5': 'deprecated',
  '9.1': 'deprecated by 9.11',
};

/** @param wanted `1.1-1.20,2.10,3` — a chapter alone is all of it. @throws Error for what is no such list */
export function selection(wanted: string): (number: string) => boolean {
  const ranges = wanted.split(',').map((word) => {
    const found = /^(\d+)(?:\.(\d+)(?:-(\d+)\.(\d+))?)?$/.exec(word.trim());
    if (!found) throw new Error(`${word} is neither a number of the plan, a chapter nor a range`);
    const [, chapter, first, toChapter, last] = found;
    if (first === undefined) return [order(`${chapter}.0`), order(`${chapter}.999`)] as const;
    const from = order(`${chapter}.${first}`);
    return [from, last === undefined ? from : order(`${toChapter}.${last}`)] as const;
  });
  return (number) => ranges.some(([from, to]) => order(number) >= from && order(number) <= to);
}
