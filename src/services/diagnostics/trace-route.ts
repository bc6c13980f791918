import { type Diagnostic, deviceOf, ended, isHost, noRoute, numberOf, runProgram, unresolved } from './diagnostic.ts';

export interface RouteHop {
  readonly host: string;
  readonly address: string;
  /** ICMP code of what came back, where it was no ordinary answer. */
  readonly errorCode: number;
  /** Milliseconds, of the probes that were answered. */
  readonly times: readonly number[];
}
export interface Route {
  /** Address that is traced. */
  readonly target: string;
  readonly hops: readonly RouteHop[];
}

const icmpCodes: Readonly<Record<string, number>> = { N: 0, H: 1, P: 2, F: 4, S: 5, X: 13, V: 14, C: 15 };

/** What `traceroute` of BusyBox prints: a line for each hop, `*` for each probe without an answer. */
export function readRoute(text: string): Route {
  const target = /^traceroute to [^(\n]*\(([^)\n]*)\)/m.exec(text)?.[1] ?? '';
  const hops = [...text.matchAll(/^ *\d{1,3} {1,3}(.*)$/gm)].map(([, line]): RouteHop => {
    const [, host = '', address = ''] =
      /([^\s()*]+) \(([^)\s]+)\)/.exec(line!) ?? /([0-9a-fA-F.:]+)()/.exec(line!.split('  ')[0]!) ?? [];
    const code = /!(\w|<\d{1,3}>)/.exec(line!)?.[1];
    return {
      host,
      address: address || host,
      errorCode: code === undefined ? 0 : (icmpCodes[code] ?? (Number(code.replace(/\D/g, '')) || 0)),
      times: [...line!.matchAll(/(\d{1,7}(?:\.\d+)?) ms/g)].map(([, ms]) => Math.round(Number(ms))),
    };
  });
  return { target, hops };
}

const marginMs = 5000;
const longestMs = 600_000;

/** `TraceRoute()` (TR-181 `Device.IP.Diagnostics.`) with the device's `traceroute`. */
export const traceRoute: Diagnostic = async (parts, args, signal) => {
  const { Host = '', ProtocolVersion = 'Any' } = args;
  const tries = numberOf(args.NumberOfTries, 3);
  const waitSeconds = Math.max(1, Math.ceil(numberOf(args.Timeout, 5000) / 1000));
  const hopLimit = numberOf(args.MaxHopCount, 30);
  const dscp = numberOf(args.DSCP, 0);
  if (!isHost(Host)) return ended('Error_CannotResolveHostName');
  const device = await deviceOf(parts, args.Interface ?? '');
  if (!device.ok) return device;
  const words = [
    ['-q', String(tries), '-w', String(waitSeconds), '-m', String(hopLimit)],
    ProtocolVersion === 'IPv4' ? ['-4'] : ProtocolVersion === 'IPv6' ? ['-6'] : [],
    dscp === 0 ? [] : ['-t', String(dscp << 2)],
    device.value === undefined ? [] : ['-i', device.value],
    [Host, args.DataBlockSize || '38'],
  ].flat();
  const began = parts.clock.monotonicMs();
  const longest = Math.min(longestMs, hopLimit * tries * waitSeconds * 1000 + marginMs);
  const ran = await runProgram(parts, 'traceroute', words, longest, signal);
  if (!ran.ok) return ran.fault.timeout ? ended('Error_Other') : ran;
  const took = Math.round(parts.clock.monotonicMs() - began);
  const { stdout, stderr } = ran.value;
  const { target, hops } = readRoute(stdout);
  if (hops.length === 0) {
    if (unresolved.test(stderr)) return ended('Error_CannotResolveHostName');
    return ended(noRoute.test(stderr) ? 'Error_NoRouteToHost' : 'Error_Other');
  }
  const results: Record<string, string> = { IPAddressUsed: target, ResponseTime: String(took) };
  for (const [index, hop] of hops.entries()) {
    const row = `RouteHops.${index + 1}.`;
    results[`${row}Host`] = hop.host;
    results[`${row}HostAddress`] = hop.address === hop.host ? '' : hop.address;
    results[`${row}ErrorCode`] = String(hop.errorCode);
    results[`${row}RTTimes`] = hop.times.join(',');
  }
  const arrived = hops.at(-1)!.address === target;
  return ended(arrived ? 'Complete' : 'Error_MaxHopCountExceeded', results);
};
