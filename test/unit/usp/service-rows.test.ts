import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ok } from '#base';
import { type Access, parsePath } from '#model';
import { accessOf, type Permission, type Requests, type Responses } from '#usp';
import { rowsAt } from '../../../src/usp/services/rows.ts';
import type { ServiceLink } from '../../../src/usp/services/service-link.ts';
import { writeTo } from '../../../src/usp/services/writes.ts';

// What a controller may do with single rows of a service, whatever path it chooses them by.
const table = 'Device.X_Meter.Channel.';
const permission = (order: number, target: string, rights: string): Permission => ({
  order,
  targets: [target],
  rights: { Param: rights, Obj: rights, InstantiatedObj: rights, CommandEvent: rights },
});
/** All of it but the second row, and not what is secret of the first. */
const access = accessOf([
  [
    permission(1, 'Device.X_Meter.', 'rwxn'),
    permission(2, `${table}2.`, '----'),
    permission(3, `${table}*.Secret`, '-w--'),
  ],
]);

class Fake {
  readonly asked: Partial<Requests>[] = [];
  readonly ask = async (request: Partial<Requests>, response: keyof Responses) => {
    this.asked.push(request);
    const { getInstances, set } = request;
    const answers: Record<string, unknown> = {
      getInstancesResp: {
        reqPathResults: getInstances?.objPaths.map((requestedPath) => ({
          requestedPath,
          errCode: 0,
          errMsg: '',
          currInsts: [1, 2].map((row) => ({ instantiatedObjPath: `${table}${row}.`, uniqueKeys: {} })),
        })),
      },
      setResp: {
        updatedObjResults: set?.updateObjs.map(({ objPath }) => ({
          operStatus: {
            operSuccess: { updatedInstResults: [{ affectedPath: objPath, paramErrs: [], updatedParams: {} }] },
          },
        })),
      },
    };
    return ok(answers[response]);
  };
  readonly link = this as unknown as ServiceLink;
}

const rows = async (path: string, of: Access = access) => {
  const found = await rowsAt(new Fake().link, path, of);
  return found.ok ? found.value : found.fault.kind;
};

describe('the rows that a path chooses at a service', () => {
  it.each([
    [`${table}1.Name`, [`${table}1.Name`]],
    [`${table}*.Name`, [`${table}1.Name`, `${table}2.Name`]],
    [`${table}*`, [`${table}1.`, `${table}2.`]],
    [`${table}*.Reset()`, [`${table}1.Reset()`, `${table}2.Reset()`]],
    [`${table}[Name=="a]b"].`, [`${table}1.`]],
    [`${table}[Secret=="x"].`, []],
    [`${table}[Ref+.Name=="x"].`, []],
    [`${table}[Name=`, 'path-syntax'],
  ])('of %s are %j', async (path, expected) => {
    expect(await rows(path)).toEqual(expected);
  });

  it('are not looked for where nobody asks', async () => {
    const service = new Fake();
    expect(await rowsAt(service.link, `${table}*.`, undefined)).toEqual(ok([`${table}*.`]));
    expect(service.asked).toEqual([]);
  });

  it('are single ones, whatever the path is', async () => {
    const word = fc.constantFrom('X_Meter', 'Channel', '*', '[Name=="]."]', '[Name=="x"&&A.B!=1]', '3', '');
    await fc.assert(
      fc.asyncProperty(fc.array(word, { maxLength: 6 }), async (words) => {
        const found = await rows(`Device.${words.join('.')}`);
        if (typeof found === 'string') return;
        for (const path of found) expect(path).not.toMatch(/\.(\*\.|\[)/);
      }),
    );
    expect(parsePath(`${table}[Name=="x"&&A.B!=1].`, 'usp').ok).toBe(true);
  });
});

describe('a write to rows of a service', () => {
  const parameters = [{ name: 'Name', value: 'x', required: true }];
  const write = async (path: string, partial = false) => {
    const service = new Fake();
    const answer = await writeTo(service.link, [{ op: 'set', path, parameters }], partial, access);
    const sent = service.asked.flatMap(({ set }) => set?.updateObjs.map(({ objPath }) => objPath) ?? []);
    const { result } = answer[0]!;
    return { sent, result: result.ok ? result.value.map((row) => row.path) : result.fault.fault.kind };
  };

  it('is refused where one of them is withheld, by whichever path', async () => {
    const denied = { sent: [], result: 'denied' };
    for (const path of [`${table}2.`, `${table}*.`]) expect(await write(path)).toEqual(denied);
    expect(await write(`${table}*.`, true)).toEqual(denied);
    expect(await write(`${table}[Name=="x"].`)).toEqual({ sent: [`${table}1.`], result: [`${table}1.`] });
  });

  it('reaches none by what may not be read of it', async () => {
    expect(await write(`${table}[Secret=="x"].`)).toEqual({ sent: [], result: [] });
  });
});
