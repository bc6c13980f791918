export { type CheckContext, checkValue } from './check-value.ts';
export {
  boundsOf,
  compareDateTimes,
  compareDecimals,
  type DateTime,
  parseBoolean,
  parseDateTime,
  parseInteger,
} from './lexical.ts';
export { splitList } from './list.ts';
export { translatePattern } from './pattern.ts';
export { checkTerm, equalityKey, matchesTerm } from './search.ts';
