import type { BaseType } from '#model';

/** Where one parameter of TR-098 is found in TR-181. A text is `at`. */
export interface ParameterRule {
  /**
   * `DeviceInfo.UpTime`: below `Device.`; `$ip.Status`: of the row that the object is bound to. With `?` (`$address?.IPAddress`) the
   * parameter is there without the row too, empty and not to be written.
   */
  readonly at?: string;
  /** A constant. */
  readonly is?: string;
  /** How many rows the table of this name has, in this object. */
  readonly count?: string;
  readonly as?: ConverterName;
  /** TR-098's type where it is another one than TR-181's. */
  readonly type?: BaseType;
  readonly write?: false;
  /** To be written only while the address is a static one: what DHCP gives is not ours to set. */
  readonly staticOnly?: true;
  /** Written with the same value. */
  readonly also?: readonly string[];
  /** Only there beside this row. */
  readonly when?: BindingName;
  /** In every Inform, for a constant (others have it from TR-181). */
  readonly forcedInform?: true;
}

export type ConverterName =
  /** Status of an interface ↔ ConnectionStatus. */
  | 'connection'
  /** Status of an interface, with TR-098's words for a link. */
  | 'link'
  | 'wlan-status'
  /** 64-bit counter → the 32 bits that TR-098 has. */
  | 'low-32'
  | 'megabits-to-bits'
  | 'kilobits-to-megabits'
  /** -1 ↔ `Auto` */
  | 'auto'
  | 'power'
  /** POSIX time zone → `+hh:mm` */
  | 'zone-offset'
  | 'addressing'
  /** An object's path in TR-181 ↔ in TR-098. */
  | 'path'
  | 'first-item'
  | NtpItem
  | SecurityPart;

/** The n-th of a list of servers. */
export type NtpItem = 'item-1' | 'item-2' | 'item-3' | 'item-4' | 'item-5';

/** Parameters that are all one in TR-181: WiFi.AccessPoint.{i}.Security.ModeEnabled. */
export type SecurityPart = 'beacon' | 'wpa-auth' | 'wpa-cipher' | '11i-auth' | '11i-cipher';

export interface ObjectRule {
  /** Rows of a table: those of a table of TR-181, with its numbers, or what the interface stack says (stack.ts). */
  readonly rows?:
    | { readonly each: string; readonly bind: BindingName }
    | { readonly stack: StackTable }
    /** One row, with the number 1. */
    | 'one';
  /** Bound to the WAN connection of the default route. */
  readonly ofDefaultRoute?: true;
  /** A single object that is absent while this row is. */
  readonly when?: BindingName;
  /** Table of TR-181 to which a new row is added. */
  readonly add?: string;
  /** Parameters of the new row of TR-181: a constant, or the path of a bound row. */
  readonly addWith?: Readonly<Record<string, string>>;
  /** The row of TR-181 that is deleted with it. */
  readonly remove?: BindingName;
  /** Names that are the same on both sides: below `at`. */
  readonly same?: { readonly at: string; readonly names: string };
  readonly parameters?: Readonly<Record<string, string | ParameterRule>>;
}

export type StackTable =
  | 'lan'
  | 'wlan'
  | 'lan-port'
  | 'wan'
  | 'wan-link'
  | 'wan-ip'
  | 'wan-ppp'
  | 'port-mapping'
  | 'host';

/** What an object can be bound to, and the table of TR-181 that it is a row of. */
export const bindingTables = {
  ip: 'Device.IP.Interface.{i}.',
  address: 'Device.IP.Interface.{i}.IPv4Address.{i}.',
  link: 'Device.Ethernet.Link.{i}.',
  port: 'Device.Ethernet.Interface.{i}.',
  /** Port or modem at the bottom of a WAN connection; what a modem does not have reads as nothing. */
  physical: 'Device.Ethernet.Interface.{i}.',
  ppp: 'Device.PPP.Interface.{i}.',
  cellular: 'Device.Cellular.Interface.{i}.',
  dsl: 'Device.DSL.Line.{i}.',
  channel: 'Device.DSL.Channel.{i}.',
  atm: 'Device.ATM.Link.{i}.',
  client: 'Device.DHCPv4.Client.{i}.',
  nat: 'Device.NAT.InterfaceSetting.{i}.',
  mapping: 'Device.NAT.PortMapping.{i}.',
  pool: 'Device.DHCPv4.Server.Pool.{i}.',
  static: 'Device.DHCPv4.Server.Pool.{i}.StaticAddress.{i}.',
  option: 'Device.DHCPv4.Server.Pool.{i}.Option.{i}.',
  sent: 'Device.DHCPv4.Client.{i}.SentOption.{i}.',
  requested: 'Device.DHCPv4.Client.{i}.ReqOption.{i}.',
  ssid: 'Device.WiFi.SSID.{i}.',
  ap: 'Device.WiFi.AccessPoint.{i}.',
  radio: 'Device.WiFi.Radio.{i}.',
  station: 'Device.WiFi.AccessPoint.{i}.AssociatedDevice.{i}.',
  host: 'Device.Hosts.Host.{i}.',
  route: 'Device.Routing.Router.{i}.IPv4Forwarding.{i}.',
  router: 'Device.Routing.Router.{i}.',
  user: 'Device.Users.User.{i}.',
  bridge: 'Device.Bridging.Bridge.{i}.',
  file: 'Device.DeviceInfo.VendorConfigFile.{i}.',
  time: 'Device.Time.Client.{i}.',
} as const;
export type BindingName = keyof typeof bindingTables;
/** Row paths of TR-181, with their dot. */
export type Bindings = Readonly<Partial<Record<BindingName, string>>>;

/** @returns the rule's path in TR-181 for these rows; `undefined`: a row is not there */
export function placeOf(at: string, bindings: Bindings): string | undefined {
  const bound = /^\$([a-z0-9]+)\??\.(.*)$/.exec(at);
  if (!bound) return `Device.${at}`;
  const row = bindings[bound[1] as BindingName];
  return row === undefined ? undefined : row + bound[2];
}

/** The same in schema form. */
export function schemaPlaceOf(at: string): string {
  const bound = /^\$([a-z0-9]+)\??\.(.*)$/.exec(at);
  return bound ? bindingTables[bound[1] as BindingName] + bound[2] : `Device.${at}`;
}

export const isOptional = (at: string): boolean => /^\$[a-z0-9]+\?/.test(at);
