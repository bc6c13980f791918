import { type Clock, ok, type Result, refused } from '#base';
import type { CommandDeclaration, DeclaredRow, ModelFault, OperateOutcome, OperateRequest, View } from '../api.ts';
import { checkArguments } from './command-arguments.ts';
import { declaredRow } from './node.ts';
import type { Operations } from './operations.ts';
import type { Readings } from './readings.ts';
import { resolvePath } from './resolve.ts';
import type { Tree } from './tree.ts';

export interface CommandParts {
  readonly clock: Clock;
  readonly tree: Tree;
  readonly readings: Readings;
  readonly operations: Operations;
}

/** Finds the commands that a request means, checks who may run them with what, and runs them. */
export class Commands {
  readonly #parts: CommandParts;

  constructor(parts: CommandParts) {
    this.#parts = parts;
  }

  async operate(view: View, request: OperateRequest): Promise<Result<readonly OperateOutcome[], ModelFault>> {
    const resolved = await this.#parts.readings.evaluate(view, request.signal, ({ tree, evaluator }) =>
      resolvePath(tree, evaluator, view.protocol, request.path, view.access),
    );
    if (!resolved.ok) return resolved;
    const { leaf, nodes, schemaPath } = resolved.value;
    if (leaf.kind !== 'command')
      return refused({ kind: 'not-a-command', message: 'not a command: its name ends with ()', path: request.path });
    const command = this.#parts.tree.binding(schemaPath)?.commands.get(leaf.name);
    const definition = this.#parts.tree.view(view.protocol).object(schemaPath)?.command(leaf.name);
    if (!command || !definition) {
      return refused({ kind: 'unsupported-path', message: 'no such command', path: request.path });
    }
    const problem = checkArguments(definition.input.parameters, request.args);
    const outcomes: OperateOutcome[] = [];
    for (const node of nodes) {
      const path = node.path + leaf.name;
      if (!(view.access?.allows('CommandEvent', 'x', path) ?? true)) {
        outcomes.push({ path, result: refused({ kind: 'denied', message: 'not permitted', path }) });
      } else if (problem) {
        outcomes.push({ path, result: refused({ ...problem, path }) });
      } else {
        outcomes.push(await this.#command(path, declaredRow(node), command, definition.async, request));
      }
    }
    return ok(outcomes);
  }

  async #command(
    path: string,
    row: DeclaredRow,
    command: CommandDeclaration,
    async: boolean,
    { args, commandKey, origin, signal }: OperateRequest,
  ): Promise<OperateOutcome> {
    if (async) {
      const started = await this.#parts.operations.start({ path, command, row, args, commandKey, origin });
      return started.ok ? { path, result: ok({}), operation: started.value } : { path, result: started };
    }
    const requestedMs = this.#parts.clock.now();
    const context = {
      command: path,
      row,
      commandKey,
      origin,
      signal: signal ?? new AbortController().signal,
      requestedMs,
    };
    return { path, result: await command.run(args, context) };
  }

  /**
   * Commands that the last run of the agent has left: lasting ones are run again, the others end as failed. To be called when
   * those who would hear of it are listening.
   */
  resume(): Promise<void> {
    return this.#parts.operations.resume(async (path) => {
      const view: View = { protocol: 'usp' };
      const resolved = await this.#parts.readings.evaluate(view, undefined, ({ tree, evaluator }) =>
        resolvePath(tree, evaluator, 'usp', path),
      );
      if (!resolved.ok || resolved.value.leaf.kind !== 'command') return undefined;
      const { leaf, nodes, schemaPath } = resolved.value;
      const command = this.#parts.tree.binding(schemaPath)?.commands.get(leaf.name);
      return command && nodes[0] && { command, row: declaredRow(nodes[0]) };
    });
  }
}
