import type { CommandHandler } from '#model';
import type { Diagnostic, DiagnosticParts } from './diagnostic.ts';

/** Loaded when the first test is asked for. */
export const diagnostics = {
  IPPing: async () => (await import('./ip-ping.ts')).ipPing,
  TraceRoute: async () => (await import('./trace-route.ts')).traceRoute,
  NSLookupDiagnostics: async () => (await import('./ns-lookup.ts')).nsLookup,
  NeighboringWiFiDiagnostic: async () => (await import('./neighboring-wifi.ts')).neighboringWifi,
} satisfies Record<string, () => Promise<Diagnostic>>;

/** The tests that a device can make of itself, as asynchronous commands (TR-181 USP view). */
export function declareDiagnostics(parts: DiagnosticParts): Disposable {
  const run =
    (load: () => Promise<Diagnostic>): CommandHandler =>
    async (args, { signal }) =>
      (await load())(parts, args, signal);
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
