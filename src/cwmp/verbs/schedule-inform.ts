import { ok, refused } from '#base';
import { childText } from '../codec/element.ts';
import { invalidArguments } from '../faults.ts';
import { commandKeyLimit, type Verb } from './verb.ts';

/** Far beyond any use, and within what a clock can add. */
const delayLimitSeconds = 0xffff_ffff;

/** TR-069 A.3.2.10. */
export const scheduleInform: Verb = async (request, { schedule }) => {
  const delay = childText(request, 'DelaySeconds') ?? '';
  const key = childText(request, 'CommandKey') ?? '';
  const seconds = Number(delay);
  if (!/^[0-9]{1,10}$/.test(delay) || seconds === 0 || seconds > delayLimitSeconds) {
    return refused(invalidArguments('DelaySeconds is a whole number greater than 0'));
  }
  if (key.length > commandKeyLimit) return refused(invalidArguments('CommandKey is too long'));
  if (!(await schedule(seconds, key))) return refused({ code: 9004, text: 'too many informs are scheduled' });
  return ok(() => {});
};
