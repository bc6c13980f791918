import { ok, type Result, refused } from '#base';
import { attribute, child, childText, type Element } from '../codec/element.ts';
import { xmlSchemaInstance } from '../codec/names.ts';
import { type CwmpFault, invalidArguments } from '../faults.ts';
import type { UnitOutcome } from './report.ts';

/** What is to be done with a software module (TR-069 A.4.1.10). */
export interface UnitOperation {
  readonly operation: 'Install' | 'Update' | 'Uninstall';
  readonly url: string;
  readonly uuid: string;
  readonly version: string;
  readonly environment: string;
  readonly username: string;
  readonly password: string;
}

/** ChangeDUState as it is kept on flash until it has been reported. */
export interface UnitOrder {
  readonly id: string;
  readonly commandKey: string;
  readonly operations: readonly UnitOperation[];
}

/** Installs software modules: one operation after the other. */
export type UnitEngine = (operation: UnitOperation, signal: AbortSignal) => Promise<UnitOutcome>;

const operationLimit = 16;
const limits = { URL: 1024, UUID: 64, Version: 32, ExecutionEnvRef: 256, Username: 256, Password: 256 } as const;
const uuidForm = /^[A-Fa-f0-9]{8}(-[A-Fa-f0-9]{4}){3}-[A-Fa-f0-9]{12}$/;
const noUuid = '00000000-0000-0000-0000-000000000000';

/** Whether an operation can be done is found out when it is done; here is refused what is no operation at all. */
export function readOperations(request: Element): Result<UnitOperation[], CwmpFault> {
  const entries = request.children.flatMap((element) =>
    element.local !== 'Operations' ? [] : kindOf(element) ? [element] : element.children,
  );
  if (entries.length === 0) return refused(invalidArguments('Operations are missing'));
  if (entries.length > operationLimit) return refused({ code: 9004, text: 'too many operations' });
  const operations: UnitOperation[] = [];
  for (const entry of entries) {
    const operation = kindOf(entry);
    if (!operation) return refused(invalidArguments('an operation is none of Install, Update and Uninstall'));
    for (const [name, limit] of Object.entries(limits)) {
      if ((childText(entry, name) ?? '').length > limit) return refused(invalidArguments(`${name} is too long`));
    }
    const text = (name: keyof typeof limits): string => childText(entry, name) ?? '';
    operations.push({
      operation,
      url: text('URL'),
      uuid: text('UUID'),
      version: text('Version'),
      environment: text('ExecutionEnvRef'),
      username: text('Username'),
      password: text('Password'),
    });
  }
  return ok(operations);
}

/** By its xsi:type; ACS that send a plain array name the element after it. */
function kindOf(element: Element): UnitOperation['operation'] | undefined {
  const type = attribute(element, xmlSchemaInstance, 'type') ?? element.local;
  return /(?:^|:)(Install|Update|Uninstall)OpStruct$/.exec(type)?.[1] as UnitOperation['operation'] | undefined;
}

/** What comes of an operation where there is nothing that runs software modules: no execution environment, and no unit in one. */
export const noUnits: UnitEngine = async ({ operation, uuid, url, version }) => {
  const fault =
    uuid !== '' && !uuidForm.test(uuid)
      ? { code: 9022, text: 'this is no UUID' }
      : operation !== 'Install'
        ? { code: 9028, text: 'there is no such deployment unit' }
        : !/^https?:/i.test(url)
          ? { code: 9013, text: 'the protocol of the URL is not served' }
          : { code: 9023, text: 'there is no execution environment on this device' };
  return {
    uuid: uuidForm.test(uuid) ? uuid : noUuid,
    unit: '',
    version,
    state: 'Failed',
    resolved: false,
    executionUnits: '',
    outcome: { ...fault, startMs: undefined, completeMs: undefined },
  };
};

/** The verb's own argument. */
export const unitCommandKey = (request: Element): string => (child(request, 'CommandKey')?.text ?? '').trim();
