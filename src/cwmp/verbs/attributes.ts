import type { Result } from '#base';
import { ok, refused } from '#base';
import type { Model, ModelFault, Protocol } from '#model';
import { objectPathOf, toSchemaPath } from '#model';
import { child, childText } from '../codec/element.ts';
import { isTrue } from '../codec/read-envelope.ts';
import { array } from '../codec/write-envelope.ts';
import { cwmpFault, invalidArguments } from '../faults.ts';
import { byNumber, hasWildcard, InstanceNames } from '../instance-names.ts';
import { acsView, type Verb } from './verb.ts';

const view: Protocol = 'cwmp';

/** Full names of the parameters at or below a path, as they are now; a path that one request gives a thousand times is looked at once. */
function parametersBelow(model: Model): (path: string) => Promise<Result<readonly string[], ModelFault>> {
  const known = new Map<string, Result<readonly string[], ModelFault>>();
  return async (path) => {
    const looked = known.get(path);
    if (looked) return looked;
    const names = await model.names(acsView, path, false);
    const found = names.ok ? ok(names.value.map((name) => name.path).filter((name) => !name.endsWith('.'))) : names;
    known.set(path, found);
    return found;
  };
}

/** TR-069 A.3.2.5. */
export const getParameterAttributes: Verb = async (request, { model, attributes, instances = byNumber }) => {
  const names = child(request, 'ParameterNames');
  if (!names) return refused(invalidArguments('ParameterNames is missing'));
  /** With the path that it was asked for by. */
  const found = new Map<string, string>();
  const parametersAt = parametersBelow(model);
  for (const name of new Set(names.children.map(({ text }) => text.trim()))) {
    const parameters = await parametersAt(name);
    if (!parameters.ok) return refused(cwmpFault(parameters.fault));
    for (const path of parameters.value) found.set(path, name);
  }
  const shown = await InstanceNames.of(model, instances, found.keys());
  return ok((writer) =>
    array(writer, 'ParameterList', 'cwmp:ParameterAttributeStruct', found.size, () => {
      for (const [path, requested] of found) {
        writer.raw('<ParameterAttributeStruct>').leaf('Name', shown.show(path, requested));
        writer.leaf('Notification', attributes.notificationOf(path));
        array(writer, 'AccessList', 'xsd:string', 0, () => {});
        writer.raw('</ParameterAttributeStruct>');
      }
    }),
  );
};

/** TR-069 A.3.2.4: all or nothing; active notification of a parameter that denies it is 9009. */
export const setParameterAttributes: Verb = async (request, { model, attributes }) => {
  const list = child(request, 'ParameterList');
  if (!list) return refused(invalidArguments('ParameterList is missing'));
  const changes = new Map<string, number>();
  const parametersAt = parametersBelow(model);
  for (const entry of list.children) {
    const name = childText(entry, 'Name') ?? '';
    if (hasWildcard(name)) return refused({ code: 9005, text: `${name} is no path` });
    const parameters = await parametersAt(name);
    if (!parameters.ok) return refused(cwmpFault(parameters.fault));
    if (!isTrue(childText(entry, 'NotificationChange') ?? '0')) continue;
    const text = childText(entry, 'Notification') ?? '';
    if (!/^[0-6]$/.test(text)) return refused(invalidArguments(`Notification '${text.slice(0, 16)}' is not 0 to 6`));
    for (const path of parameters.value) {
      const object = objectPathOf(path);
      const info = model
        .supported(view)
        .object(toSchemaPath(object))
        ?.parameters.find((parameter) => object + parameter.name === path);
      if (info?.activeNotify === 'forceEnabled' && text !== '2') {
        return refused({ code: 9009, text: `${path} is always notified` });
      }
      // At once, in a session or outside of one: 2, 5 and 6.
      if (info?.activeNotify === 'canDeny' && /[256]/.test(text)) {
        return refused({ code: 9009, text: `${path} has no active notification` });
      }
      changes.set(path, Number(text));
    }
  }
  await attributes.set(changes);
  return ok(() => {});
};
