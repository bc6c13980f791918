import { refused } from '#base';
import { type Diagnostic, type DiagnosticParts, ended, isHost, numberOf, runProgram } from './diagnostic.ts';

export interface Lookup {
  readonly status:
    | 'Success'
    | 'Error_DNSServerNotAvailable'
    | 'Error_HostNameNotResolved'
    | 'Error_Timeout'
    | 'Error_Other';
  readonly answer: 'None' | 'Authoritative' | 'NonAuthoritative';
  readonly name: string;
  readonly addresses: readonly string[];
  /** Address of the server that was asked. */
  readonly server: string;
}

/** What `nslookup` of BusyBox or BIND prints. */
export function readLookup(text: string): Lookup {
  const server = /^Address(?: \d+)?:\s*(\[?[0-9A-Fa-f.:%]+\]?)/m.exec(text)?.[1] ?? '';
  const answers = text.slice(text.search(/^Name:/m) < 0 ? text.length : text.search(/^Name:/m));
  const addresses = [...answers.matchAll(/^Address(?: \d+)?:\s*([0-9A-Fa-f.:]+)/gm)].map(([, address]) => address!);
  const name = /^Name:\s*(\S+)/m.exec(answers)?.[1] ?? '';
  const base = { name, addresses: [...new Set(addresses)], server: addressOf(server) };
  if (addresses.length > 0) {
    return {
      status: 'Success',
      answer: /non-authoritative/i.test(text) ? 'NonAuthoritative' : 'Authoritative',
      ...base,
    };
  }
  const status = /timed out|no servers could be reached/i.test(text)
    ? 'Error_DNSServerNotAvailable'
    : /can't find|NXDOMAIN|no answer|server can't/i.test(text)
      ? 'Error_HostNameNotResolved'
      : 'Error_Other';
  return { status, answer: 'None', ...base };
}

/** BusyBox puts the port behind it. */
const addressOf = (text: string): string =>
  /^\[/.test(text) ? text.slice(1).replace(/\].*$/, '') : /^[\d.]+:\d+$/.test(text) ? text.replace(/:\d+$/, '') : text;

const repetitionsLimit = 100;

/** `NSLookupDiagnostics()` (TR-181 `Device.DNS.Diagnostics.`) with the device's `nslookup`; a time holds the start of the program. */
export const nsLookup: Diagnostic = async (parts, args, signal) => {
  const { HostName = '', DNSServer = '' } = args;
  const repetitions = Math.max(1, numberOf(args.NumberOfRepetitions, 1));
  if (repetitions > repetitionsLimit) {
    return refused({ kind: 'resources', message: `more than ${repetitionsLimit} lookups` });
  }
  if (DNSServer !== '' && !isHost(DNSServer)) return ended('Error_DNSServerNotResolved');
  const results: Record<string, string> = {};
  let successes = 0;
  for (let n = 1; n <= repetitions; n++) {
    const began = parts.clock.monotonicMs();
    const found = await lookup(parts, HostName, DNSServer, numberOf(args.Timeout, 5000), signal);
    if (found === undefined) return refused({ kind: 'command-failed', message: 'there is no nslookup here' });
    const took = Math.round(parts.clock.monotonicMs() - began);
    if (found.status === 'Success') successes++;
    results[`Result.${n}.Status`] = found.status;
    results[`Result.${n}.AnswerType`] = found.answer;
    results[`Result.${n}.HostNameReturned`] = found.name;
    results[`Result.${n}.IPAddresses`] = found.addresses.join(',');
    results[`Result.${n}.DNSServerIP`] = found.server;
    results[`Result.${n}.ResponseTime`] = found.status === 'Success' ? String(took) : '0';
  }
  return ended('Complete', { SuccessCount: String(successes), ...results });
};

async function lookup(
  parts: DiagnosticParts,
  host: string,
  server: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Lookup | undefined> {
  const nothing = { answer: 'None', name: '', addresses: [], server: '' } as const;
  if (!isHost(host)) return { status: 'Error_HostNameNotResolved', ...nothing };
  const seconds = Math.max(1, Math.ceil(timeoutMs / 1000));
  const words = [`-timeout=${seconds}`, '-retry=1', host, ...(server === '' ? [] : [server])];
  const ran = await runProgram(parts, 'nslookup', words, Math.max(timeoutMs, 100), signal);
  if (ran.ok) return readLookup(`${ran.value.stdout}\n${ran.value.stderr}`);
  return ran.fault.timeout ? { status: 'Error_Timeout', ...nothing } : undefined;
}
