import type { Log } from '#base';
import type { Programs, StateStore } from '#platform';
import { textOf } from '../mapping/expression.ts';
import type { MappedValues } from './mapped-values.ts';
import type { Node } from './node.ts';
import type { StateChange } from './ports.ts';

const name = 'follow-ups';
/** Hashing a password takes a slow device a second or two. */
const timeoutMs = 30_000;

/** A program that a write runs when it has been committed; it can not be undone, and may be run again. */
export interface FollowUp {
  readonly program: string;
  readonly args: readonly string[];
  /** For its standard input; often a secret. */
  readonly input: string;
}

export type CommandLine = readonly [program: string, ...args: string[]];

/** The words of a rule's `run`. `undefined`: one of them has no value, or one that the program would take for a flag. */
export function commandLine(mapped: MappedValues, node: Node, run: readonly string[]): CommandLine | undefined {
  const words = run.map((word) => (word.startsWith('$') ? (textOf(mapped.variable(node, word.slice(1))) ?? '') : word));
  return words.every((word) => /^[^-\0]/.test(word)) ? (words as [string, ...string[]]) : undefined;
}

export const followUp = (program: string, args: readonly string[], input = '$value\n', value: string): FollowUp => ({
  program,
  args,
  input: input.replaceAll('$value', () => value),
});

/**
 * What committed writes have left to do. It goes to flash with the commit, readable by the agent only, and from there when it is done: a
 * power cut in between leaves it to the next start. What fails is tried once more, at the next start.
 */
export class FollowUps {
  readonly #state: StateStore;
  readonly #programs: Programs | undefined;
  readonly #log: Log;
  /** What is on flash may be of a transaction that has not been undone yet: nothing of it is done before. */
  #recovered = false;

  constructor(state: StateStore, programs: Programs | undefined, log: Log) {
    this.#state = state;
    this.#programs = programs;
    this.#log = log;
  }

  /** @returns what the commit has to bring to flash */
  owe(added: readonly FollowUp[]): StateChange | undefined {
    if (added.length === 0) return undefined;
    const all = new Map([...this.#owed(), ...added].map((each) => [`${each.program} ${each.args.join(' ')}`, each]));
    return { name, text: JSON.stringify([...all.values()]) };
  }

  /** At the start, when what was cut off has been undone; what fails again is given up. */
  async recover(): Promise<void> {
    this.#recovered = true;
    const owed = this.#owed();
    if (owed.length === 0) return;
    for (const each of owed) {
      if (!(await this.#run(each))) this.#log.error('given up', { program: each.program });
    }
    await this.#keep([]);
  }

  /** After a commit. @param any whether that has left anything to do */
  async pay(any: boolean): Promise<void> {
    if (!this.#recovered) return this.recover();
    if (!any) return;
    const left: FollowUp[] = [];
    for (const each of this.#owed()) if (!(await this.#run(each))) left.push(each);
    await this.#keep(left);
  }

  async #run({ program, args, input }: FollowUp): Promise<boolean> {
    try {
      const { code } = await this.#programs!.run(program, args, { timeoutMs, input });
      if (code === 0) return true;
      this.#log.error('what a write has left to do failed', { program, code });
    } catch (error) {
      this.#log.error('what a write has left to do failed', { program, error });
    }
    return false;
  }

  #owed(): readonly FollowUp[] {
    const text = this.#state.read(name);
    return text === undefined ? [] : (JSON.parse(text) as FollowUp[]);
  }

  async #keep(left: readonly FollowUp[]): Promise<void> {
    try {
      if (left.length > 0) await this.#state.write(name, JSON.stringify(left));
      else await this.#state.remove(name);
    } catch (error) {
      this.#log.error('what has been done can not be noted, and is done again at the next start', { error });
    }
  }
}
