import type { HandlerName } from '../handlers/index.ts';

/**
 * The mapping language as it stands in the JSON files (docs/mapping-language.md). It says only where a parameter lives; what it is
 * comes from the schema.
 */
export interface MappingFile {
  readonly sources: Readonly<Record<string, SourceText>>;
  /** By schema path with trailing dot. */
  readonly objects: Readonly<Record<string, ObjectText>>;
  /** Objects of earlier files that this one takes away, with all that is below. */
  readonly removed: readonly string[];
  /** `$if`: the file counts only where all of it holds (condition.ts). */
  readonly conditions: Readonly<Record<string, unknown>>;
  /** `$tables`: further tables of the schema that the file needs (`tr104`). */
  readonly tables: readonly string[];
}

export interface SourceText {
  /** Package name. */
  readonly uci?: string;
  /** Object and method. */
  readonly ubus?: readonly [string, string];
  /** Arguments of the ubus call; a value may be an expression that begins with `$`. */
  readonly args?: Readonly<Record<string, string | number | boolean>>;
  /** An executable that prints JSON; it must belong to root and be writable by nobody else. */
  readonly script?: string;
  /**
   * A text file below the root; an absent one is an absent source. `$name` is a variable of the row. With one `*` in one of its steps: every such file,
   * in an object by what the `*` stands for.
   */
  readonly file?: string;
  /** How the file is read. Default `text`. */
  readonly parse?: 'text' | 'json' | 'pairs' | 'table' | 'name';
  /** What code answers (`src/model/handlers`). */
  readonly handler?: string;
  /** The answer itself. */
  readonly value?: unknown;
  /** Seconds for which an answer may be used again. Default 0: once for each request. */
  readonly fresh?: number;
  /** ubus event or object whose notifications say that the answer has changed. */
  readonly changes?: readonly string[];
  /** Seconds between looks while somebody watches and no event tells. */
  readonly poll?: number;
}

/** `null` in a later file: not mapped any more. */
export type ParameterText = string | ParameterRule | null;

export interface ParameterRule {
  /**
   * Expression: option, `source/path` or `$variable/path`; or a text with expressions in braces (`{address}/{mask}`), which is no value while one of them has
   * none. Of several the first that gives a value.
   */
  readonly at?: string | readonly string[];
  /** A constant. */
  readonly is?: string;
  /** A write of the constant is taken, of anything else refused: the device has no other, and a peer that fills in a row says so. */
  readonly same?: boolean;
  /**
   * Regular expression on the source's value: its first group, or the whole match, is the value; no match is no value. A write replaces that part of the
   * option.
   */
  readonly pick?: string;
  /** Regular expression that a written value has to match as it is. */
  readonly takes?: string;
  /** Expression: rows for which it gives something can not be written. */
  readonly fixed?: string;
  /** Regular expression that an option has to match after a write; what does not, the device can not do. */
  readonly fits?: string;
  /** For `address`: a text whose value is the network and an offset, `192.168.1.1/24+100`; of several the first that gives a value. */
  readonly of?: string | readonly string[];
  /** Converter, or a table from the source's values to TR-181's. */
  readonly as?: string | Readonly<Record<string, string>>;
  /** What the source says when it has no value (`--` of mmcli). */
  readonly missing?: string;
  /** The source's value when there is none. */
  readonly default?: string;
  /**
   * Table whose rows a `ref` names; or several of them, each with its `by` (empty: the row's identity; `null`: that, and a write can not name them), of
   * which the first counts that has such a row.
   */
  readonly to?: string | Readonly<Record<string, string | null>>;
  /** Variable of those rows that the value is compared with. Default: the row's identity. */
  readonly by?: string;
  /** Of a list: all rows of a table that the value is equal for, instead of the first. */
  readonly every?: boolean;
  /** For `scale`: the source's value is multiplied by this. */
  readonly factor?: number;
  /** Of a parameter that the schema does not have (`X_…`): its TR-106 base type. */
  readonly type?: string;
  /** Of such a parameter: a comma-separated list. */
  readonly list?: boolean;
  /** Of such a parameter: reads as empty. */
  readonly secured?: boolean;
  /** Of a list option: a write leaves the items that `pick` does not match, and adds one: this text and the value. */
  readonly put?: string;
  /** Beside `put`: the item of a list that a write leaves without any, where no list would mean its default. */
  readonly empty?: string;
  /** What a value is written as that the table of values has no way back for: the first expression that gives a value. */
  readonly else?: readonly string[];
  /** Written value that takes the option away. */
  readonly unset?: string;
  /**
   * A write runs a program of the device's image when it has been committed: its name and arguments, `$name` a variable of the row. Where one of them has no
   * value the write goes to the option instead.
   */
  readonly run?: readonly string[];
  /** What the program reads; `$value` is the value. Default: the value and a line end. */
  readonly input?: string;
  /** Section whose options `at` and `write` name, when it is not the row's: `source/type` (the first) or `source/type/name`. */
  readonly in?: string;
  /** Option that a write goes to when it is read from elsewhere; `false`: read only. */
  readonly write?: string | false;
  /**
   * Option whose items are addresses with or without a length, and the parameter that is the address of the item meant: a write of that parameter replaces the
   * address of the item and of another one its length, or goes to its own option where the item has none.
   */
  readonly cidr?: readonly [option: string, parameter: string];
  /** Further options that a write gives the same value. */
  readonly also?: readonly string[];
}

/** `null` in a later file: not there any more. */
export type CommandText = CommandRule | null;
export type EventText = EventRule | null;

/** What a command does: one call, or one run of a script. */
export interface CommandRule {
  /** Object and method; `$name` in the object is a variable of the row. */
  readonly ubus?: readonly [string, string];
  /** Arguments of the call: constants, `$name` a variable of the row, `$in.Name` an argument of the command. */
  readonly args?: Readonly<Record<string, string | number | boolean>>;
  /** What code does (`src/model/handlers`), to the row. */
  readonly handler?: HandlerName;
  /** An executable: gets `{"path", "args"}` as JSON on standard input and prints an object of output arguments. */
  readonly script?: string;
  /** Output arguments that are always the same. */
  readonly returns?: Readonly<Record<string, string>>;
  /** Seconds that it may take. Default 30. */
  readonly timeout?: number;
  /** Of a vendor's own command: it runs for long and tells of its end. */
  readonly async?: boolean;
  /** Of a vendor's own command. */
  readonly input?: Readonly<Record<string, ArgumentText>>;
  readonly output?: Readonly<Record<string, ArgumentText>>;
}

/** An event of the bus that is told as one of the data model. */
export interface EventRule {
  /** Name of the ubus event. */
  readonly on: string;
  /** Member of the event's data that has to be the row's identity; of a single object there is none. */
  readonly row?: string;
  /** Argument → member of the event's data, `a/b` for one inside another. Default: the member of the same name. */
  readonly from?: Readonly<Record<string, string>>;
  /** Of a vendor's own event. */
  readonly args?: Readonly<Record<string, ArgumentText>>;
}

export interface ArgumentText {
  readonly type: string;
  readonly mandatory?: boolean;
}

/** A source of rows, with variables that only its rows have. */
export type RowsText = string | { readonly rows: string; readonly let: Variables };

type Variables = Readonly<Record<string, string | readonly [string]>>;

export interface ObjectText {
  /** Table: `package/type[filter]`, `package/type[filter]/option[]`, `source/path/*`, or `option[]`; of several, rows of the later ones are read only. */
  readonly rows?: string | readonly RowsText[];
  /** Table over an array: what identifies a row. */
  readonly id?: string;
  /** Single object over a section: `package/type` (the first) or `package/type/name`. */
  readonly row?: string;
  /** Variables: the first value of an expression, or with the expression in a list all of its values. */
  readonly let?: Variables;
  /** Options of a new section. Present: rows may be added and deleted. */
  readonly add?: Readonly<Record<string, string>>;
  /** Of rows that are items of lists in sections: how an item is put together (`{Port}:{Untagged}`). Present: its parts can be written. */
  readonly item?: string;
  /** What turns an item of the list into the text that `item` is about, and back (dhcp-items.ts); what it can not turn is no row. */
  readonly code?: string;
  /** The object is absent while this expression gives nothing. */
  readonly when?: string;
  /** Of a vendor's own table: its unique keys, each a parameter or several that are unique together. */
  readonly keys?: readonly (string | readonly string[])[];
  /** Of several sources: a row of a later one whose parameters of these names have the values of a row of an earlier one is that row. */
  readonly same?: readonly string[];
  /** false: instance numbers live in memory only (rows that come and go by themselves). */
  readonly keep?: boolean;
  readonly parameters: Readonly<Record<string, ParameterText>>;
  /** By name with its parentheses. */
  readonly commands: Readonly<Record<string, CommandText>>;
  /** By name with its bang. */
  readonly events: Readonly<Record<string, EventText>>;
}

/** One thing wrong with a mapping file. */
export interface MappingProblem {
  readonly file: string;
  readonly path: string;
  readonly reason: string;
}
