import { explain, ok, type Result, refused } from '#base';
import type { Files, Scripts } from '#platform';
import { type TransferFault, type TransferFaultKind, transferFault } from './fault.ts';

const directory = '/etc/tandem/transfer.d';
const timeoutMs = 10 * 60_000;
const kinds = new Set<TransferFaultKind>(['corrupted', 'space', 'authentication', 'failed']);

/**
 * Files of types that vendors have made up (`X 00D09E Splash Screen`): an executable for each, named after the type with everything but letters and digits as `_`. It is
 * called with `install FILE TARGET` or `produce FILE` and prints a JSON table: `{}`, or `{"fault": "corrupted", "message": "…"}`.
 */
export class VendorFiles {
  readonly #files: Files;
  readonly #scripts: Scripts;

  constructor(files: Files, scripts: Scripts) {
    this.#files = files;
    this.#scripts = scripts;
  }

  knows(type: string): boolean {
    return type.startsWith('X ') && this.#files.exists(pathOf(type));
  }

  install(type: string, file: string, target: string, signal: AbortSignal): Promise<Result<void, TransferFault>> {
    return this.#run(type, ['install', file, target], signal);
  }

  produce(type: string, file: string, signal: AbortSignal): Promise<Result<void, TransferFault>> {
    return this.#run(type, ['produce', file], signal);
  }

  async #run(type: string, args: readonly string[], signal: AbortSignal): Promise<Result<void, TransferFault>> {
    try {
      const printed = await this.#scripts.run(pathOf(type), timeoutMs, signal, args);
      const { fault, message } = (printed ?? {}) as Readonly<Record<string, unknown>>;
      if (fault === undefined) return ok(undefined);
      const kind = kinds.has(fault as TransferFaultKind) ? (fault as TransferFaultKind) : 'failed';
      return refused(transferFault(kind, String(message ?? fault).slice(0, 200)));
    } catch (error) {
      return refused(transferFault('failed', explain(error)));
    }
  }
}

const pathOf = (type: string): string => `${directory}/${type.replaceAll(/[^A-Za-z0-9]/g, '_').slice(0, 64)}`;
