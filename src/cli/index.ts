export { type Followed, type Following, follow } from './follow.ts';
export { listOf, readableAnswer, readableFault } from './readable.ts';
export { coverageRequest, type Request, requestOf, UsageError, unviewed } from './request.ts';
