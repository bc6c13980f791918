import { openDocuments } from './documents.ts';
import { emitTable } from './emit.ts';
import { expandModel, expandService, type RawModel } from './expand.ts';
import { deletedModel, liveModel } from './live.ts';

const model = 'Device:2.19';
const voice = 'VoiceService:2.0';

/** @param directory the XML of TR-181 2.19.1 and tr-106-types.xml */
export function compileSchema(directory: string): Buffer {
  return emitTable(model, rootViews(directory, liveModel));
}

/** What Device:2 has deleted and ACSs still ask for. @param directory as above */
export function compileDeleted(directory: string): Buffer {
  return emitTable(model, rootViews(directory, deletedModel));
}

/** TR-104 Issue 2. @param directory the XML of tr-104-2-0-2 (usp, cwmp), tr-104-2-0-3-common and tr-106-types.xml */
export function compileVoice(directory: string): Buffer {
  const open = openDocuments(directory);
  const view = (file: string) => liveModel(expandService(open(file), voice));
  const views = { usp: view('tr-104-2-usp.xml'), cwmp: view('tr-104-2-cwmp.xml') };
  return emitTable(voice, views, 'Device.Services.VoiceService.{i}.');
}

function rootViews(directory: string, part: (whole: RawModel) => RawModel): { usp: RawModel; cwmp: RawModel } {
  const open = openDocuments(directory);
  const view = (file: string) => part(expandModel(open(file), model));
  return { usp: view('tr-181-2-usp.xml'), cwmp: view('tr-181-2-cwmp.xml') };
}
