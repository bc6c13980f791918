import { explain, ok, type Result, refused } from '#base';
import type { DataModel, Origin, StateChange } from '#model';
import { parseUci, parseUciExport, type Uci, UciError } from '#platform';
import { type TransferFault, transferFault } from './fault.ts';

/** Never in a file and never taken from one: the device's relation to its operators, with its credentials. */
const own = 'tandem';
const packageLimit = 128;

export const configurationLimitBytes = 2 << 20;

/** Every UCI package of the device in one file, as `uci export` prints it and `uci import` reads it. */
export function writeConfiguration(uci: Uci): string {
  let text = '';
  for (const name of uci.packages()) {
    const found = name === own ? undefined : uci.text(name);
    if (found === undefined) continue;
    try {
      text += `package ${name}\n${parseUci(found).toText()}`;
    } catch (error) {
      // One that OpenWrt itself can't read is of no use to anybody, and must not cost the others.
      if (!(error instanceof UciError)) throw error;
    }
  }
  return text;
}

/** @returns the packages' texts, or why this is no configuration */
export function readConfiguration(text: string): Result<ReadonlyMap<string, string>, TransferFault> {
  try {
    const packages = [...parseUciExport(text)].filter(([name]) => name !== own);
    if (packages.length === 0) return refused(transferFault('corrupted', 'there is no package in the file'));
    if (packages.length > packageLimit) return refused(transferFault('corrupted', 'too many packages in the file'));
    return ok(new Map(packages.map(([name, document]) => [name, document.toText()])));
  } catch (error) {
    if (error instanceof UciError) return refused(transferFault('corrupted', explain(error)));
    throw error;
  }
}

/** @param states what goes to flash along with it. All packages of the file or none; those that it does not name stay as they are. */
export async function restoreConfiguration(
  model: Pick<DataModel, 'restore'>,
  text: string,
  origin: Origin,
  states: readonly StateChange[],
): Promise<Result<void, TransferFault>> {
  const packages = readConfiguration(text);
  if (!packages.ok) return packages;
  try {
    await model.restore(packages.value, origin, states);
    return ok(undefined);
  } catch (error) {
    return refused(transferFault('failed', explain(error)));
  }
}
