// node --require kill-at.cjs: ends the process by SIGKILL at a step of a transaction, as if the power went. TANDEM_KILL_AT says at which: the n-th change of
// a file below etc/config or of the journal, counted from the first journal on.
const fs = require('node:fs');
const at = Number(process.env.TANDEM_KILL_AT);
const concerns = (path) => typeof path === 'string' && /\/etc\/(config\/|tandem\/\.?journal)/.test(path);
const paths = new Map();
let begun = false;
let steps = 0;
function step(path) {
  if (!concerns(path)) return;
  begun ||= path.includes('journal');
  if (begun && ++steps === at) process.kill(process.pid, 'SIGKILL');
}
const { openSync, renameSync, rmSync, fsyncSync, closeSync } = fs;
fs.openSync = (path, ...rest) => {
  if (rest[0] !== 'r') step(path);
  const fd = openSync(path, ...rest);
  paths.set(fd, path);
  return fd;
};
fs.closeSync = (fd) => {
  paths.delete(fd);
  return closeSync(fd);
};
fs.fsyncSync = (fd) => {
  step(paths.get(fd));
  return fsyncSync(fd);
};
fs.renameSync = (from, to) => {
  step(to);
  return renameSync(from, to);
};
fs.rmSync = (path, ...rest) => {
  step(path);
  return rmSync(path, ...rest);
};
