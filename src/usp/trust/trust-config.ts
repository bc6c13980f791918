import type { Permission, Role } from './access.ts';

/** `Device.LocalAgent.ControllerTrust.`; roles are named by their rows, without the last dot. */
export interface TrustConfig {
  /** Enabled ones. */
  readonly roles: ReadonlyMap<string, Role>;
  /** Of whoever is not known to be who he says, or has no role. */
  readonly untrusted: readonly string[];
  /** Whoever has it is not talked to; '': there is none. */
  readonly banned: string;
  readonly secured: readonly string[];
}

export const noTrust: TrustConfig = { roles: new Map(), untrusted: [], banned: '', secured: [] };

/** What is read of a row. */
export interface TrustRow {
  readonly path: string;
  text(name: string): string;
  number(name: string, otherwise: number): number;
  references(name: string): string[];
}

/**
 * @param top the object `Device.LocalAgent.ControllerTrust.`
 * @param rows enabled rows of a table
 */
export function readTrust(top: TrustRow, rows: (table: string) => readonly TrustRow[]): TrustConfig {
  return {
    roles: new Map(
      rows(`${top.path}Role.`).map((row) => [row.path.slice(0, -1), rows(`${row.path}Permission.`).map(permission)]),
    ),
    untrusted: top.references('UntrustedRole'),
    banned: top.text('BannedRole'),
    secured: top.references('SecuredRoles'),
  };
}

function permission(row: TrustRow): Permission {
  return {
    order: row.number('Order', 0),
    targets: row.references('Targets').map((target) => target.trim()),
    rights: {
      Param: row.text('Param'),
      Obj: row.text('Obj'),
      InstantiatedObj: row.text('InstantiatedObj'),
      CommandEvent: row.text('CommandEvent'),
    },
  };
}
