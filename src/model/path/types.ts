import type { Protocol } from '../api.ts';

/** TR-369 section 2.5.4: `==  !=  <  >  <=  >=` and `~=` (list contains). */
export type SearchOperator = '==' | '!=' | '<' | '>' | '<=' | '>=' | '~=';

/** The constant as written: quoted ones are text; bare ones are numbers, booleans or times. */
export interface SearchConstant {
  /** Percent escapes resolved. */
  readonly text: string;
  readonly quoted: boolean;
}

/** One step of a search's relative path: a name, and whether it is a reference to follow. */
export interface RelativeStep {
  readonly name: string;
  readonly follow?: ReferenceItem;
}

export interface SearchTerm {
  /** `Stats.ErrorsSent`, `SSIDReference+.SSID` */
  readonly steps: readonly RelativeStep[];
  readonly operator: SearchOperator;
  readonly constant: SearchConstant;
}

/** Which item of a list-valued reference is followed, from 1; `*`: all of them. */
export type ReferenceItem = number | '*';

export type Segment =
  | { readonly kind: 'name'; readonly name: string }
  /** `{i}` */
  | { readonly kind: 'schema' }
  /** From 1. */
  | { readonly kind: 'instance'; readonly instance: number }
  /** `*` */
  | { readonly kind: 'wildcard' }
  /** CWMP `[alias]` (TR-069 section 3.6.1), without the brackets. */
  | { readonly kind: 'alias'; readonly alias: string }
  /** USP `[A==1&&B.C!="x"]`: a unique key or a search. */
  | { readonly kind: 'search'; readonly terms: readonly SearchTerm[] }
  /** USP reference following: parameter `name`, `#n` and `+`. */
  | { readonly kind: 'reference'; readonly name: string; readonly item: ReferenceItem };

/**
 * What the path ends in. `object`: a trailing dot (the segments are all of it). The others carry their leaf in `name`:
 * a parameter's (or, without trailing dot, possibly an object's) name, `Reset()`, `Boot!`.
 */
export type Leaf =
  | { readonly kind: 'object' }
  | { readonly kind: 'parameter'; readonly name: string }
  | { readonly kind: 'command'; readonly name: string }
  | { readonly kind: 'event'; readonly name: string };

export interface ParsedPath {
  readonly protocol: Protocol;
  /** Objects, rows and references, outermost first; without the leaf. */
  readonly segments: readonly Segment[];
  readonly leaf: Leaf;
}

export interface PathSyntaxFault {
  /** 0-based character offset in the text. */
  readonly position: number;
  readonly message: string;
}

/** Characters, levels and search terms that a path may have before it is refused unread. */
export interface PathLimits {
  readonly length: number;
  readonly depth: number;
  readonly terms: number;
}
