import { refused } from '#base';
import { errorBody } from '../errors.ts';

/** Paths, parameters, rows and supported elements in one answer: the device has little memory, and its heap a limit. */
export const answerLimit = 50_000;
/** The Error in place of an answer that would have more. */
export const tooMuch = errorBody(7005, 'the answer would be too large');

/** Rows that one message changes. */
const changeLimit = 4096;

/** The refusal of a message that wants to change more; `undefined`: it is not one. */
export function tooManyChanges(count: number) {
  return count > changeLimit ? refused(errorBody(7005, `more than ${changeLimit} objects in one message`)) : undefined;
}
