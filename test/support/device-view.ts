import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { WriteOutcome } from '#model';
import { FakeBus } from './fake-bus.ts';
import { openModel } from './model-fixture.ts';

/** What a device is made of: packages of UCI, files, and answers of ubus by `object method`. */
export interface Device {
  readonly packages: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly answers?: Readonly<Record<string, unknown>>;
}

/** The shipped mappings on a device that says no more than this. */
export interface DeviceView extends AsyncDisposable {
  /** Values by path without `Device.`. */
  read(path: string): Promise<Record<string, string>>;
  /** @returns whether all of it was written */
  set(path: string, values: Readonly<Record<string, string>>): Promise<boolean>;
  /** @returns the row's path, or the refusal */
  add(path: string, values: Readonly<Record<string, string>>): Promise<string>;
  remove(path: string): Promise<WriteOutcome>;
  config(pack: string): string;
}

export async function viewOf({ packages, files = {}, answers = {} }: Device): Promise<DeviceView> {
  const root = mkdtempSync(join(tmpdir(), 'tandem-device-'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const bus = new FakeBus({
    'service event': () => ({}),
    ...Object.fromEntries(Object.entries(answers).map(([call, answer]) => [call, () => answer as never])),
  });
  const { model, config, ...open } = await openModel({ bus, packages, root, unlocked: true });
  const options = { origin: { by: 'usp' }, partial: false } as const;
  const wanted = (values: Readonly<Record<string, string>>) =>
    Object.entries(values).map(([name, value]) => ({ name, value, required: true }));
  return {
    async read(path) {
      const [reading] = await model.get({ protocol: 'usp' }, [path]);
      if (!reading!.result.ok) throw new Error(reading!.result.fault.message);
      return Object.fromEntries(
        reading!.result.value.flatMap(({ path: object, parameters }) =>
          parameters.map(({ info, value }) => [object.slice('Device.'.length) + info.name, value]),
        ),
      );
    },
    async set(path, values) {
      const write = { op: 'set', path, parameters: wanted(values) } as const;
      return (await model.write({ protocol: 'usp' }, [write], options)).committed;
    },
    async add(path, values) {
      const write = { op: 'add', path, parameters: wanted(values) } as const;
      const { result } = (await model.write({ protocol: 'usp' }, [write], options)).outcomes[0]!;
      return result.ok ? result.value[0]!.path : result.fault.fault.message;
    },
    async remove(path) {
      return (await model.write({ protocol: 'usp' }, [{ op: 'delete', path }], options)).outcomes[0]!;
    },
    config,
    async [Symbol.asyncDispose]() {
      await open[Symbol.asyncDispose]();
      rmSync(root, { recursive: true, force: true });
    },
  };
}
