import type { Notify, SupportedObjectResult, TextMap } from '#usp';

const root = 'Device.X_LAB_Meter.';
const text = 8;
const unsigned = 9;

/** What the example of a service has: a power meter that no agent knows of. */
export const meterSupported: readonly SupportedObjectResult[] = [
  {
    supportedObjPath: root,
    access: 0,
    isMultiInstance: false,
    supportedParams: [
      { paramName: 'Unit', access: 1, valueType: text, valueChange: 1 },
      { paramName: 'ChannelNumberOfEntries', access: 0, valueType: unsigned, valueChange: 1 },
    ],
    supportedCommands: [
      { commandName: 'Calibrate()', inputArgNames: ['Offset'], outputArgNames: ['Applied'], commandType: 1 },
      { commandName: 'Measure()', inputArgNames: [], outputArgNames: ['Watts'], commandType: 2 },
    ],
    supportedEvents: [{ eventName: 'Overload!', argNames: ['Watts'] }],
    divergentPaths: [],
    uniqueKeySets: [],
  },
  {
    supportedObjPath: `${root}Channel.{i}.`,
    access: 1,
    isMultiInstance: true,
    supportedParams: [
      { paramName: 'Name', access: 1, valueType: text, valueChange: 1 },
      { paramName: 'Watts', access: 0, valueType: unsigned, valueChange: 1 },
    ],
    supportedCommands: [],
    supportedEvents: [],
    divergentPaths: [],
    uniqueKeySets: [{ keyNames: ['Name'] }],
  },
];

/** The meter's rows and values, as a service's own code would keep them; it knows nothing of the wire. */
export class Meter {
  readonly root = root;
  #unit = 'W';
  readonly #channels = new Map<number, { name: string; watts: number }>([[1, { name: 'Kitchen', watts: 40 }]]);
  #next = 2;
  /** Told with the path and the rest of the notification. */
  onChange: (path: string, notify: Partial<Notify>) => void = () => {};

  /** Objects with their values, those below a path first to last. */
  read(): Map<string, Record<string, string>> {
    const objects = new Map<string, Record<string, string>>([
      [root, { Unit: this.#unit, ChannelNumberOfEntries: String(this.#channels.size) }],
    ]);
    for (const [number, { name, watts }] of this.#channels) {
      objects.set(`${root}Channel.${number}.`, { Name: name, Watts: String(watts) });
    }
    return objects;
  }

  /** @returns why not */
  set(object: string, name: string, value: string): { errCode: number; errMsg: string } | undefined {
    const channel = this.#channelAt(object);
    if (object === root && name === 'Unit') {
      if (!['W', 'kW'].includes(value)) return { errCode: 7012, errMsg: 'W or kW' };
      this.#unit = value;
    } else if (channel && name === 'Name') channel.name = value;
    else return { errCode: name === 'Watts' || name.endsWith('Entries') ? 7013 : 7010, errMsg: 'not writable' };
    this.onChange(object + name, { valueChange: { paramPath: object + name, paramValue: value } });
    return undefined;
  }

  add(settings: TextMap): { path: string; uniqueKeys: TextMap } {
    const number = this.#next++;
    const name = settings.Name ?? `Channel ${number}`;
    this.#channels.set(number, { name, watts: 0 });
    const path = `${root}Channel.${number}.`;
    this.onChange(path, { objCreation: { objPath: path, uniqueKeys: { Name: name } } });
    return { path, uniqueKeys: { Name: name } };
  }

  remove(path: string): boolean {
    const number = Number(/\.([0-9]+)\.$/.exec(path)?.[1]);
    if (!this.#channels.delete(number)) return false;
    this.onChange(path, { objDeletion: { objPath: path } });
    return true;
  }

  /** The end of `Measure()` with this command key. */
  measured(commandKey: string, watts: string): void {
    this.onChange(`${root}Measure()`, {
      operComplete: {
        objPath: root,
        commandName: 'Measure()',
        commandKey,
        reqOutputArgs: { outputArgs: { Watts: watts } },
      },
    });
  }

  calibrate(args: TextMap): TextMap {
    return { Applied: args.Offset ?? '0' };
  }

  /** What the world does to a meter. */
  measure(channel: number, watts: number): void {
    const row = this.#channels.get(channel);
    if (!row) return;
    row.watts = watts;
    const path = `${root}Channel.${channel}.Watts`;
    this.onChange(path, { valueChange: { paramPath: path, paramValue: String(watts) } });
    if (watts > 3000) {
      const params = { Watts: String(watts) };
      this.onChange(`${root}Overload!`, { event: { objPath: root, eventName: 'Overload!', params } });
    }
  }

  #channelAt(path: string): { name: string; watts: number } | undefined {
    return this.#channels.get(Number(/^Device\.X_LAB_Meter\.Channel\.([0-9]+)\.$/.exec(path)?.[1]));
  }
}
