import {
  type ArgumentInfo,
  type Model,
  type ModelFault,
  type ObjectInfo,
  type Protocol,
  type SupportedModel,
  toSchemaPath,
  type View,
  type Write,
  type WriteAnswer,
} from '#model';
import type { BlobTable, BlobValue, Bus, BusMethod } from '#platform';

/** What a room says of itself in `tandem status`. Never a secret. */
export type StatusPart = () => BlobTable;

/**
 * Publishes the object `tandem`: the face of the daemon for the CLI and for other programs on the device. A refusal is an answer with a `fault`
 * table (`kind`, `message`, `path`), so that callers get the reason and not a bare ubus status.
 */
export function publishBusApi(
  bus: Bus,
  model: Model,
  status: Readonly<Record<string, StatusPart>>,
  actions: Readonly<Record<string, () => void>>,
): Disposable {
  const origin = { by: 'cli' } as const;
  const methods: Record<string, BusMethod> = {
    status: {
      args: {},
      call: () => Object.fromEntries(Object.entries(status).map(([name, part]) => [name, part()])),
    },
    inform: {
      args: {},
      call: () => {
        if (!actions.inform) return { faults: [{ kind: 'unsupported-path', message: 'CWMP is not in use', path: '' }] };
        actions.inform();
        return { faults: [] };
      },
    },
    // The hooks of the DHCP clients: what a lease says has changed.
    lease: {
      args: {},
      call: () => {
        actions.lease?.();
        return {};
      },
    },
    get: {
      args: { paths: 'array', view: 'string' },
      call: async ({ args }) => {
        const readings = await model.get(viewOf(args), texts(args.paths));
        return {
          parameters: readings.flatMap(({ result }) =>
            result.ok
              ? result.value.flatMap((object) =>
                  object.parameters.map(({ info, value, fault }) => ({
                    path: object.path + info.name,
                    type: info.type,
                    value,
                    ...(fault && { problem: fault.message }),
                  })),
                )
              : [],
          ),
          faults: readings.flatMap(({ requested, result }) => (result.ok ? [] : [faultTable(result.fault, requested)])),
        };
      },
    },
    set: {
      args: { values: 'table', view: 'string' },
      call: async ({ args }) => {
        const byObject = new Map<string, { name: string; value: string; required: true }[]>();
        for (const [path, value] of Object.entries(tableOf(args.values))) {
          const dot = path.lastIndexOf('.') + 1;
          const parameters = byObject.get(path.slice(0, dot)) ?? [];
          parameters.push({ name: path.slice(dot), value: String(value), required: true });
          byObject.set(path.slice(0, dot), parameters);
        }
        const writes: Write[] = [...byObject].map(([path, parameters]) => ({ op: 'set', path, parameters }));
        return written(
          model.supported(protocolOf(args)),
          await model.write(viewOf(args), writes, { origin, partial: false }),
        );
      },
    },
    add: {
      args: { path: 'string', values: 'table', view: 'string' },
      call: async ({ args }) => {
        const parameters = Object.entries(tableOf(args.values)).map(([name, value]) => ({
          name,
          value: String(value),
          required: true,
        }));
        const write: Write = { op: 'add', path: String(args.path ?? ''), parameters };
        return written(
          model.supported(protocolOf(args)),
          await model.write(viewOf(args), [write], { origin, partial: false }),
        );
      },
    },
    del: {
      args: { path: 'string', view: 'string' },
      call: async ({ args }) => {
        const write: Write = { op: 'delete', path: String(args.path ?? '') };
        return written(
          model.supported(protocolOf(args)),
          await model.write(viewOf(args), [write], { origin, partial: false }),
        );
      },
    },
    instances: {
      args: { path: 'string', view: 'string' },
      call: async ({ args }) => {
        const path = String(args.path ?? '');
        const read = await model.instances(viewOf(args), path, false);
        return read.ok
          ? { instances: read.value.map(({ path: row, uniqueKeys }) => ({ path: row, keys: uniqueKeys })), faults: [] }
          : { instances: [], faults: [faultTable(read.fault, path)] };
      },
    },
    operate: {
      args: { path: 'string', args: 'table', wait: 'bool' },
      call: async ({ args }) => {
        const path = String(args.path ?? '');
        const given = Object.entries(tableOf(args.args)).map(([name, value]) => [name, String(value)]);
        const request = { path, args: Object.fromEntries(given), commandKey: '', origin };
        // The protocols overlook what they do not know; a person has mistyped it.
        const unknown = unknownArgument(model.supported('usp'), request);
        if (unknown) return { results: [], faults: [faultTable(unknown, path)] };
        const answer = await model.operate({ protocol: 'usp' }, request);
        if (!answer.ok) return { results: [], faults: [faultTable(answer.fault, path)] };
        const ended = await Promise.all(
          answer.value.map(async ({ path: ran, result, operation }) => ({
            ran,
            result: operation && args.wait !== false ? await operation.done : result,
            row: operation?.row,
          })),
        );
        return {
          results: ended.flatMap(({ ran, result, row }) =>
            result.ok ? [{ path: ran, output: result.value, ...(row !== undefined && { request: row }) }] : [],
          ),
          faults: ended.flatMap(({ ran, result }) => (result.ok ? [] : [faultTable(result.fault, ran)])),
        };
      },
    },
    coverage: {
      args: { view: 'string' },
      call: ({ args }) => ({ components: model.coverage(protocolOf(args)).map((component) => ({ ...component })) }),
    },
    schema: {
      args: { path: 'string', view: 'string' },
      call: ({ args }) => {
        const path = String(args.path ?? 'Device.');
        const objects = supportedAt(model.supported(protocolOf(args)), path);
        const fault = { kind: 'unsupported-path', message: 'not supported', path } as const;
        return { objects: objects.map(schemaTable), faults: objects.length === 0 ? [fault] : [] };
      },
    },
  };
  return bus.publish('tandem', methods);
}

function viewOf(args: BlobTable): View {
  return { protocol: protocolOf(args) };
}

function protocolOf(args: BlobTable): Protocol {
  return args.view === 'cwmp' ? 'cwmp' : 'usp';
}

function texts(value: BlobValue | undefined): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function tableOf(value: BlobValue | undefined): BlobTable {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as BlobTable) : {};
}

function faultTable(fault: ModelFault, requested: string): BlobTable {
  return { kind: fault.kind, message: fault.message, path: fault.path ?? requested };
}

/** @param path of an object, a parameter, a command or an event; instance numbers and wildcards stand for `{i}`, the last dot may be left out */
function supportedAt(supported: SupportedModel, path: string): readonly ObjectInfo[] {
  const asked = toSchemaPath(path.endsWith('.') ? path : `${path}.`).replaceAll('.*.', '.{i}.');
  const objects = supported.below(asked);
  if (objects.length > 0 || path.endsWith('.')) return objects;
  const dot = asked.lastIndexOf('.', asked.length - 2) + 1;
  const object = supported.object(asked.slice(0, dot));
  if (!object) return [];
  const named = <T extends { readonly name: string }>(all: readonly T[]): T[] =>
    all.filter(({ name }) => name === asked.slice(dot, -1));
  const { parameters, commands, events } = object;
  const only = { parameters: named(parameters), commands: named(commands), events: named(events) };
  return Object.values(only).every((found) => found.length === 0) ? [] : [{ ...object, ...only }];
}

function schemaTable(object: ObjectInfo): BlobTable {
  const list = (all: readonly ArgumentInfo[]): BlobTable[] => all.map((argument) => ({ ...argument }));
  return {
    path: object.path,
    creatable: object.creatable,
    deletable: object.deletable,
    parameters: object.parameters.map(({ name, type, writable, list }) => ({ name, type, writable, list })),
    commands: object.commands.map(({ name, async, input, output }) => ({
      name,
      async,
      input: list(input),
      output: list(output),
    })),
    events: object.events.map(({ name, args }) => ({ name, args: list(args) })),
  };
}

function unknownArgument(
  supported: SupportedModel,
  { path, args }: { path: string; args: Readonly<Record<string, unknown>> },
): ModelFault | undefined {
  const [object] = path.endsWith('()') ? supportedAt(supported, path) : [];
  const known = object?.commands[0]?.input.map(({ name }) => name);
  const schemaName = (name: string): string => name.replace(/\.[0-9]+(?=\.)/g, '.{i}');
  const unknown = known && Object.keys(args).find((name) => !known.includes(schemaName(name)));
  if (unknown === undefined) return undefined;
  const message = `${unknown} is not an argument of it; ${known!.length === 0 ? 'it has none' : `it has ${known!.join(', ')}`}`;
  return { kind: 'command-arguments', message, path };
}

/** What has been written, without its secrets. */
function written(supported: SupportedModel, answer: WriteAnswer): BlobTable {
  const shown = (path: string, name: string, value: string): string => {
    const info = supported.object(toSchemaPath(path))?.parameters.find((parameter) => parameter.name === name);
    return info?.hidden || info?.secured ? '********' : value;
  };
  return {
    committed: answer.committed,
    objects: answer.outcomes.flatMap(({ result }) =>
      answer.committed && result.ok
        ? result.value.map((object) => ({
            path: object.path,
            parameters: Object.fromEntries(
              object.parameters.map(({ name, value }) => [name, shown(object.path, name, value)]),
            ),
          }))
        : [],
    ),
    faults: answer.outcomes.flatMap(({ requested, result }) => {
      if (result.ok) return [];
      const { refusals, fault } = result.fault;
      if (refusals.length === 0) return [faultTable(fault, requested.path)];
      return refusals.map((refusal) => faultTable(refusal.fault, refusal.path));
    }),
  };
}
