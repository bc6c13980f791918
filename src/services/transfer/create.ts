import type { Log } from '#base';
import { ok } from '#base';
import type { DataModel } from '#model';
import type { Bus, Files, HttpStreams, Scripts, Staging, StateStore, Uci } from '#platform';
import { configurationLimitBytes, restoreConfiguration, writeConfiguration } from './configuration.ts';
import { type FileUse, type Installer, type Producer, TransferEngine } from './engine.ts';
import { HttpFiles } from './http-files.ts';
import { readLog } from './log-file.ts';
import { VendorFiles } from './vendor-files.ts';

export interface TransferParts {
  readonly model: Pick<DataModel, 'restore'>;
  readonly bus: Bus;
  readonly uci: Uci;
  readonly state: StateStore;
  readonly files: Files;
  readonly scripts: Scripts;
  readonly staging: Staging;
  readonly openStreams: () => HttpStreams;
  readonly randomHex: (count: number) => string;
  readonly allowPlain: boolean;
  /** Hosts that are given the credentials of a transfer; none: any. */
  readonly credentialHosts: readonly string[];
  readonly log: Log;
}

/** State: which transfer's configuration was taken over last. */
const installed = 'configuration-installed';

/** The transfer engine with what this device can take (its configuration, vendors' files) and give (its configuration, its log). */
export function createTransfers(parts: TransferParts): TransferEngine {
  const { model, bus, uci, state, staging, log } = parts;
  const installers: Partial<Record<FileUse, Installer>> = {
    configuration: {
      limitBytes: configurationLimitBytes,
      done: (id) => state.read(installed) === id,
      // In one with the note of it: a configuration that an operator has changed since is not to be overwritten once more.
      install: (file, _, origin) =>
        restoreConfiguration(model, file.readText(configurationLimitBytes), origin, [
          { name: installed, text: file.id },
        ]),
    },
  };
  const producers: Partial<Record<FileUse, Producer>> = {
    configuration: async () => ok(writeConfiguration(uci)),
    log: () => readLog(bus),
  };
  return new TransferEngine({
    files: new HttpFiles({
      open: parts.openStreams,
      staging,
      clientNonce: () => parts.randomHex(8),
      allowPlain: parts.allowPlain,
      credentialHosts: parts.credentialHosts,
    }),
    staging,
    installers,
    producers,
    vendor: new VendorFiles(parts.files, parts.scripts),
    log,
  });
}
