import { parseArgs } from 'node:util';
import { errorCode, explain, silentLog } from '#base';
import { type Followed, follow, listOf, readableAnswer } from '#cli';
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

Exit code: 0 done, 1 refused, 2 wrong usage, 3 the agent or ubus can't be reached.
`;

/** Methods that look at neither view in particular. */
const unviewed = new Set(['status', 'operate', 'inform', 'list', 'confirm']);

class UsageError extends Error {}

interface Request {
  /** Default `tandem`. */
  readonly object?: string;
  readonly method: string;
  readonly args: BlobTable;
}

function requestOf(command: string, words: readonly string[]): Request {
  const one = (what: string): string => {
    if (words.length !== 1) throw new UsageError(`tandem ${command} takes one ${what}`);
    return words[0]!;
  };
  const pairs = (texts: readonly string[]): BlobTable =>
    Object.fromEntries(
      texts.map((text) => {
        // The value begins after the first `=` that does not stand in a search expression.
        const match = /^((?:\[[^\]]*\]|[^=[])+)=([\s\S]*)$/.exec(text);
        if (!match) throw new UsageError(`'${text}' is not NAME=VALUE`);
        return [match[1]!, match[2]!];
      }),
    );
  switch (command) {
    case 'status':
      return { method: 'status', args: {} };
    case 'inform':
      return { method: 'inform', args: {} };
    case 'transfers':
      return { object: 'tandem.transfers', method: 'list', args: {} };
    case 'confirm':
      return { object: 'tandem.transfers', method: 'confirm', args: { key: one('command key') } };
    case 'get':
      if (words.length === 0) throw new UsageError('tandem get takes at least one path');
      return { method: 'get', args: { paths: [...words] } };
    case 'set':
      if (words.length === 0) throw new UsageError('tandem set takes at least one PARAMETER=VALUE');
      return { method: 'set', args: { values: pairs(words) } };
    case 'add':
      if (words.length === 0) throw new UsageError('tandem add takes a table');
      return { method: 'add', args: { path: words[0]!, values: pairs(words.slice(1)) } };
    case 'del':
      return { method: 'del', args: { path: one('row') } };
    case 'operate':
      if (words.length === 0) throw new UsageError('tandem operate takes a command');
      return { method: 'operate', args: { path: words[0]!, args: pairs(words.slice(1)) } };
    case 'instances':
      return { method: 'instances', args: { path: one('path') } };
    case 'schema':
      return { method: 'schema', args: { path: words[0] ?? 'Device.' } };
    default:
      throw new UsageError(`'${command}' is not a command; tandem --help lists them`);
  }
}

function coverageRequest(words: readonly string[]): Request {
  if (words.length !== 1 || words[0] !== 'schema') throw new UsageError('--coverage belongs to tandem schema');
  return { method: 'coverage', args: {} };
}

/** @returns the exit code */
async function main(argv: readonly string[]): Promise<number> {
  if (argv[0] === 'lab') return handOver('tandem-lab.cjs', argv.slice(1));
  if (argv[0] === 'datamodel') return handOver('tandemd.cjs', argv);
  let request: Request;
  let json: boolean;
  let socket: string;
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        view: { type: 'string', default: 'usp' },
        socket: { type: 'string', default: process.env.TANDEM_UBUS_SOCKET ?? '/var/run/ubus/ubus.sock' },
        coverage: { type: 'boolean', default: false },
        'no-wait': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help || positionals.length === 0) {
      process.stdout.write(usage);
      return values.help ? exit.ok : exit.usage;
    }
    if (values.view !== 'usp' && values.view !== 'cwmp') throw new UsageError('--view is cwmp or usp');
    const words = positionals.slice(1);
    const followed = followedOf(positionals, values.view);
    if (followed) return await watch(followed, values.socket, values.json);
    const { method, args, ...where } = values.coverage
      ? coverageRequest(positionals)
      : requestOf(positionals[0]!, words);
    if (values['no-wait'] && method !== 'operate') throw new UsageError('--no-wait belongs to tandem operate');
    const more: BlobTable = unviewed.has(method) ? {} : { view: values.view };
    request = { ...where, method, args: { ...args, ...more, ...(values['no-wait'] && { wait: false }) } };
    json = values.json;
    socket = values.socket;
  } catch (error) {
    process.stderr.write(`tandem: ${explain(error)}\n`);
    return exit.usage;
  }
  try {
    await using bus = await connectUbus({ path: socket, log: silentLog });
    // An asynchronous command is waited for.
    const timeoutMs = request.method === 'operate' ? 24 * 3600_000 : 30_000;
    const answer = await bus.invoke(request.object ?? 'tandem', request.method, request.args, { timeoutMs });
    process.stdout.write(json ? `${JSON.stringify(answer, undefined, 2)}\n` : readableAnswer(request.method, answer));
    const faults = listOf(answer.faults);
    if (!json) for (const fault of faults) process.stderr.write(`${fault.path}: ${fault.message} (${fault.kind})\n`);
    return faults.length > 0 || answer.committed === false ? exit.refused : exit.ok;
  } catch (error) {
    return unreachable(error);
  }
}

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
    const faults = await follow(bus, followed, {
      print: (text) => process.stdout.write(text),
      json,
      until: new Promise((end) => {
        for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);
        bus.onState((connected) => connected || end(undefined));
      }),
      ready: () => process.stderr.write('tandem: following; Ctrl-C ends\n'),
    });
    for (const fault of faults) process.stderr.write(`${fault.path}: ${fault.message} (${fault.kind})\n`);
    return faults.length > 0 ? exit.refused : exit.ok;
  } catch (error) {
    return unreachable(error);
  }
}

function unreachable(error: unknown): number {
  const absent = errorCode(error) === 'UBUS_NOT_FOUND';
  process.stderr.write(`tandem: ${absent ? 'the agent is not running (no ubus object tandem)' : explain(error)}\n`);
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

void main(process.argv.slice(2)).then((code) => {
  // A bundle that was handed over to says itself how it ended.
  process.exitCode ??= code;
});
