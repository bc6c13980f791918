import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import type { Log } from '#base';
import { UciError } from './error.ts';

const waitMs = 10_000;
const attempts = 5;

/**
 * Holds libuci's locks (flock, exclusive, on the configuration files) while `work` runs. Node has no flock(2), so the
 * `flock` program (util-linux, or the busybox applet) holds them for us as long as its standard input stays open. Where
 * that program is absent the work is done without: rename keeps readers safe, and only a writer at the very same moment could
 * be lost.
 *
 * @param paths existing files
 * @throws UciError UCI_BUSY: somebody else has held a lock for ten seconds
 */
export async function withFileLocks<T>(
  paths: readonly string[],
  work: () => T | Promise<T>,
  log: Log,
  timeoutMs = waitMs,
): Promise<T> {
  const release = await acquire(paths, log, timeoutMs);
  try {
    return await work();
  } finally {
    await release();
  }
}

async function acquire(paths: readonly string[], log: Log, timeoutMs: number): Promise<() => Promise<void>> {
  if (paths.length === 0) return async () => {};
  // Everybody who wants several takes them in the same order.
  const sorted = [...paths].sort();
  for (let attempt = 1; ; attempt++) {
    const before = sorted.map(inode);
    const release = await hold(sorted, log, timeoutMs);
    // Whoever held a lock has replaced its file by rename: what we hold now is the lock of a file that nobody opens any more.
    const stale = sorted.some((path, at) => inode(path) !== before[at]);
    if (!stale || attempt >= attempts) return release;
    await release();
  }
}

const inode = (path: string): string => {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat ? `${stat.dev}:${stat.ino}` : '';
};

/** One chain of programs: each takes its lock and starts the next; the last one says that all are held. */
function hold(paths: readonly string[], log: Log, timeoutMs: number): Promise<() => Promise<void>> {
  return new Promise((resolve, reject) => {
    const [, ...args] = [...paths.flatMap((path) => ['flock', path]), 'cat'];
    const child = spawn('flock', args, { stdio: ['pipe', 'pipe', 'ignore'] });
    const ended = new Promise<void>((done) => child.once('close', () => done()));
    let answered = false;
    const answer = (settle: () => void): void => {
      if (answered) return;
      answered = true;
      clearTimeout(timer);
      settle();
    };
    const without = (reason: string): void =>
      answer(() => {
        log.debug('UCI files are written without their locks', { paths: paths.join(' '), reason });
        resolve(async () => {});
      });
    const timer = setTimeout(() => {
      answer(() => reject(new UciError('UCI_BUSY', `somebody holds the lock of ${paths.join(' or ')}`)));
      // The end of its input ends the chain, wherever it stands.
      child.stdin.destroy();
      child.kill();
    }, timeoutMs);
    child.once('error', (error) => without(error.message));
    child.once('close', () => without('flock ended'));
    child.stdin.on('error', () => {});
    // cat starts only when the locks are held: its echo is the proof.
    child.stdout.once('data', () =>
      answer(() =>
        resolve(() => {
          child.stdin.end();
          return ended;
        }),
      ),
    );
    child.stdin.write('.');
  });
}
