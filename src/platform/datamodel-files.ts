import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { errorCode, explain, TandemError } from '#base';

export interface DataModelFiles {
  /** `tr181.bin` */
  readonly schema: Uint8Array;
  readonly mappings: readonly MappingFileText[];
  /** A further table of the schema, read when it is asked for: `tables/NAME.bin`. `undefined`: there is none of that name. */
  readonly table: (name: string) => Uint8Array | undefined;
  /** JSON Schema of mapping files, parsed. */
  readonly form: () => unknown;
}

export interface MappingFileText {
  readonly file: string;
  readonly text: string;
  readonly checked?: boolean;
  /** Why it could not be read. */
  readonly unread?: string;
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
      table: (name) => readIfThere(join(share, 'tables', `${name}.bin`)),
      form: () => JSON.parse(readFileSync(join(share, 'mapping.schema.json'), 'utf8')),
    };
  } catch (error) {
    throw new TandemError('DATAMODEL_MISSING', `the data model in ${share} can't be read`, { cause: error });
  }
}

function readIfThere(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** The data model beside the program, as a build has it on a workstation. @param program path of the bundle */
export function shareBeside(program: string): string | undefined {
  const share = join(dirname(program), 'datamodel');
  return existsSync(share) ? share : undefined;
}

/** What can not be read of the vendor's costs that file, not the start. */
function vendorMappings(directory: string): readonly MappingFileText[] {
  try {
    return mappingsIn(directory, (path) => {
      try {
        return { text: readFileSync(path, 'utf8') };
      } catch (error) {
        return { text: '', unread: `can't be read: ${explain(error)}` };
      }
    });
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) return [];
    throw error;
  }
}

function mappingsIn(
  directory: string,
  read: (path: string) => Omit<MappingFileText, 'file'> = (path) => ({ text: readFileSync(path, 'utf8') }),
): readonly MappingFileText[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.json') && !name.endsWith('.schema.json'))
    .sort()
    .map((name) => ({ file: join(directory, name), ...read(join(directory, name)) }));
}
