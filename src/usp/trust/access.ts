import type { Access, PermissionRight, PermissionTarget } from '#model';

/** One row of `Device.LocalAgent.ControllerTrust.Role.{i}.Permission.{i}.` that is enabled. */
export interface Permission {
  readonly order: number;
  readonly targets: readonly string[];
  /** Four characters each: `r`, `w`, `x`, `n` or `-` in that order. */
  readonly rights: Readonly<Record<PermissionTarget, string>>;
}

/** Permissions of one role. */
export type Role = readonly Permission[];

const position: Readonly<Record<PermissionRight, number>> = { r: 0, w: 1, x: 2, n: 3 };

/**
 * What the roles together permit (TR-369 "Role Based Access Control"): within a role the permission of the highest order that fits counts, and a controller may
 * what any of its roles may. No role, no right.
 */
export function accessOf(roles: readonly Role[]): Access {
  const compiled = roles.map((role) =>
    [...role]
      .sort((a, b) => b.order - a.order)
      .map(({ targets, rights }) => ({ covers: targets.map(matcher), rights })),
  );
  return {
    allows: (target, right, path) =>
      compiled.some((role) => {
        const permission = role.find(({ covers }) => covers.some((matches) => matches(path)));
        return permission?.rights[target][position[right]] === right;
      }),
  };
}

/** A partial path covers everything below it; `*` and `{i}` stand for any instance. */
function matcher(target: string): (path: string) => boolean {
  if (!/[*{]/.test(target)) return target.endsWith('.') ? (path) => path.startsWith(target) : (path) => path === target;
  const pattern = target
    .split('.')
    .map((word) => (word === '*' || word === '{i}' ? '(?:[0-9]+|\\{i\\}|\\*)' : word.replace(/[^\w-]/g, '\\$&')))
    .join('\\.');
  const expression = new RegExp(`^${pattern}${target.endsWith('.') ? '' : '$'}`);
  return (path) => expression.test(path);
}
