import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode, TandemError } from '#base';

export interface DataModelFiles {
  /** `tr181.bin` */
  readonly schema: Uint8Array;
  readonly mappings: readonly { readonly file: string; readonly text: string; readonly checked?: boolean }[];
  /** A further table of the schema, read when it is asked for: `tables/NAME.bin`. `undefined`: there is none of that name. */
  readonly table: (name: string) => Uint8Array | undefined;
}

/**
 * The compiled schema and the mappings: ours in `share`, then the vendor's drop-ins, each in lexical order.
 * @param share installed with the package; @param vendor may be absent
 * @throws TandemError DATAMODEL_MISSING when the schema or our mappings can't be read
 */
export function loadDataModelFiles(share: string, vendor?: string): DataModelFiles {
  try {
    return {
      schema: readFileSync(join(share, 'tr181.bin')),
      mappings: [
        ...mappingsIn(join(share, 'openwrt')).map((mapping) => ({ ...mapping, checked: true })),
        ...(vendor ? vendorMappings(vendor) : []),
      ],
      table: (name) => readTable(join(share, 'tables', `${name}.bin`)),
    };
  } catch (error) {
    throw new TandemError('DATAMODEL_MISSING', `the data model in ${share} can't be read`, { cause: error });
  }
}

function readTable(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function vendorMappings(directory: string): DataModelFiles['mappings'] {
  try {
    return mappingsIn(directory);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

function mappingsIn(directory: string): DataModelFiles['mappings'] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.json') && !name.endsWith('.schema.json'))
    .sort()
    .map((name) => ({ file: join(directory, name), text: readFileSync(join(directory, name), 'utf8') }));
}
