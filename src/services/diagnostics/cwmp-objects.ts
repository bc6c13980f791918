import { explain, type Log } from '#base';
import type { DeclaredParameter, ModelFault, StoredTable } from '#model';
import { diagnostics } from './declare.ts';
import type { Diagnostic, DiagnosticParts } from './diagnostic.ts';

/** What the objects need of the CWMP client. */
export interface DiagnosticEvents {
  /** Resolves when no session is running. */
  readonly betweenSessions: () => Promise<void>;
  /** `8 DIAGNOSTICS COMPLETE` is owed to the ACS. */
  readonly complete: () => void;
}

interface ObjectShape {
  readonly path: string;
  readonly run: Diagnostic;
  /** Writable parameters with what they are at first. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly outputs: readonly string[];
  readonly rows?: { readonly name: string; readonly columns: readonly string[] };
}

const target = { Interface: '', ProtocolVersion: 'Any', Host: '' };
const shapes: readonly ObjectShape[] = [
  {
    path: 'Device.IP.Diagnostics.IPPing.',
    run: diagnostics.IPPing,
    inputs: { ...target, NumberOfRepetitions: '3', Timeout: '1000', DataBlockSize: '56', DSCP: '0' },
    outputs: [
      'IPAddressUsed',
      'SuccessCount',
      'FailureCount',
      'AverageResponseTime',
      'MinimumResponseTime',
      'MaximumResponseTime',
      'AverageResponseTimeDetailed',
      'MinimumResponseTimeDetailed',
      'MaximumResponseTimeDetailed',
    ],
  },
  {
    path: 'Device.IP.Diagnostics.TraceRoute.',
    run: diagnostics.TraceRoute,
    inputs: { ...target, NumberOfTries: '3', Timeout: '5000', DataBlockSize: '38', DSCP: '0', MaxHopCount: '30' },
    outputs: ['IPAddressUsed', 'ResponseTime'],
    rows: { name: 'RouteHops', columns: ['Host', 'HostAddress', 'ErrorCode', 'RTTimes'] },
  },
  {
    path: 'Device.DNS.Diagnostics.NSLookupDiagnostics.',
    run: diagnostics.NSLookupDiagnostics,
    inputs: { Interface: '', HostName: '', DNSServer: '', Timeout: '5000', NumberOfRepetitions: '1' },
    outputs: ['SuccessCount'],
    rows: {
      name: 'Result',
      columns: ['Status', 'AnswerType', 'HostNameReturned', 'IPAddresses', 'DNSServerIP', 'ResponseTime'],
    },
  },
  {
    path: 'Device.WiFi.NeighboringWiFiDiagnostic.',
    run: diagnostics.NeighboringWiFiDiagnostic,
    inputs: {},
    outputs: [],
    rows: {
      name: 'Result',
      columns: [
        'Radio',
        'SSID',
        'BSSID',
        'Mode',
        'Channel',
        'SignalStrength',
        'SecurityModeEnabled',
        'EncryptionMode',
        'OperatingFrequencyBand',
        'OperatingChannelBandwidth',
        'Noise',
      ],
    },
  },
];

/** The same tests as objects with a `DiagnosticsState`, which is how CWMP asks for them (TR-106 `DiagnosticsState`). Results are kept until the next test or boot. */
export function declareDiagnosticObjects(parts: DiagnosticParts, events: DiagnosticEvents, log: Log): Disposable {
  const objects = shapes.map((shape) => new DiagnosticObject(shape, parts, events, log));
  return { [Symbol.dispose]: () => objects.forEach((object) => void object[Symbol.dispose]()) };
}

class DiagnosticObject implements Disposable {
  readonly #shape: ObjectShape;
  readonly #parts: DiagnosticParts;
  readonly #events: DiagnosticEvents;
  readonly #log: Log;
  readonly #inputs: Map<string, string>;
  readonly #table: StoredTable | undefined;
  readonly #declared: Disposable;
  #state = 'None';
  #outputs: Readonly<Record<string, string>> = {};
  /** Asked for; it runs from the end of the session on. */
  #test: AbortController | undefined;
  #running = false;

  constructor(shape: ObjectShape, parts: DiagnosticParts, events: DiagnosticEvents, log: Log) {
    this.#shape = shape;
    this.#parts = parts;
    this.#events = events;
    this.#log = log;
    this.#inputs = new Map(Object.entries(shape.inputs));
    const parameters: Record<string, DeclaredParameter> = {
      DiagnosticsState: {
        get: () => this.#state,
        set: (_, value) => this.#setState(value),
        validate: (_, value) => checkState(value),
      },
    };
    for (const name of Object.keys(shape.inputs)) {
      parameters[name] = { get: () => this.#inputs.get(name)!, set: (_, value) => this.#setInput(name, value) };
    }
    for (const name of shape.outputs) parameters[name] = { get: () => this.#outputs[name] ?? zeroOf(name) };
    this.#declared = parts.model.declare({ path: shape.path, parameters });
    const { rows } = shape;
    this.#table =
      rows &&
      parts.model.declareTable({ path: `${shape.path}${rows.name}.{i}.`, columns: rows.columns, persist: () => false });
  }

  [Symbol.dispose](): void {
    this.#test?.abort(new Error('stopped'));
    this.#declared[Symbol.dispose]();
  }

  #setState(value: string): () => void {
    const before = this.#state;
    this.#end();
    this.#state = value === 'Requested' ? 'Requested' : 'None';
    const test = value === 'Requested' ? new AbortController() : undefined;
    this.#test = test;
    if (test) void this.#run(test);
    return () => {
      test?.abort(new Error('undone'));
      this.#state = before === 'Requested' ? 'None' : before;
    };
  }

  /** What is asked for and has not begun takes the new value: it may have come in the same request, before this. */
  #setInput(name: string, value: string): () => void {
    const [before, state] = [this.#inputs.get(name)!, this.#state];
    this.#inputs.set(name, value);
    if (this.#running || !this.#test) {
      this.#end();
      this.#state = 'None';
    }
    return () => {
      this.#inputs.set(name, before);
      if (!this.#test && state !== 'Requested') this.#state = state;
    };
  }

  #end(): void {
    this.#test?.abort(new Error('canceled'));
    this.#test = undefined;
    this.#running = false;
  }

  async #run(test: AbortController): Promise<void> {
    const { signal } = test;
    const { run, path, rows } = this.#shape;
    let status = 'Error_Internal';
    let outputs: Readonly<Record<string, string>> = {};
    try {
      // The rest of the request has been taken when the session is over (TR-106).
      await new Promise((resolve) => setImmediate(resolve));
      await this.#events.betweenSessions();
      if (signal.aborted) return;
      this.#running = true;
      const result = await run(this.#parts, Object.fromEntries(this.#inputs), signal);
      if (result.ok) {
        outputs = result.value;
        status = outputs.Status ?? 'Complete';
      } else {
        status = path.includes('WiFi') ? 'Error' : 'Error_Other';
        this.#log.warn('a diagnostic could not be made', { path, reason: result.fault.message });
      }
    } catch (error) {
      if (signal.aborted) return;
      this.#log.error('a diagnostic failed', { path, reason: explain(error) });
    }
    if (signal.aborted) return;
    this.#test = undefined;
    this.#running = false;
    this.#outputs = outputs;
    this.#state = status;
    if (rows) await this.#table?.fill(path + rows.name, rowsOf(outputs, rows.name));
    this.#events.complete();
  }
}

function checkState(value: string): ModelFault | undefined {
  if (value === 'Requested' || value === 'Canceled') return undefined;
  return { kind: 'invalid-value', message: 'only Requested and Canceled can be written' };
}

const zeroOf = (name: string): string => (name === 'IPAddressUsed' ? '' : '0');

/** `RouteHops.2.Host` and its like, by row. */
function rowsOf(outputs: Readonly<Record<string, string>>, name: string): Record<string, string>[] {
  const rows: Record<string, string>[] = [];
  for (const [path, value] of Object.entries(outputs)) {
    const [table, number, column] = path.split('.');
    if (table !== name || column === undefined) continue;
    const index = Number(number) - 1;
    rows[index] = { ...rows[index], [column]: value };
  }
  return rows;
}
