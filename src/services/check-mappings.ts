import { resolve } from 'node:path';
import { compileMappings, openSchema } from '#model';
import { loadDataModelFiles, RootedFiles } from '#platform';

/**
 * `tandem datamodel check`: the shipped mappings with these files laid over them, without a device.
 * @param share the data model as installed
 * @returns what to print, and whether every file is good
 * @throws TandemError when the shipped data model can't be read
 */
export function checkMappings(share: string, files: readonly string[]): { lines: string[]; good: boolean } {
  const shipped = loadDataModelFiles(share);
  const disk = new RootedFiles('/');
  const lines: string[] = [];
  const given: { file: string; text: string }[] = [];
  for (const file of files) {
    const text = disk.readText(resolve(file));
    if (text === undefined) lines.push(`${file}: can't be read`);
    else given.push({ file, text });
  }
  let good = lines.length === 0;
  // Whatever device a file is for: it is checked whole.
  const { problems } = compileMappings(
    openSchema(shipped.schema),
    [...shipped.mappings, ...given],
    'any',
    shipped.table,
    shipped.form,
  );
  for (const { file } of given) {
    const own = problems.filter((problem) => problem.file === file);
    lines.push(...own.map(({ path, reason }) => `${file}: ${path === '' ? '' : `${path}: `}${reason}`));
    if (own.length === 0) lines.push(`${file}: good`);
    good &&= own.length === 0;
  }
  return { lines, good };
}
