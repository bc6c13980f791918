import { createLog, explain, formatRecord, isLogLevel, type LogLevel } from '#base';
import { checkMappings, startAgent } from '#compose';
import { shareBeside } from '#platform';

const stopLimitMs = 5000;
const defaultShare = '/usr/share/tandem/datamodel';
/**
 * The daemon is started without the optimizing compiler (tandemd.sh): a start is over before it would pay, and its code is 4 MB of node that an idle
 * agent then never touches. Under load it does pay.
 */
const optimizeAfterMs = 3000;
/** What starting has left behind is collected once, and the heap made as small as it can be; only where tandemd.sh has let us (`--expose-gc`). */
const tidyAfterMs = 2000;

async function main(): Promise<void> {
  const env = process.env;
  // To standard error, from where procd takes it to the system log.
  let level: LogLevel = 'info';
  const log = createLog(
    (record) => process.stderr.write(`${formatRecord(record)}\n`),
    () => (isLogLevel(env.TANDEM_LOG) ? env.TANDEM_LOG : level),
  );
  let agent: Awaited<ReturnType<typeof startAgent>>;
  try {
    agent = await startAgent({
      root: env.TANDEM_ROOT ?? '/',
      ubusSocket: env.TANDEM_UBUS_SOCKET ?? '/var/run/ubus/ubus.sock',
      share: env.TANDEM_SHARE ?? defaultShare,
      log,
      onLogLevel: (configured) => {
        level = configured;
      },
    });
  } catch (error) {
    log.error('could not start', { error: explain(error) });
    process.exitCode = 1;
    return;
  }
  setTimeout(() => {
    void import('node:v8').then((v8) => v8.setFlagsFromString('--turbofan'));
  }, optimizeAfterMs).unref();
  setTimeout(() => {
    void import('node:v8').then((v8) => {
      v8.setFlagsFromString('--compact-on-every-full-gc');
      globalThis.gc?.();
      v8.setFlagsFromString('--no-compact-on-every-full-gc');
    });
  }, tidyAfterMs).unref();
  // Timers are unreferenced; the daemon lives until it is told to stop.
  const alive = setInterval(() => {}, 1 << 30);
  const stop = (): void => {
    setTimeout(() => process.exit(1), stopLimitMs).unref();
    void agent[Symbol.asyncDispose]().then(() => {
      clearInterval(alive);
      process.exit(0);
    });
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

/** `tandem datamodel check FILE…`: what this bundle does when it is not the daemon. */
function datamodel(words: readonly string[]): number {
  const [verb, ...files] = words;
  if (verb !== 'check' || files.length === 0) {
    process.stderr.write('tandem: tandem datamodel check takes at least one file\n');
    return 2;
  }
  try {
    const { lines, good } = checkMappings(
      process.env.TANDEM_SHARE ?? shareBeside(process.argv[1]!) ?? defaultShare,
      files,
    );
    for (const line of lines) process.stdout.write(`${line}\n`);
    return good ? 0 : 1;
  } catch (error) {
    process.stderr.write(`tandem: ${explain(error)}\n`);
    return 3;
  }
}

if (process.argv[2] === 'datamodel') process.exitCode = datamodel(process.argv.slice(3));
else void main();
