import { parseArgs } from 'node:util';
import { errorCode, explain, oneLine, silentLog } from '#base';
import {
  coverageRequest,
  type Followed,
  follow,
  listOf,
  type Request,
  readableAnswer,
  readableFault,
  requestOf,
  UsageError,
  unviewed,
} from '#cli';
import { type BlobTable, connectUbus } from '#platform';

/** Documented in docs/cli.md. */
const exit = { ok: 0, refused: 1, usage: 2, noDaemon: 3 } as const;

const usage = `tandem: look at and change the device through the running agent

  tandem status                          what the agent is doing
  tandem get PATH…                       read parameters (partial paths, wildcards, searches)
  tandem set PARAMETER=VALUE…            all or nothing
  tandem add TABLE [NAME=VALUE…]         a new row
  tandem del ROW                         delete a row
  tandem operate COMMAND [NAME=VALUE…]   run a command: Device.Reboot()
  tandem instances PATH                  rows below a path, with their keys
  tandem schema [PATH]                   what is supported
  tandem schema --coverage               how much of each component is there
  tandem datamodel check FILE…           check mapping files (docs/vendors.md)
  tandem inform                          begin a session with the ACS now
  tandem trace usp|cwmp                  messages as they come and go, secrets masked
  tandem events [PATH…]                  events and ends of commands; with paths, changes there as well
  tandem transfers                       what the ACS has ordered to be fetched or sent
  tandem confirm COMMANDKEY              agree to a download that the ACS wants confirmed

  tandem lab [--run LINE…]               a simulated router with ACS and controller (workstations only)

  --json           the answer as JSON
  --no-wait        tandem operate: do not wait for the end of a long command
  --view cwmp|usp  which of the two data models (default usp)
  --socket PATH    socket of ubusd (default /var/run/ubus/ubus.sock)
  --version        of this program; tandem status says that of the agent

Exit code: 0 done, 1 refused, 2 wrong usage, 3 the agent or ubus can't be reached.
`;

/** Set by the bundler from package.json. */
declare const TANDEM_VERSION: string;

/** @returns the exit code */
async function main(argv: readonly string[]): Promise<number> {
  if (argv[0] === 'lab') return handOver('tandem-lab.cjs', argv.slice(1));
  if (argv[0] === 'datamodel') return handOver('tandemd.cjs', argv);
  let request: Request;
  let json: boolean;
  let socket: string;
  let viewed: boolean;
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        view: { type: 'string' },
        socket: { type: 'string', default: process.env.TANDEM_UBUS_SOCKET || '/var/run/ubus/ubus.sock' },
        coverage: { type: 'boolean', default: false },
        'no-wait': { type: 'boolean', default: false },
        version: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.version) {
      process.stdout.write(`${TANDEM_VERSION}\n`);
      return exit.ok;
    }
    const help = values.help || positionals[0] === 'help';
    if (help || positionals.length === 0) {
      (help ? process.stdout : process.stderr).write(usage);
      return help ? exit.ok : exit.usage;
    }
    const { view = 'usp' } = values;
    if (view !== 'usp' && view !== 'cwmp') throw new UsageError('--view is cwmp or usp');
    viewed = values.view !== undefined;
    const words = positionals.slice(1);
    const followed = followedOf(positionals, view);
    if (followed) return await watch(followed, values.socket, values.json);
    const { method, args, ...where } = values.coverage
      ? coverageRequest(positionals)
      : requestOf(positionals[0]!, words);
    if (values['no-wait'] && method !== 'operate') throw new UsageError('--no-wait belongs to tandem operate');
    const more: BlobTable = unviewed.has(method) ? {} : { view };
    request = { ...where, method, args: { ...args, ...more, ...(values['no-wait'] && { wait: false }) } };
    json = values.json;
    socket = values.socket;
  } catch (error) {
    // What Node says of an unknown option goes on to what nobody asked.
    process.stderr.write(
      `tandem: ${explain(error).replace(/\. To specify a positional.*$/s, '')}; tandem --help lists what there is\n`,
    );
    return exit.usage;
  }
  try {
    await using bus = await connectUbus({ path: socket, log: silentLog });
    // An asynchronous command is waited for.
    const timeoutMs = request.method === 'operate' ? 24 * 3600_000 : 30_000;
    const answer = await bus.invoke(request.object ?? 'tandem', request.method, request.args, { timeoutMs });
    process.stdout.write(json ? `${JSON.stringify(answer, undefined, 2)}\n` : readableAnswer(request.method, answer));
    const faults = listOf(answer.faults);
    if (!json) {
      for (const fault of faults) process.stderr.write(`${readableFault(fault)}\n`);
      if (!viewed && !unviewed.has(request.method) && faults.some(otherView)) {
        process.stderr.write('tandem: looked for in the data model of USP; --view cwmp looks in that of CWMP\n');
      }
      if (answer.committed === false) process.stderr.write('tandem: nothing was changed\n');
    }
    return faults.length > 0 || answer.committed === false ? exit.refused : exit.ok;
  } catch (error) {
    return unreachable(error);
  }
}

/** The path may be one of the other data model. */
const otherView = ({ kind, message }: BlobTable): boolean =>
  kind === 'unsupported-path' && !String(message).includes('is an object');

/** `tandem trace` and `tandem events`; everything else is one question and its answer. */
function followedOf([command, ...words]: readonly string[], view: string): Followed | undefined {
  if (command === 'events') return { what: 'events', paths: words, view };
  if (command !== 'trace') return undefined;
  const [protocol] = words;
  if (words.length !== 1 || (protocol !== 'usp' && protocol !== 'cwmp')) {
    throw new UsageError('tandem trace takes usp or cwmp');
  }
  return { what: 'trace', protocol };
}

/** Until it is interrupted. @returns the exit code */
async function watch(followed: Followed, socket: string, json: boolean): Promise<number> {
  try {
    await using bus = await connectUbus({ path: socket, log: silentLog });
    let gone = '';
    const faults = await follow(bus, followed, {
      print: (text) => process.stdout.write(text),
      json,
      until: new Promise((end) => {
        for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);
        const over = (why: string): void => {
          gone = why;
          end(undefined);
        };
        bus.onState((connected) => connected || over('ubusd is gone'));
        bus.listen('ubus.object.remove', (_, { path }) => path === 'tandem' && over('the agent is gone'));
      }),
      ready: () => process.stderr.write('tandem: following; Ctrl-C ends\n'),
    });
    for (const fault of faults) process.stderr.write(`${readableFault(fault)}\n`);
    if (gone) {
      process.stderr.write(`tandem: ${gone}\n`);
      return exit.noDaemon;
    }
    return faults.length > 0 ? exit.refused : exit.ok;
  } catch (error) {
    return unreachable(error);
  }
}

function unreachable(error: unknown): number {
  const absent = errorCode(error) === 'UBUS_NOT_FOUND';
  // ubusd shows others what its access lists allow them, and nothing else.
  const whom = process.getuid?.() === 0 ? '' : ', or not for this user to see';
  process.stderr.write(
    `tandem: ${absent ? `the agent is not running${whom} (no ubus object tandem)` : explain(error)}\n`,
  );
  return exit.noDaemon;
}

/**
 * Hands over to a bundle that lies beside this one: the lab is not part of the package for devices, and what the data model needs stays out of the CLI.
 * @param words its arguments
 */
async function handOver(bundle: string, words: readonly string[]): Promise<number> {
  const path = process.argv[1]!.replace(/tandem(\.cjs)?$/, bundle);
  process.argv.splice(1, process.argv.length, path, ...words);
  try {
    await import(path);
    return exit.ok;
  } catch (error) {
    if (errorCode(error) !== 'ERR_MODULE_NOT_FOUND' && errorCode(error) !== 'MODULE_NOT_FOUND') throw error;
    process.stderr.write(`tandem: ${bundle} is not installed here; it is in dist/ of the project\n`);
    return exit.noDaemon;
  }
}

// `tandem get Device. | head -1`: who has read enough is no error.
process.stdout.on('error', (error) => {
  if (errorCode(error) === 'EPIPE') process.exit(exit.ok);
  process.stderr.write(`tandem: standard output: ${oneLine(explain(error))}\n`);
  process.exit(exit.refused);
});
void main(process.argv.slice(2)).then((code) => {
  // A bundle that was handed over to says itself how it ended.
  process.exitCode ??= code;
});
