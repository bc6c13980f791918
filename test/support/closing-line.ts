import type { File, Reporter, Task } from 'vitest';

/**
 * Prints the line that CI reads, last: `N passed, N failed, N skipped`.
 * Checks that failed before the tests (`TANDEM_FAILED_CHECKS`, from scripts/test) count, so that nobody reads 0 failed in a run that has.
 */
export class ClosingLine implements Reporter {
  onFinished(files: File[] = [], errors: unknown[] = []): void {
    const before = (process.env.TANDEM_FAILED_CHECKS ?? '').split(',').filter(Boolean);
    const count = { passed: 0, failed: errors.length + before.length, skipped: 0 };
    const visit = (task: Task): void => {
      if (task.type === 'suite') {
        for (const child of task.tasks) visit(child);
        return;
      }
      if (task.result?.state === 'pass') count.passed++;
      else if (task.result?.state === 'fail') count.failed++;
      else count.skipped++;
    };
    for (const file of files) {
      // A file that can't even be loaded has no tests and still is a failure.
      if (file.result?.state === 'fail' && file.tasks.length === 0) count.failed++;
      for (const task of file.tasks) visit(task);
    }
    process.on('exit', () => {
      if (before.length > 0) console.log(`failed before the tests, see above: ${before.join(', ')}`);
      console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
    });
  }
}
