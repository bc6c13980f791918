// node --require: on SIGUSR2 what the process holds after a collection goes to standard error, as one line of JSON.
const { createHook } = require('node:async_hooks');
const { readdirSync, readFileSync } = require('node:fs');

const timers = new Set();
createHook({
  init(id, type) {
    if (type === 'Timeout') timers.add(id);
  },
  destroy(id) {
    timers.delete(id);
  },
}).enable();

process.on('SIGUSR2', () => {
  // What the last session has left to be closed is closed in the next turns.
  setTimeout(() => {
    for (let turn = 0; turn < 4; turn++) globalThis.gc();
    const { heapUsed, external } = process.memoryUsage();
    const resident = Number(/VmRSS:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024;
    const files = readdirSync('/proc/self/fd').length;
    process.stderr.write(
      `memory ${JSON.stringify({ files, timers: timers.size, heap: heapUsed, external, resident })}\n`,
    );
  }, 300);
});
