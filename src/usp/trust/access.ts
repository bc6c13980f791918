import type { Access, PermissionRight, PermissionTarget } from '#model';
import { type FoundTargets, matcherOf } from './target.ts';

/** One row of `Device.LocalAgent.ControllerTrust.Role.{i}.Permission.{i}.` that is enabled. */
export interface Permission {
  readonly order: number;
  readonly targets: readonly string[];
  /** Four characters each: `r`, `w`, `x`, `n` or `-` in that order. */
  readonly rights: Readonly<Record<PermissionTarget, string>>;
}

/** Permissions of one role. */
export type Role = readonly Permission[];

export interface AccessOptions {
  /** Those of the roles that are named in `ControllerTrust.SecuredRoles`. */
  readonly secured?: readonly Role[];
  /** What the search expressions among the targets find now. */
  readonly found?: FoundTargets;
}

const position: Readonly<Record<PermissionRight, number>> = { r: 0, w: 1, x: 2, n: 3 };

/**
 * What the roles together permit (TR-369 "Role Based Access Control"): within a role the permission of the highest order that fits counts, and a controller may
 * what any of its roles may. No role, no right. A role shows values of secured parameters that it may read, if it is one of the secured ones.
 */
export function accessOf(roles: readonly Role[], { secured = [], found = new Map() }: AccessOptions = {}): Access {
  const all = roles.map((role) => compile(role, found));
  const shows = secured.map((role) => compile(role, found));
  return {
    allows: anyOf(all),
    showsSecured: (path) => shows.some((permits) => permits('Param', 'r', path)),
  };
}

type Permits = (target: PermissionTarget, right: PermissionRight, path: string) => boolean;

function anyOf(all: readonly Permits[]): Permits {
  const [only] = all;
  if (only && all.length === 1) return only;
  return (target, right, path) => all.some((permits) => permits(target, right, path));
}

function compile(role: Role, found: FoundTargets): Permits {
  const targets = [...role]
    .sort((a, b) => b.order - a.order)
    .flatMap(({ targets: of, rights }) => of.map((target) => ({ ...matcherOf(target, found), rights })));
  // Asked for every parameter of every answer: nothing is made here.
  return (target, right, path) => {
    for (let at = 0; at < targets.length; at++) {
      const { rows, any, perhaps, rights } = targets[at]!;
      const granted = rights[target][position[right]] === right;
      // What is permitted of some rows is part of the supported data model; what is withheld of some rows is so of the others.
      if (rows(path) || (granted && path.includes('{i}') && any(path))) return granted;
      // What is withheld of rows that could not be looked up is withheld of all that it could be.
      if (!granted && perhaps?.(path)) return false;
    }
    return false;
  };
}
