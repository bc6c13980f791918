import { spawn } from 'node:child_process';
import type { Log } from '#base';

const waitMs = 10_000;

/**
 * Holds libuci's lock (flock, exclusive, on the configuration file) while `work` runs. Node has no flock(2), so the
 * `flock` program (util-linux, or the busybox applet) holds it for us as long as its standard input stays open. Where
 * that program is absent, or the lock can't be had within ten seconds, the work is done without: rename keeps readers
 * safe, and only a writer at the very same moment could be lost.
 */
export async function withFileLock<T>(path: string, work: () => T | Promise<T>, log: Log): Promise<T> {
  const release = await acquire(path, log);
  try {
    return await work();
  } finally {
    await release();
  }
}

function acquire(path: string, log: Log): Promise<() => Promise<void>> {
  return new Promise((resolve) => {
    const child = spawn('flock', [path, 'cat'], { stdio: ['pipe', 'pipe', 'ignore'] });
    const ended = new Promise<void>((done) => child.once('close', () => done()));
    let answered = false;
    const answer = (release: () => Promise<void>): void => {
      if (answered) return;
      answered = true;
      clearTimeout(timer);
      resolve(release);
    };
    const without = (reason: string): void => {
      if (!answered) log.debug('UCI file is written without its lock', { path, reason });
      answer(async () => {});
    };
    const timer = setTimeout(() => {
      without('timeout');
      child.kill();
    }, waitMs);
    child.once('error', (error) => without(error.message));
    child.once('close', () => without('flock ended'));
    child.stdin.on('error', () => {});
    // cat starts only when the lock is held: its echo is the proof.
    child.stdout.once('data', () =>
      answer(() => {
        child.stdin.end();
        return ended;
      }),
    );
    child.stdin.write('.');
  });
}
