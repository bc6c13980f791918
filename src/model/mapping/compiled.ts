import type { CommandDefinition, EventDefinition, ObjectDefinition, ParameterDefinition } from '../schema/index.ts';
import type { Condition, Expression, Formula } from './expression.ts';
import type { CommandRule, EventRule, ParameterRule, SourceText } from './grammar.ts';

export interface CompiledParameter {
  readonly definition: ParameterDefinition;
  readonly rule: ParameterRule;
  /** Tried in order; empty for a constant. */
  readonly expressions: readonly Formula[];
  readonly pick: RegExp | undefined;
  readonly fits: RegExp | undefined;
  /** What a value is relative to. */
  readonly base: Formula | undefined;
  /** The section of its option, when it is not the row's. */
  readonly section: SectionSource | undefined;
  /** Option of the section that a write sets; `undefined`: read only. */
  readonly option: string | undefined;
  /** It can be written, to the option or by running a program. */
  readonly writable: boolean;
}

/** A `let`. */
export interface Variable {
  readonly formula: Formula;
  /** All values, as a list, instead of the first. */
  readonly all: boolean;
}

/** One section: of that name, or the first of its type. */
export interface SectionSource {
  readonly kind: 'section';
  readonly package: string;
  readonly type: string;
  readonly name: string | undefined;
}

/** Where the rows of a table, or the section of a single object, come from. */
export type RowSource =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'sections';
      readonly package: string;
      readonly type: string;
      readonly conditions: readonly Condition[];
    }
  | SectionSource
  | { readonly kind: 'members'; readonly expression: Expression; readonly id: Formula | undefined }
  | { readonly kind: 'items'; readonly option: string };

export interface CompiledObject {
  readonly path: string;
  /** It has commands or events. */
  readonly acts: boolean;
  /** Whether it maps a parameter of this name. */
  maps(name: string): boolean;
  readonly definition: ObjectDefinition;
  readonly rows: RowSource;
  /** Further sources of rows, which can not be written. */
  readonly more: readonly RowSource[];
  readonly variables: ReadonlyMap<string, Variable>;
  readonly add: Readonly<Record<string, string>> | undefined;
  readonly when: Formula | undefined;
  readonly keep: boolean;
  readonly sources: Readonly<Record<string, SourceText>>;
  readonly parameters: ReadonlyMap<string, CompiledParameter>;
  readonly commands: ReadonlyMap<string, CompiledCommand>;
  readonly events: ReadonlyMap<string, CompiledEvent>;
}

export interface CompiledCommand {
  readonly definition: CommandDefinition;
  readonly rule: CommandRule;
}

export interface CompiledEvent {
  readonly definition: EventDefinition;
  readonly rule: EventRule;
}
