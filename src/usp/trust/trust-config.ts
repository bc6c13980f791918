import { Secret } from '#base';
import type { Permission, Role } from './access.ts';
import type { Challenge } from './challenges.ts';
import type { Credential } from './judge.ts';

/** `Device.LocalAgent.ControllerTrust.`; roles are named by their rows, without the last dot. */
export interface TrustConfig {
  /** Enabled ones. */
  readonly roles: ReadonlyMap<string, Role>;
  /** Of whoever is not known to be who he says, or has no role. */
  readonly untrusted: readonly string[];
  /** Whoever has it is not talked to; '': there is none. */
  readonly banned: string;
  readonly secured: readonly string[];
  /** In the order of their rows. */
  readonly credentials: readonly CredentialRow[];
  readonly challenges: readonly Challenge[];
  /** Trust on first use. */
  readonly tofu: {
    readonly allowed: boolean;
    /** Until a message has to come; 0: whenever. */
    readonly inactivitySeconds: number;
  };
}

export interface CredentialRow extends Omit<Credential, 'certificate'> {
  /** Row of `Device.LocalAgent.Certificate.`, without the last dot. */
  readonly certificate: string;
}

export const noTrust: TrustConfig = {
  roles: new Map(),
  untrusted: [],
  banned: '',
  secured: [],
  credentials: [],
  challenges: [],
  tofu: { allowed: false, inactivitySeconds: 0 },
};

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
    tofu: {
      allowed: top.text('TOFUAllowed') === 'true',
      inactivitySeconds: top.number('TOFUInactivityTimer', 0),
    },
    credentials: rows(`${top.path}Credential.`).map((row) => ({
      certificate: row.text('Credential'),
      roles: row.references('Role'),
      uses: useOf(row.text('AllowedUses')),
    })),
    challenges: rows(`${top.path}Challenge.`).map((row) => ({
      row: row.path.slice(0, -1),
      roles: row.references('Role'),
      type: row.text('Type') || 'Passphrase',
      value: new Secret(row.text('Value')),
      valueType: row.text('ValueType'),
      instruction: row.text('Instruction'),
      instructionType: row.text('InstructionType'),
      retries: row.number('Retries', 3),
      lockoutSeconds: row.number('LockoutPeriod', 30),
    })),
  };
}

function useOf(text: string): Credential['uses'] {
  return text === 'MTP-and-USP' || text === 'MTP-and-broker' ? text : 'MTP-only';
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
