import type { DeclaredRow, Model, ModelFault, View } from '#model';
import { ControllerRows, type ControllerRowsParts, meantBy, watchValues } from './controller-rows.ts';

export const thresholdOperators = ['Rise', 'Fall', 'Cross', 'Eq', 'NotEq'] as const;
type Operator = (typeof thresholdOperators)[number];
const integers = new Set(['int', 'unsignedInt', 'long', 'unsignedLong']);

/** Whether the change fulfils the condition (TR-181 `SupportedThresholdOperator`). */
export function crosses(operator: Operator, threshold: bigint, before: bigint, now: bigint): boolean {
  switch (operator) {
    case 'Rise':
      return before <= threshold && now > threshold;
    case 'Fall':
      return before >= threshold && now < threshold;
    case 'Cross':
      return crosses('Rise', threshold, before, now) || crosses('Fall', threshold, before, now);
    case 'Eq':
      return before !== threshold && now === threshold;
    case 'NotEq':
      return before === threshold && now !== threshold;
  }
}

/** `Device.LocalAgent.Threshold.{i}.`: an integer that passes a value sets off `Triggered!` for the controller that made the row. */
export function thresholds(parts: ControllerRowsParts): ControllerRows<Disposable> {
  return new ControllerRows(parts, {
    path: 'Device.LocalAgent.Threshold.{i}.',
    columns: ['OperatingMode', 'ReferencePath', 'ThresholdParam', 'ThresholdOperator', 'ThresholdValue'],
    events: ['Triggered!'],
    check: (row) => check(parts.model, row),
    begin: (row, view) => begin(parts, row, view),
  });
}

function check(model: Model, { values }: DeclaredRow): ModelFault | undefined {
  const { ReferencePath = '', ThresholdParam = '', ThresholdValue = '' } = values;
  if (ThresholdValue !== '' && !/^-?[0-9]{1,20}$/.test(ThresholdValue)) {
    return { kind: 'invalid-value', message: 'a threshold is an integer' };
  }
  // The parameters of a new row are written one by one.
  if (ReferencePath === '' || ThresholdParam === '') return undefined;
  const path = meantBy(parameterOf(ReferencePath, ThresholdParam));
  const last = path.lastIndexOf('.') + 1;
  const object = model.supported('usp').object(path.slice(0, last));
  const parameter = object?.parameters.find(({ name }) => name === path.slice(last));
  if (!parameter) return { kind: 'invalid-value', message: 'there is no such parameter here' };
  if (!integers.has(parameter.type) || parameter.list) {
    return { kind: 'invalid-value', message: 'a threshold is of an integer parameter' };
  }
  return undefined;
}

async function begin(parts: ControllerRowsParts, row: DeclaredRow, view: View): Promise<Disposable | undefined> {
  const { model } = parts;
  const { path: threshold, values } = row;
  const { ReferencePath = '', ThresholdParam = '', ThresholdValue = '', Controller = '', OperatingMode } = values;
  if (ReferencePath === '' || ThresholdParam === '' || ThresholdValue === '') return undefined;
  const operator = (values.ThresholdOperator as Operator | undefined) ?? 'Rise';
  let over = false;
  return watchValues(parts, view, [parameterOf(ReferencePath, ThresholdParam)], ({ path, value, origin }, before) => {
    if (over || before === undefined) return;
    if (!crosses(operator, BigInt(ThresholdValue), integer(before), integer(value))) return;
    model.raise(`${threshold}Triggered!`, { ParamPath: path, ParamValue: value }, origin, Controller);
    if (OperatingMode !== 'Single') return;
    over = true;
    const parameters = [{ name: 'Enable', value: 'false', required: true }];
    const write = { op: 'set', path: threshold, parameters } as const;
    void model.write({ protocol: 'usp' }, [write], { origin: { by: 'device' }, partial: false });
  });
}

const parameterOf = (object: string, name: string): string => `${object}${object.endsWith('.') ? '' : '.'}${name}`;
const integer = (text: string): bigint => (/^-?[0-9]+$/.test(text) ? BigInt(text) : 0n);
