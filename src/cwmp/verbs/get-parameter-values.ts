import { ok, refused } from '#base';
import type { ParameterReading } from '#model';
import { child } from '../codec/element.ts';
import { array } from '../codec/write-envelope.ts';
import { cwmpFault, invalidArguments } from '../faults.ts';
import { xsdType } from '../xsd-type.ts';
import { acsView, type Verb } from './verb.ts';

/** TR-069 A.3.2.2. Any unknown name refuses the whole call with 9005; each parameter is answered once. */
export const getParameterValues: Verb = async (request, { model, signal }) => {
  const names = child(request, 'ParameterNames');
  if (!names) return refused(invalidArguments('ParameterNames is missing'));
  const asked = names.children.map((name) => name.text.trim());
  // '' is everything, under whatever root is served.
  const top = asked.includes('') ? await model.names(acsView, '', true) : undefined;
  const root = top?.ok ? top.value[0]!.path : '';
  const paths = asked.map((path) => (path === '' ? root : path));
  const readings = await model.get(acsView, paths, { signal });
  const values = new Map<string, ParameterReading>();
  for (const { result } of readings) {
    if (!result.ok) return refused(cwmpFault(result.fault));
    for (const object of result.value) {
      for (const parameter of object.parameters) values.set(object.path + parameter.info.name, parameter);
    }
  }
  return ok((writer) =>
    array(writer, 'ParameterList', 'cwmp:ParameterValueStruct', values.size, () => {
      for (const [path, { info, value }] of values) {
        writer.raw('<ParameterValueStruct>');
        writer.leaf('Name', path).leaf('Value', value, ` xsi:type="${xsdType(info.type, info.list)}"`);
        writer.raw('</ParameterValueStruct>');
      }
    }),
  );
};
