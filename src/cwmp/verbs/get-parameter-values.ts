import { ok, refused } from '#base';
import type { ParameterReading } from '#model';
import { child } from '../codec/element.ts';
import { array } from '../codec/write-envelope.ts';
import { cwmpFault, invalidArguments } from '../faults.ts';
import { writeValue } from '../inform.ts';
import { byNumber, hasAlias, InstanceNames } from '../instance-names.ts';
import { acsView, type Verb } from './verb.ts';

/** What is answered of one object. */
interface Found {
  readonly path: string;
  readonly parameters: readonly ParameterReading[];
  /** The path that it was asked for by, where its rows were not given by number. */
  readonly askedBy: string | undefined;
}

/** TR-069 A.3.2.2. Any unknown name refuses the whole call with 9005; each parameter is answered once. */
export const getParameterValues: Verb = async (request, { model, instances = byNumber, signal }) => {
  const list = child(request, 'ParameterNames');
  if (!list) return refused(invalidArguments('ParameterNames is missing'));
  const asked = list.children.map((name) => name.text.trim());
  // '' is everything, under whatever root is served.
  const top = asked.includes('') ? await model.names(acsView, '', true) : undefined;
  const root = top?.ok ? top.value[0]!.path : '';
  // Asked for a thousand times, it is read once.
  const paths = [...new Set(asked.map((path) => (path === '' ? root : path)))];
  const found: Found[] = [];
  // One path gives nothing twice: the largest answers need not be remembered by name.
  const seen = paths.length > 1 ? new Set<string>() : undefined;
  for (const { requested, result } of await model.get(acsView, paths, { signal })) {
    if (!result.ok) return refused(cwmpFault(result.fault));
    const askedBy = hasAlias(requested) || instances.mode === 'InstanceAlias' ? requested : undefined;
    for (const { path, parameters } of result.value) {
      const news = seen ? parameters.filter(({ info }) => isNew(seen, path + info.name)) : parameters;
      found.push({ path, parameters: news, askedBy });
    }
  }
  const names = await InstanceNames.of(model, instances, pathsOf(found));
  const count = found.reduce((sum, { parameters }) => sum + parameters.length, 0);
  return ok((writer) =>
    array(writer, 'ParameterList', 'cwmp:ParameterValueStruct', count, () => {
      for (const { path, parameters, askedBy } of found) {
        for (const { info, value } of parameters) {
          writeValue(writer, names.show(path + info.name, askedBy), value, info);
        }
      }
    }),
  );
};

function isNew(seen: Set<string>, path: string): boolean {
  if (seen.has(path)) return false;
  seen.add(path);
  return true;
}

function* pathsOf(found: readonly Found[]): Generator<string> {
  for (const { path, parameters } of found) for (const { info } of parameters) yield path + info.name;
}
