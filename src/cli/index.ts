export { type Followed, type Following, follow } from './follow.ts';
export { listOf, readableAnswer } from './readable.ts';
