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
  const readings = await model.get(acsView, [...paths]);
  return readings.flatMap(({ result }) =>
    result.ok
      ? result.value.flatMap((object) =>
          object.parameters.map(({ info, value }) => ({
            path: object.path + info.name,
            value,
            type: info.type,
            list: info.list,
          })),
        )
      : [],
  );
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
