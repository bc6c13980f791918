import type { Uci } from '#platform';

/** What the configuration says beyond the data model (`/etc/config/tandem`, docs/configuration.md). */
export interface Settings {
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  readonly connectionRequest: {
    readonly address: string;
    readonly port: number;
    /** Of UDP. */
    readonly udpPort: number;
    /** Sources: addresses and prefixes; empty: everybody. */
    readonly allow: readonly string[];
    /** Also from networks other than the one by which the ACS is reached. */
    readonly fromLan: boolean;
  };
  /** Of a remote change that touches connectivity (probation.ts). */
  readonly confirm: { readonly settleSeconds: number; readonly timeoutSeconds: number };
  /** Of the session with the ACS, in seconds. */
  readonly cwmpTimeouts: {
    readonly connect: number;
    readonly idle: number;
    /** One message until its answer is there whole. */
    readonly exchange: number;
    readonly session: number;
  };
  /** Of the ACS's keys: SHA-256, base64. */
  readonly cwmpPins: readonly string[];
  /** Of the file servers' keys. */
  readonly transferPins: readonly string[];
  /** Certificates' dates are not judged while the clock has never been set: towards the ACS, XMPP and file servers; towards USP's controllers and brokers. */
  readonly tlsWithoutClock: boolean;
  readonly uspWithoutClock: boolean;
  /** Of the servers of XMPP, and of USP's controllers and brokers, as `cwmpPins`. */
  readonly xmppPins: readonly string[];
  readonly uspPins: readonly string[];
  /** Files with revocation lists (PEM), for the ACS and XMPP, and for USP; `undefined`: revocation is not asked for. */
  readonly cwmpCrl: string | undefined;
  readonly uspCrl: string | undefined;
  /** Root of the data model that the ACS is shown: TR-181's, or TR-098's on top of it. */
  readonly cwmpRoot: 'Device' | 'InternetGatewayDevice';
  /** Whether the ACS that DHCP names is followed; `any`: even if nothing but a public authority vouches for it. */
  readonly discovery: 'off' | 'on' | 'any';
  /** Where files wait on their way in and out; in RAM by default. */
  readonly transferDirectory: string;
  /** Lab only: an ACS and files at `http://`. */
  readonly allowPlainHttp: boolean;
  /** Where the ACS may redirect to, and which servers of files are given credentials; none: any. */
  readonly redirectHosts: readonly string[];
  readonly credentialHosts: readonly string[];
  /** How sure the agent has to be of who a USP controller is, before its roles count. */
  readonly identity: 'certificate' | 'host' | 'none';
}

const identities = ['certificate', 'host', 'none'] as const;
const discoveries: Readonly<Record<string, Settings['discovery']>> = { '0': 'off', any: 'any' };
const levels = ['debug', 'info', 'warn', 'error'] as const;

/** Anything absent or unusable has its default. */
export function readSettings(uci: Uci): Settings {
  const sections = uci.load('tandem');
  const option = (section: string, name: string): string | undefined => {
    const value = sections?.section(section)?.options.get(name);
    return typeof value === 'string' ? value : undefined;
  };
  const list = (section: string, name: string): readonly string[] => {
    const value = sections?.section(section)?.options.get(name);
    return value === undefined ? [] : typeof value === 'string' ? value.split(/\s+/).filter(Boolean) : value;
  };
  const portOf = (name: string, otherwise: number): number => {
    const value = Number(option('cwmp', name) ?? otherwise);
    return Number.isInteger(value) && value >= 0 && value < 65_536 ? value : otherwise;
  };
  const seconds = (name: string, otherwise: number): number => {
    const value = Number(option('agent', name) ?? otherwise);
    return Number.isInteger(value) && value >= 0 && value <= 86_400 ? value : otherwise;
  };
  const timeout = (name: string, otherwise: number): number => {
    const value = Number(option('cwmp', name) ?? otherwise);
    return Number.isInteger(value) && value > 0 && value <= 86_400 ? value : otherwise;
  };
  const port = portOf('connection_request_port', 7547);
  const level = option('agent', 'log_level');
  return {
    logLevel: levels.find((known) => known === level) ?? 'info',
    connectionRequest: {
      address: option('cwmp', 'connection_request_address') ?? '::',
      port,
      udpPort: portOf('connection_request_udp_port', port),
      allow: list('cwmp', 'connection_request_allow'),
      fromLan: option('cwmp', 'connection_request_lan') === '1',
    },
    confirm: { settleSeconds: seconds('confirm_settle', 10), timeoutSeconds: seconds('confirm_timeout', 180) },
    cwmpTimeouts: {
      connect: timeout('connect_timeout', 90),
      idle: timeout('idle_timeout', 120),
      exchange: timeout('exchange_timeout', 300),
      session: timeout('session_timeout', 3600),
    },
    cwmpPins: list('cwmp', 'pin'),
    transferPins: list('agent', 'transfer_pin'),
    tlsWithoutClock: option('cwmp', 'tls_without_clock') === '1',
    uspWithoutClock: option('usp', 'tls_without_clock') === '1',
    xmppPins: list('cwmp', 'xmpp_pin'),
    uspPins: list('usp', 'pin'),
    cwmpCrl: absolute(option('cwmp', 'crl')),
    uspCrl: absolute(option('usp', 'crl')),
    cwmpRoot: option('cwmp', 'root') === 'InternetGatewayDevice' ? 'InternetGatewayDevice' : 'Device',
    discovery: discoveries[option('cwmp', 'discovery') ?? ''] ?? 'on',
    transferDirectory: absolute(option('agent', 'transfer_directory')) ?? '/var/run/tandem/transfer',
    allowPlainHttp: option('cwmp', 'allow_plain_http') === '1',
    redirectHosts: list('cwmp', 'redirect_host'),
    credentialHosts: list('agent', 'credential_host'),
    identity: identities.find((known) => known === option('usp', 'identity')) ?? 'certificate',
  };
}

const absolute = (path: string | undefined): string | undefined => (path?.startsWith('/') ? path : undefined);
