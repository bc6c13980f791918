import { openDocuments } from './documents.ts';
import { emitTable } from './emit.ts';
import { expandModel } from './expand.ts';
import { liveModel } from './live.ts';

const model = 'Device:2.19';

/** @param directory the XML of TR-181 2.19.1 and tr-106-types.xml */
export function compileSchema(directory: string): Buffer {
  const open = openDocuments(directory);
  const view = (file: string) => liveModel(expandModel(open(file), model));
  return emitTable(model, { usp: view('tr-181-2-usp.xml'), cwmp: view('tr-181-2-cwmp.xml') });
}
