import { ok, type Result, refused } from '#base';
import type { ModelFault, ParameterRefusal, RowPart, WriteRefused } from '../api.ts';
import { type Node, tableOf } from './node.ts';
import type { Plan } from './plan.ts';
import type { Reading } from './read.ts';
import type { RowStager } from './stage-rows.ts';

/** Stages the values of one object. */
export type StageObject = (node: Node, part: RowPart, tablePath: string, plan: Plan) => Result<unknown, WriteRefused>;

/** The single object that is there with a row. @param path below the row: `MQTT.`, `Security.WPA.`; '' is the row itself */
export function objectBelow({ evaluator }: Reading, row: Node, path: string): Node | undefined {
  let node: Node | undefined = row;
  for (const name of path.split('.').slice(0, -1)) {
    node = node && evaluator.children(node, `${node.schemaPath}${name}.`)[0];
  }
  return node;
}

/** What is set and added below a row that comes to be in the same plan. */
export class PartStager {
  readonly #reading: Reading;
  readonly #rows: RowStager;
  readonly #stage: StageObject;

  constructor(reading: Reading, rows: RowStager, stage: StageObject) {
    this.#reading = reading;
    this.#rows = rows;
    this.#stage = stage;
  }

  /** Every part at fault is told. @param row the new one */
  stage(row: Node, parts: readonly RowPart[], plan: Plan): Result<void, WriteRefused> {
    const refusals: ParameterRefusal[] = [];
    let first: ModelFault | undefined;
    for (const part of parts) {
      const done = this.#one(row, part, plan);
      if (done.ok) continue;
      first ??= done.fault.fault;
      refusals.push(...done.fault.refusals);
    }
    return first ? refused({ fault: first, refusals }) : ok(undefined);
  }

  #one(row: Node, part: RowPart, plan: Plan): Result<unknown, WriteRefused> {
    const names = part.path.split('.').slice(0, -1);
    const last = part.op === 'add' ? names.pop() : undefined;
    const node = objectBelow(this.#reading, row, names.map((name) => `${name}.`).join(''));
    if (!node) return this.#refuse(row, part, 'unsupported-path', 'no such object');
    if (last === undefined) return this.#stage(node, part, node.path, plan);
    const schemaPath = `${node.schemaPath}${last}.{i}.`;
    const { tree, view } = this.#reading;
    if (!tree.supported(view.protocol).object(schemaPath)?.creatable) {
      return this.#refuse(row, part, 'not-creatable', 'rows can not be added');
    }
    const tablePath = tableOf(node, schemaPath);
    if (!(view.access?.allows('Obj', 'w', tablePath) ?? true))
      return this.#refuse(row, part, 'denied', 'not permitted');
    const added = this.#rows.add(node, schemaPath, tablePath, plan);
    const done = this.#stage(added, part, tablePath, plan);
    const below = this.stage(added, part.parts ?? [], plan);
    if (done.ok || below.ok) return done.ok ? below : done;
    return refused({ ...done.fault, refusals: [...done.fault.refusals, ...below.fault.refusals] });
  }

  #refuse(row: Node, part: RowPart, kind: ModelFault['kind'], message: string): Result<never, WriteRefused> {
    const fault = { kind, message, path: `${row.path}${part.path}` };
    return refused({
      fault,
      refusals: part.parameters.map(({ name }) => ({
        path: fault.path + (part.op === 'add' ? '1.' : '') + name,
        fault,
      })),
    });
  }
}
