import { ok, refused } from '#base';
import { childText } from '../codec/element.ts';
import { invalidArguments } from '../faults.ts';
import { commandKeyLimit, type Verb } from './verb.ts';

/** What happens to the device when the session is over (TR-069 A.3.2.8, A.4.1.6). */
export type Afterwards = (action: 'reboot' | 'factory-reset', commandKey: string) => void;

export const reboot =
  (afterwards: Afterwards): Verb =>
  async (request) => {
    const key = childText(request, 'CommandKey') ?? '';
    if (key.length > commandKeyLimit) return refused(invalidArguments('CommandKey is too long'));
    afterwards('reboot', key);
    return ok(() => {});
  };

export const factoryReset =
  (afterwards: Afterwards): Verb =>
  async () => {
    afterwards('factory-reset', '');
    return ok(() => {});
  };
