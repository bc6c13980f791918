import { ok, type Result, refused } from '#base';
import type { Access, ObjectWritten, ParameterRefusal, Write, WriteOutcome, WriteRefused } from '#model';
import type { ErrorBody, OperationFailure, ParameterError } from '../codec/types.ts';
import { rowsAt } from './rows.ts';
import { faultOf, type ServiceLink } from './service-link.ts';

type Outcome = Result<readonly ObjectWritten[], WriteRefused>;

const failed = ({ errCode, errMsg }: OperationFailure, refusals: readonly ParameterRefusal[] = []): Outcome =>
  refused({ fault: faultOf({ errCode, errMsg }), refusals });
const unanswered: Outcome = refused({ fault: { kind: 'internal', message: 'no result' }, refusals: [] });
const refusalsOf = (path: string, errors: readonly ParameterError[]): ParameterRefusal[] =>
  errors.map((error) => ({ path: path + error.param, fault: faultOf(error) }));

/** What one service keeps is written: writes of one kind, as a message has them. @returns one outcome for each, in their order */
export async function writeTo(
  service: ServiceLink,
  writes: readonly Write[],
  allowPartial: boolean,
  access: Access | undefined,
): Promise<WriteOutcome[]> {
  const rows = await Promise.all(writes.map(({ path }) => rowsAt(service, path, access)));
  const each = rows.map((found, index): Write[] =>
    found.ok ? found.value.map((path) => ({ ...writes[index]!, path })) : [],
  );
  const denied = each.map((some) => some.map((write) => deniedBy(access, write)).find(Boolean));
  const refusals = rows.map((found, index): Outcome | undefined =>
    found.ok ? denied[index] : refused({ fault: found.fault, refusals: [] }),
  );
  const outcome = (result: (index: number) => Outcome): WriteOutcome[] =>
    writes.map((requested, index) => ({ requested, result: refusals[index] ?? result(index) }));
  const first = refusals.find(Boolean);
  if (first && !allowPartial) return outcome(() => first);
  const sent = each.map((some, index) => (refusals[index] ? [] : some));
  const all = sent.flat();
  const left = all.length > 0 ? await send(service, all, allowPartial) : [];
  const results = sent.map((some) => together(some.map(() => left.shift() ?? unanswered)));
  return outcome((index) => results[index]!);
}

/** Of all rows that one write meant. */
function together(results: readonly Outcome[]): Outcome {
  const failure = results.find((result) => !result.ok);
  return failure ?? ok(results.flatMap((result) => (result.ok ? result.value : [])));
}

/** @param write of one row */
function deniedBy(access: Access | undefined, { path, ...write }: Write): Outcome | undefined {
  if (!access) return undefined;
  const deny = (at: string): Outcome =>
    refused({ fault: { kind: 'denied', message: 'permission denied', path: at }, refusals: [] });
  if (write.op === 'delete') return access.allows('InstantiatedObj', 'w', path) ? undefined : deny(path);
  if (write.op === 'add' && !access.allows('Obj', 'w', path)) return deny(path);
  const row = write.op === 'add' ? `${path}*.` : path;
  const name = write.parameters.find((parameter) => !access.allows('Param', 'w', row + parameter.name))?.name;
  return name === undefined ? undefined : deny(row + name);
}

async function send(service: ServiceLink, writes: readonly Write[], allowPartial: boolean): Promise<Outcome[]> {
  const [first] = writes;
  const all = (fault: WriteRefused['fault']): Outcome[] =>
    writes.map((_, index) => refused({ fault, refusals: index === 0 ? ofParameters(fault.cause) : [] }));
  const settings = (write: Write) =>
    write.op === 'delete'
      ? []
      : write.parameters.map(({ name, value, required }) => ({ param: name, value, required }));
  if (first?.op === 'set') {
    const updateObjs = writes.map((write) => ({ objPath: write.path, paramSettings: settings(write) }));
    const answer = await service.ask({ set: { allowPartial, updateObjs } }, 'setResp');
    if (!answer.ok) return all(answer.fault);
    return answer.value.updatedObjResults.map(({ operStatus }) => {
      const { operFailure, operSuccess } = operStatus ?? {};
      if (!operSuccess) {
        const inner = operFailure?.updatedInstFailures.flatMap((one) => refusalsOf(one.affectedPath, one.paramErrs));
        return failed(operFailure ?? { errCode: 7003, errMsg: 'no result' }, inner);
      }
      return ok(
        operSuccess.updatedInstResults.map(({ affectedPath, paramErrs, updatedParams }) =>
          written(affectedPath, updatedParams, refusalsOf(affectedPath, paramErrs)),
        ),
      );
    });
  }
  if (first?.op === 'add') {
    const createObjs = writes.map((write) => ({ objPath: write.path, paramSettings: settings(write) }));
    const answer = await service.ask({ add: { allowPartial, createObjs } }, 'addResp');
    if (!answer.ok) return all(answer.fault);
    return answer.value.createdObjResults.map(({ operStatus }) => {
      const { operFailure, operSuccess } = operStatus ?? {};
      if (!operSuccess) return failed(operFailure ?? { errCode: 7003, errMsg: 'no result' });
      const { instantiatedPath: path, paramErrs, uniqueKeys } = operSuccess;
      return ok([{ ...written(path, {}, refusalsOf(path, paramErrs)), uniqueKeys }]);
    });
  }
  const answer = await service.ask(
    { delete: { allowPartial, objPaths: writes.map(({ path }) => path) } },
    'deleteResp',
  );
  if (!answer.ok) return all(answer.fault);
  return answer.value.deletedObjResults.map(({ operStatus }) => {
    const { operFailure, operSuccess } = operStatus ?? {};
    if (!operSuccess) return failed(operFailure ?? { errCode: 7003, errMsg: 'no result' });
    return ok(operSuccess.affectedPaths.map((path) => written(path, {}, [])));
  });
}

/** From an Error message (R-SET.1). */
function ofParameters(errors: unknown): ParameterRefusal[] {
  return ((errors ?? []) as ErrorBody['paramErrs']).map((error) => ({ path: error.paramPath, fault: faultOf(error) }));
}

const written = (
  path: string,
  parameters: Readonly<Record<string, string>>,
  refusals: readonly ParameterRefusal[],
): ObjectWritten => ({
  path,
  parameters: Object.entries(parameters).map(([name, value]) => ({ name, value })),
  refusals,
  uniqueKeys: {},
});
