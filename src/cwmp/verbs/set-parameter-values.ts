import { ok, refused } from '#base';
import { type ModelFault, objectPathOf, type ParameterWrite, toSchemaPath, type Write } from '#model';
import { attribute, child, childText } from '../codec/element.ts';
import { xmlSchemaInstance } from '../codec/names.ts';
import { type CwmpFault, cwmpFault, invalidArguments } from '../faults.ts';
import { acceptsXsdType } from '../xsd-type.ts';
import { acsView, parameterKeyLimit, type Verb } from './verb.ts';

/** TR-069 A.3.2.1: all or nothing, and every parameter at fault is told. */
export const setParameterValues: Verb = async (request, { model, acs, storeParameterKey, signal }) => {
  const list = child(request, 'ParameterList');
  const key = childText(request, 'ParameterKey') ?? '';
  if (!list) return refused(invalidArguments('ParameterList is missing'));
  if (key.length > parameterKeyLimit) return refused(invalidArguments('ParameterKey is too long'));
  const seen = new Set<string>();
  const problems: { name: string; code: number; text: string }[] = [];
  const byObject = new Map<string, ParameterWrite[]>();
  const supported = model.supported('cwmp');
  for (const entry of list.children) {
    const name = childText(entry, 'Name') ?? '';
    const value = child(entry, 'Value');
    if (!value) return refused(invalidArguments(`${name || 'an entry'} has no Value`));
    if (seen.has(name)) return refused(invalidArguments(`${name} is there twice`));
    seen.add(name);
    const object = objectPathOf(name);
    if (name === '' || name === object) {
      problems.push({ name, code: 9005, text: 'not a parameter' });
      continue;
    }
    const info = supported
      .object(toSchemaPath(object))
      ?.parameters.find((parameter) => object + parameter.name === name);
    if (info && !acceptsXsdType(attribute(value, xmlSchemaInstance, 'type'), info.type, info.list)) {
      problems.push({ name, code: 9006, text: `a ${info.type} is needed` });
    }
    const writes = byObject.get(object) ?? [];
    writes.push({ name: name.slice(object.length), value: value.text, required: true });
    byObject.set(object, writes);
  }
  if (problems.length > 0) return refused(setFault(problems));
  const writes: Write[] = [...byObject].map(([path, parameters]) => ({ op: 'set', path, parameters }));
  const answer = await model.write(acsView, writes, { origin: { by: 'cwmp', peer: acs }, partial: false, signal });
  if (!answer.committed) {
    for (const { requested, result } of answer.outcomes) {
      if (result.ok || requested.op !== 'set') continue;
      if (result.fault.fault.kind === 'apply-failed') return refused(cwmpFault(result.fault.fault));
      problems.push(...faultsOf(requested, result.fault));
    }
    return refused(setFault(problems));
  }
  await storeParameterKey(key);
  return ok((writer) => writer.leaf('Status', 0));
};

function faultsOf(
  write: Extract<Write, { op: 'set' }>,
  fault: { fault: ModelFault; refusals: readonly { path: string; fault: ModelFault }[] },
): { name: string; code: number; text: string }[] {
  const own = fault.refusals.filter(({ path }) => write.parameters.some(({ name }) => write.path + name === path));
  // The object itself is at fault: then each of its parameters is.
  if (own.length === 0) {
    const { code } = cwmpFault(fault.fault);
    return write.parameters.map(({ name }) => ({ name: write.path + name, code, text: fault.fault.message }));
  }
  return own.map(({ path, fault: reason }) => ({ name: path, code: cwmpFault(reason).code, text: reason.message }));
}

function setFault(parameters: NonNullable<CwmpFault['parameters']>): CwmpFault {
  return { code: 9003, text: 'Invalid arguments', parameters };
}
