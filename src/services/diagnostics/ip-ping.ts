import { refused } from '#base';
import { type Diagnostic, deviceOf, ended, isHost, noRoute, numberOf, runProgram, unresolved } from './diagnostic.ts';

export interface PingResult {
  readonly address: string;
  readonly sent: number;
  readonly received: number;
  /** Microseconds; absent when nothing came back. */
  readonly times: { readonly minimum: number; readonly average: number; readonly maximum: number } | undefined;
}

/** What `ping -q` of BusyBox or iputils prints. `undefined`: it has not come to send anything. */
export function readPing(text: string): PingResult | undefined {
  const counts = /(\d{1,9}) packets transmitted, (\d{1,9}) (?:packets )?received/.exec(text);
  if (!counts) return undefined;
  const address = /^PING [^(\n]*\(([^)\n]*)\)/m.exec(text)?.[1] ?? '';
  const times = /(?:round-trip|rtt) min\/avg\/max(?:\/\w+)? = ([\d.]+)\/([\d.]+)\/([\d.]+)/.exec(text);
  const [minimum, average, maximum] = (times ?? []).slice(1).map((ms) => Math.round(Number(ms) * 1000));
  return {
    address,
    sent: Number(counts[1]),
    received: Number(counts[2]),
    times: times ? { minimum: minimum!, average: average!, maximum: maximum! } : undefined,
  };
}

/** One a second: an hour. */
const repetitionsLimit = 3600;
const marginMs = 5000;

/** `IPPing()` (TR-181 `Device.IP.Diagnostics.`) with the device's `ping`. */
export const ipPing: Diagnostic = async (parts, args, signal) => {
  const { Host = '', ProtocolVersion = 'Any', DSCP } = args;
  const count = numberOf(args.NumberOfRepetitions, 3);
  const timeoutMs = numberOf(args.Timeout, 1000);
  if (count > repetitionsLimit) return refused({ kind: 'resources', message: `more than ${repetitionsLimit} pings` });
  // BusyBox's ping can't mark its packets.
  if (numberOf(DSCP, 0) !== 0) return refused({ kind: 'command-failed', message: 'DSCP can not be set here' });
  if (!isHost(Host)) return ended('Error_CannotResolveHostName');
  const device = await deviceOf(parts, args.Interface ?? '');
  if (!device.ok) return device;
  const words = [
    [
      '-q',
      '-c',
      String(count),
      '-s',
      args.DataBlockSize || '56',
      '-W',
      String(Math.max(1, Math.ceil(timeoutMs / 1000))),
    ],
    ProtocolVersion === 'IPv4' ? ['-4'] : ProtocolVersion === 'IPv6' ? ['-6'] : [],
    device.value === undefined ? [] : ['-I', device.value],
    [Host],
  ].flat();
  const ran = await runProgram(parts, 'ping', words, count * 1000 + timeoutMs + marginMs, signal);
  if (!ran.ok) return ran.fault.timeout ? ended('Error_Other') : ran;
  const { stdout, stderr } = ran.value;
  const result = readPing(stdout);
  if (result?.times === undefined) {
    if (unresolved.test(stderr) || unresolved.test(stdout)) return ended('Error_CannotResolveHostName');
    if (noRoute.test(stderr) || noRoute.test(stdout)) return ended('Error_NoRouteToHost');
    if (!result) return ended('Error_Other');
  }
  const { minimum = 0, average = 0, maximum = 0 } = result.times ?? {};
  const milliseconds = (microseconds: number): string => String(Math.round(microseconds / 1000));
  return ended('Complete', {
    IPAddressUsed: result.address,
    SuccessCount: String(result.received),
    FailureCount: String(result.sent - result.received),
    AverageResponseTime: milliseconds(average),
    MinimumResponseTime: milliseconds(minimum),
    MaximumResponseTime: milliseconds(maximum),
    AverageResponseTimeDetailed: String(average),
    MinimumResponseTimeDetailed: String(minimum),
    MaximumResponseTimeDetailed: String(maximum),
  });
};
