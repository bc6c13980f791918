import type { CommandHandler } from '#model';
import type { Diagnostic, DiagnosticParts } from './diagnostic.ts';
import { ipPing } from './ip-ping.ts';
import { neighboringWifi } from './neighboring-wifi.ts';
import { nsLookup } from './ns-lookup.ts';
import { traceRoute } from './trace-route.ts';

export const diagnostics = {
  IPPing: ipPing,
  TraceRoute: traceRoute,
  NSLookupDiagnostics: nsLookup,
  NeighboringWiFiDiagnostic: neighboringWifi,
} satisfies Record<string, Diagnostic>;

/** The tests that a device can make of itself, as asynchronous commands (TR-181 USP view). */
export function declareDiagnostics(parts: DiagnosticParts): Disposable {
  const run =
    (diagnostic: Diagnostic): CommandHandler =>
    (args, { signal }) =>
      diagnostic(parts, args, signal);
  const declared = [
    parts.model.declare({
      path: 'Device.IP.Diagnostics.',
      commands: { 'IPPing()': run(diagnostics.IPPing), 'TraceRoute()': run(diagnostics.TraceRoute) },
    }),
    parts.model.declare({
      path: 'Device.DNS.Diagnostics.',
      commands: { 'NSLookupDiagnostics()': run(diagnostics.NSLookupDiagnostics) },
    }),
    parts.model.declare({
      path: 'Device.WiFi.',
      commands: { 'NeighboringWiFiDiagnostic()': run(diagnostics.NeighboringWiFiDiagnostic) },
    }),
  ];
  return { [Symbol.dispose]: () => declared.forEach((one) => void one[Symbol.dispose]()) };
}
