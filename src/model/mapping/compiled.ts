import type { CommandDefinition, EventDefinition, ObjectDefinition, ParameterDefinition } from '../schema/index.ts';
import type { Condition, Expression, Formula } from './expression.ts';
import type { CommandRule, EventRule, ParameterRule, SourceText } from './grammar.ts';
import type { ItemCode, ItemForm } from './list-item.ts';

export interface CompiledParameter {
  readonly definition: ParameterDefinition;
  readonly rule: ParameterRule;
  /** Tried in order; empty for a constant. */
  readonly expressions: readonly Formula[];
  readonly pick: RegExp | undefined;
  readonly fits: RegExp | undefined;
  readonly takes: RegExp | undefined;
  /** Where it gives something there is nothing to write. */
  readonly fixed: Formula | undefined;
  /** What a value is relative to. */
  readonly base: readonly Formula[];
  /** What is written where the table of values has no way back. */
  readonly otherwise: readonly Formula[];
  /** The section of its option, when it is not the row's. */
  readonly section: SectionSource | undefined;
  /** Option of the section that a write sets; `undefined`: none. */
  readonly option: string | undefined;
  /** Option of the section that the value comes from, whether it can be written or not. */
  readonly named: string | undefined;
  /** In a row that is an item of a list: a write changes this part of the item, the section that it is in, or whether it is in its list. `undefined`: none of them. */
  readonly listed: 'part' | 'place' | 'switch' | undefined;
  /** Of a reference: tables whose rows it names. */
  readonly targets: readonly Target[];
  /** It can be written: to the option, to the item, or by running a program. */
  readonly writable: boolean;
}

/** A table whose rows a reference names. */
export interface Target {
  readonly table: string;
  /** Variable of those rows that the value is compared with; `undefined`: what the row goes by. */
  readonly by: string | undefined;
  /** A write does not name its rows. */
  readonly readOnly?: boolean;
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
export type RowSource = {
  /** Variables that only rows of this source have. */
  readonly variables?: ReadonlyMap<string, Variable>;
} & (
  | { readonly kind: 'none' }
  | ({ readonly kind: 'sections' } & MeantSections)
  | SectionSource
  | { readonly kind: 'members'; readonly expression: Expression; readonly id: Formula | undefined }
  | { readonly kind: 'items'; readonly option: string }
  | ListedRows
);

/** Sections of a type, and the conditions that they meet. */
export interface MeantSections {
  readonly package: string;
  readonly type: string;
  readonly conditions: readonly Condition[];
}

/** Items of one list option of each of several sections. */
export interface ListedRows {
  readonly kind: 'listed';
  /** `undefined`: the section around alone. */
  readonly from: MeantSections | undefined;
  readonly option: string;
  /** Between the items as they are in the list and their texts. */
  readonly code: ItemCode | undefined;
  /** Picks what tells the items of a section apart, and an item without it is no row; `undefined`: the whole item does. */
  readonly key: RegExp | undefined;
}

export interface CompiledObject {
  readonly path: string;
  /** It has commands or events. */
  readonly acts: boolean;
  /** Tables that its references name rows of. */
  readonly refersTo: readonly string[];
  /** Whether it maps a parameter of this name. */
  maps(name: string): boolean;
  readonly definition: ObjectDefinition;
  readonly rows: RowSource;
  /** Further sources of rows, which can not be written. */
  readonly more: readonly RowSource[];
  readonly variables: ReadonlyMap<string, Variable>;
  /** Of rows that are items of lists: how one is written. */
  readonly item: ItemForm | undefined;
  readonly add: Readonly<Record<string, string>> | undefined;
  readonly when: Formula | undefined;
  readonly keep: boolean;
  /** Parameters by which a row of a later source is known to be one of an earlier. */
  readonly same: readonly CompiledParameter[];
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
