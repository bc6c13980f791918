import { ok, refused } from '#base';
import { childText } from '../codec/element.ts';
import { isTrue } from '../codec/read-envelope.ts';
import { array } from '../codec/write-envelope.ts';
import { escapeText } from '../codec/write-xml.ts';
import { cwmpFault, invalidArguments } from '../faults.ts';
import { byNumber, InstanceNames } from '../instance-names.ts';
import { acsView, type Verb } from './verb.ts';

/** TR-069 A.3.2.3. */
export const getParameterNames: Verb = async (request, { model, instances = byNumber }) => {
  const path = childText(request, 'ParameterPath');
  const nextLevel = childText(request, 'NextLevel');
  if (path === undefined || nextLevel === undefined) {
    return refused(invalidArguments('ParameterPath and NextLevel are needed'));
  }
  const names = await model.names(acsView, path, isTrue(nextLevel));
  if (!names.ok) return refused(cwmpFault(names.fault));
  const shown = await InstanceNames.of(
    model,
    instances,
    names.value.map((name) => name.path),
  );
  return ok((writer) =>
    array(writer, 'ParameterList', 'cwmp:ParameterInfoStruct', names.value.length, () => {
      for (const { path: name, writable } of names.value) {
        const shownName = escapeText(shown.show(name, path));
        writer.raw(
          `<ParameterInfoStruct><Name>${shownName}</Name><Writable>${writable ? 1 : 0}</Writable></ParameterInfoStruct>`,
        );
      }
    }),
  );
};
