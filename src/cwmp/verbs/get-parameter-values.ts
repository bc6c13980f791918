import { ok, refused } from '#base';
import type { ParameterReading } from '#model';
import { child } from '../codec/element.ts';
import { array } from '../codec/write-envelope.ts';
import { cwmpFault, invalidArguments } from '../faults.ts';
import { writeValue } from '../inform.ts';
import { byNumber, hasAlias, InstanceNames } from '../instance-names.ts';
import { acsView, type Verb } from './verb.ts';

/** TR-069 A.3.2.2. Any unknown name refuses the whole call with 9005; each parameter is answered once. */
export const getParameterValues: Verb = async (request, { model, instances = byNumber, signal }) => {
  const list = child(request, 'ParameterNames');
  if (!list) return refused(invalidArguments('ParameterNames is missing'));
  const asked = list.children.map((name) => name.text.trim());
  // '' is everything, under whatever root is served.
  const top = asked.includes('') ? await model.names(acsView, '', true) : undefined;
  const root = top?.ok ? top.value[0]!.path : '';
  const paths = asked.map((path) => (path === '' ? root : path));
  const readings = await model.get(acsView, paths, { signal });
  const values = new Map<string, ParameterReading>();
  /** The path that it was asked for by, where its rows were not given by number. */
  const askedBy = new Map<string, string>();
  for (const { requested, result } of readings) {
    if (!result.ok) return refused(cwmpFault(result.fault));
    for (const object of result.value) {
      for (const reading of object.parameters) {
        const path = object.path + reading.info.name;
        values.set(path, reading);
        if (hasAlias(requested) || instances.mode === 'InstanceAlias') askedBy.set(path, requested);
      }
    }
  }
  const names = await InstanceNames.of(model, instances, values.keys());
  return ok((writer) =>
    array(writer, 'ParameterList', 'cwmp:ParameterValueStruct', values.size, () => {
      for (const [path, { info, value }] of values) {
        writeValue(writer, names.show(path, askedBy.get(path)), value, info);
      }
    }),
  );
};
