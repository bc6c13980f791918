/** Which of the two TR-181 views a caller sees (TR-106 Annex A: the CWMP and the USP data model differ). */
export type Protocol = 'cwmp' | 'usp';

/** USP permissions (TR-369 "Role Based Access Control"): r read, w write, x execute, n notify on one kind of target. */
export type PermissionTarget = 'Param' | 'Obj' | 'InstantiatedObj' | 'CommandEvent';

export type PermissionRight = 'r' | 'w' | 'x' | 'n';

export interface Access {
  allows(target: PermissionTarget, right: PermissionRight, path: string): boolean;
  /** Values of `secured` parameters are shown as they are; absent: of none. Hidden ones never are. */
  showsSecured?(path: string): boolean;
}

export interface View {
  readonly protocol: Protocol;
  /** `undefined`: everything is permitted (the ACS, root's CLI, the agent's own rooms). */
  readonly access?: Access;
  /** Secrets read as empty text unless this is set; only the agent's own rooms set it. */
  readonly reveal?: boolean;
}

/** Who caused a write or an event. */
export interface Origin {
  readonly by: 'cwmp' | 'usp' | 'cli' | 'factory' | 'device';
  /** Endpoint ID of the controller, or the ACS URL's host. */
  readonly peer?: string;
  /** Nothing makes sure that it is that peer. */
  readonly unproven?: boolean;
}
