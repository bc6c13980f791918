import type { Model } from '#model';
import type { InformMessage } from '../inform.ts';
import { acsView } from '../verbs/verb.ts';

/** TR-069 3.7.1.2: the parameters marked forcedInform, and whatever has changed. */
export async function informParameters(model: Model, changed: Iterable<string>): Promise<InformMessage['parameters']> {
  const paths = new Set<string>();
  for (const object of model.supported('cwmp').below('Device.')) {
    if (object.path.includes('{i}')) continue;
    for (const { name, forcedInform } of object.parameters) if (forcedInform) paths.add(object.path + name);
  }
  for (const path of changed) paths.add(path);
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
