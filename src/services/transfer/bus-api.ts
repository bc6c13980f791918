import type { BlobTable, BlobValue, Bus, BusMethod } from '#platform';

/** What other programs on the device have to do with the ACS's transfers. */
export interface TransferAccess {
  list(): readonly {
    readonly commandKey: string;
    readonly state: number;
    readonly isDownload: boolean;
    readonly fileType: string;
    readonly fileSize: number;
  }[];
  confirm(commandKey: string): Promise<boolean>;
  completed(
    transfer: {
      readonly announceUrl: string;
      readonly transferUrl: string;
      readonly isDownload: boolean;
      readonly fileType: string;
      readonly fileSize: number;
      readonly targetFileName: string;
    },
    outcome: { code: number; text: string; startMs: number | undefined; completeMs: number | undefined },
  ): Promise<boolean>;
  requestDownload(fileType: string, args: readonly { name: string; value: string }[]): Promise<boolean>;
  kicked(kick: { command: string; referer: string; arg: string; next: string }): Promise<string | undefined>;
}

const states = ['', 'not started', 'in progress', 'completed'];
/** Limits of the CWMP XSD. */
const limits = {
  file_type: 64,
  url: 1024,
  announce_url: 1024,
  target: 256,
  command: 32,
  referer: 64,
  arg: 256,
  next: 1024,
};

/** Publishes the object `tandem.transfers` (docs/transfers.md). */
export function publishTransferApi(bus: Bus, transfers: TransferAccess): Disposable {
  const methods: Record<string, BusMethod> = {
    list: {
      args: {},
      call: () => ({
        transfers: transfers.list().map(({ commandKey, state, isDownload, fileType, fileSize }) => ({
          key: commandKey,
          state: states[state] ?? '',
          direction: isDownload ? 'download' : 'upload',
          type: fileType,
          size: fileSize,
        })),
      }),
    },
    confirm: {
      args: { key: 'string' },
      call: async ({ args }) => {
        if (await transfers.confirm(text(args, 'key'))) return { faults: [] };
        return { faults: [fault('no-instance', 'no transfer waits for this', text(args, 'key'))] };
      },
    },
    completed: {
      args: {
        url: 'string',
        announce_url: 'string',
        upload: 'bool',
        file_type: 'string',
        size: 'int32',
        target: 'string',
        fault: 'int32',
        message: 'string',
        started: 'int32',
        completed: 'int32',
      },
      call: async ({ args }) => {
        const seconds = (name: string): number | undefined =>
          args[name] === undefined ? undefined : whole(args, name) * 1000;
        const transfer = {
          announceUrl: text(args, 'announce_url'),
          transferUrl: text(args, 'url'),
          isDownload: args.upload !== true,
          fileType: text(args, 'file_type'),
          fileSize: whole(args, 'size'),
          targetFileName: text(args, 'target'),
        };
        const outcome = {
          code: whole(args, 'fault'),
          text: String(args.message ?? '').slice(0, 256),
          startMs: seconds('started'),
          completeMs: seconds('completed'),
        };
        return { wanted: await transfers.completed(transfer, outcome), faults: [] };
      },
    },
    request_download: {
      args: { file_type: 'string', args: 'table' },
      call: async ({ args }) => {
        const given = Object.entries(table(args.args)).slice(0, 16);
        const named = given.map(([name, value]) => ({ name: name.slice(0, 64), value: String(value).slice(0, 256) }));
        return { owed: await transfers.requestDownload(text(args, 'file_type'), named), faults: [] };
      },
    },
    kicked: {
      args: { command: 'string', referer: 'string', arg: 'string', next: 'string' },
      call: async ({ args }) => {
        const next = await transfers.kicked({
          command: text(args, 'command'),
          referer: text(args, 'referer'),
          arg: text(args, 'arg'),
          next: text(args, 'next'),
        });
        if (next === undefined) return { faults: [fault('command-failed', 'the ACS does not say', '')] } as BlobTable;
        return { next, faults: [] };
      },
    },
  };
  return bus.publish('tandem.transfers', methods);
}

const fault = (kind: string, message: string, path: string): BlobTable => ({ kind, message, path });

const text = (args: BlobTable, name: string): string =>
  String(args[name] ?? '').slice(0, limits[name as keyof typeof limits] ?? 256);

const whole = (args: BlobTable, name: string): number => {
  const value = Number(args[name] ?? 0);
  return Number.isSafeInteger(value) && value >= 0 ? value : 0;
};

const table = (value: BlobValue | undefined): BlobTable =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as BlobTable) : {};
