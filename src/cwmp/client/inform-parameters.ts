import type { InformMessage } from '../inform.ts';
import { acsView } from '../verbs/verb.ts';
import type { AcsModel } from '../view/index.ts';
import { unaskedParameters } from './unasked-parameters.ts';

/**
 * TR-069 3.7.1.2: the parameters marked forcedInform, whatever has changed, and what the ACS has asked for in the InformParameter table.
 * @param codes event codes of this Inform
 * @param forcedOnly the Inform of a heartbeat (TR-069 Annex O) has nothing else
 */
export async function informParameters(
  model: AcsModel,
  changed: Iterable<string>,
  codes: readonly string[],
  forcedOnly = false,
): Promise<InformMessage['parameters']> {
  const paths = new Set<string>();
  for (const { path, info } of unaskedParameters(model)) if (info.forcedInform) paths.add(path + info.name);
  for (const path of await model.alwaysInformed()) paths.add(path);
  for (const path of changed) paths.add(path);
  if (!forcedOnly) for (const path of await asked(model, codes)) paths.add(path);
  // A pattern may find what another path names: each is told once.
  const found = new Map<string, InformMessage['parameters'][number]>();
  for (const { result } of await model.get(acsView, [...paths])) {
    for (const object of result.ok ? result.value : []) {
      for (const { info, value } of object.parameters) {
        const path = object.path + info.name;
        found.set(path, { path, value, type: info.type, list: info.list });
      }
    }
  }
  return [...found.values()];
}

/** Rows of the InformParameter table that this Inform is meant by; a pattern may have `*` for an instance. What it finds nothing for is left out. */
async function asked(model: AcsModel, codes: readonly string[]): Promise<string[]> {
  const [rows] = await model.get(acsView, [`${model.root}ManagementServer.InformParameter.`]);
  if (!rows?.result.ok) return [];
  return rows.result.value.flatMap(({ parameters }) => {
    const value = (name: string): string => parameters.find(({ info }) => info.name === name)?.value ?? '';
    const events = value('EventList').split(',').filter(Boolean);
    const meant = events.length === 0 || codes.some((code) => events.includes(code));
    return value('Enable') === 'true' && meant && value('ParameterName') !== '' ? [value('ParameterName')] : [];
  });
}
