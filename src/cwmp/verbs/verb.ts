import type { Result } from '#base';
import type { Model, View, WriteAnswer } from '#model';
import type { Element } from '../codec/element.ts';
import type { XmlWriter } from '../codec/write-xml.ts';
import type { CwmpFault } from '../faults.ts';
import type { InstanceSettings } from '../instance-names.ts';

/** What an RPC of the ACS may use. */
export interface VerbContext {
  /** As the ACS sees it, under whatever root. */
  readonly model: Model;
  /** `Device.ManagementServer.ParameterKey`: stored by a write that succeeded (TR-069 A.3.2.1). */
  readonly storeParameterKey: (key: string) => Promise<void>;
  /** Host of the ACS: who the writes are from. */
  readonly acs: string;
  readonly attributes: Attributes;
  /** ScheduleInform. @returns false: too many are outstanding */
  readonly schedule: (delaySeconds: number, commandKey: string) => Promise<boolean>;
  /** How rows are named as long as the session lasts; by number when absent. */
  readonly instances?: InstanceSettings;
  readonly signal: AbortSignal;
}

/** Notification attributes by full parameter path (TR-069 A.3.2.4); kept by the client. */
export interface Attributes {
  notificationOf(path: string): number;
  set(changes: ReadonlyMap<string, number>): Promise<void>;
  /** A row is gone, and with it what was set for it. @param path of the row */
  forget(path: string): Promise<void>;
}

/** Reads its arguments, does its work, and gives back what writes the answer's arguments. */
export type Verb = (request: Element, context: VerbContext) => Promise<Result<(writer: XmlWriter) => void, CwmpFault>>;

/** An ACS sees the CWMP view and may do everything (TR-069 has no roles). */
export const acsView: View = { protocol: 'cwmp' };

/** Status of SetParameterValues, AddObject and DeleteObject: 1 where it is taken over after the session (TR-069 A.3.2.1). */
export const statusOf = ({ postponed }: WriteAnswer): 0 | 1 => (postponed ? 1 : 0);

/** Limits of the CWMP XSD. */
export const parameterNameLimit = 256;
export const parameterKeyLimit = 32;
export const commandKeyLimit = 32;
