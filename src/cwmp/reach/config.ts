import { Secret } from '#base';
import type { Model } from '#model';
import { phaseOf, valuesOf } from '../client/config.ts';
import type { LightweightConfig } from '../lightweight/notifier.ts';
import type { StunConfig } from '../stun/stun-keeper.ts';
import type { XmppConnectionConfig } from '../xmpp/connection.ts';

/** How the ACS may reach the device besides HTTP, as `Device.ManagementServer.` says it. */
export interface ReachConfig {
  readonly connectionRequest: { readonly username: string; readonly password: Secret };
  /** `undefined`: off, or there is nobody to ask. */
  readonly stun: Omit<StunConfig, 'listenPort'> | undefined;
  /** `undefined`: off. */
  readonly lightweight: LightweightConfig | undefined;
  readonly xmpp: {
    /** By the row's path, `Device.XMPP.Connection.1.`; those that are enabled. */
    readonly connections: ReadonlyMap<string, XmppConnectionConfig>;
    /** The row whose requests are heard; '': none, or one that is not enabled. */
    readonly heard: string;
    readonly allowed: readonly string[];
  };
}

const defaultMinimumSeconds = 30;
const ownResource = 'tandem';

export async function readReachConfig(model: Model): Promise<ReachConfig> {
  const values = await valuesOf(model, ['Device.ManagementServer.', 'Device.XMPP.Connection.']);
  const text = (name: string): string => values.get(`Device.ManagementServer.${name}`) ?? '';
  const managed = text('EnableCWMP') === 'true';
  const acs = URL.canParse(text('URL')) ? new URL(text('URL')).hostname : '';
  const connectionRequest = {
    username: text('ConnectionRequestUsername'),
    password: new Secret(text('ConnectionRequestPassword')),
  };
  // Without credentials nobody could be let in: nothing is opened.
  const open = managed && connectionRequest.username !== '' && !connectionRequest.password.empty;
  const host = text('STUNServerAddress') || acs;
  const maximum = Number(text('STUNMaximumKeepAlivePeriod'));
  const heard = `${text('ConnReqXMPPConnection').replace(/\.$/, '')}.`;
  const connections = open ? readConnections(values) : new Map<string, XmppConnectionConfig>();
  return {
    connectionRequest,
    stun:
      open && text('STUNEnable') === 'true' && host !== ''
        ? {
            host,
            port: Number(text('STUNServerPort')) || 3478,
            credentials: { username: text('STUNUsername'), password: new Secret(text('STUNPassword')) },
            minimumKeepAliveSeconds: Number(text('STUNMinimumKeepAlivePeriod')) || defaultMinimumSeconds,
            maximumKeepAliveSeconds: maximum > 0 ? maximum : undefined,
          }
        : undefined,
    lightweight:
      managed && text('LightweightNotificationProtocolsUsed').split(',').includes('UDP')
        ? {
            // TR-181 UDPLightweightNotificationHost: empty is the ACS.
            host: text('UDPLightweightNotificationHost') || acs,
            port: Number(text('UDPLightweightNotificationPort')) || 7547,
            username: text('Username'),
            password: new Secret(text('Password')),
            triggerIntervalSeconds: Number(text('LightweightNotificationTriggerInterval')),
            triggerPhase: phaseOf(text('LightweightNotificationTriggerTime')),
          }
        : undefined,
    xmpp: {
      connections,
      heard: connections.has(heard) ? heard : '',
      allowed: text('ConnReqAllowedJabberIDs').split(',').filter(Boolean),
    },
  };
}

function readConnections(values: ReadonlyMap<string, string>): Map<string, XmppConnectionConfig> {
  const connections = new Map<string, XmppConnectionConfig>();
  for (const [path, enabled] of values) {
    const row = /^Device\.XMPP\.Connection\.\d+\.(?=Enable$)/.exec(path)?.[0];
    if (row !== undefined && enabled === 'true') connections.set(row, readConnection(values, row));
  }
  return connections;
}

function readConnection(values: ReadonlyMap<string, string>, row: string): XmppConnectionConfig {
  const text = (name: string): string => values.get(row + name) ?? '';
  const domain = text('Domain');
  const algorithm = text('ServerConnectAlgorithm');
  const servers = [...values.keys()].flatMap((path) => {
    const server = /^Device\.XMPP\.Connection\.\d+\.Server\.\d+\.(?=Enable$)/.exec(path)?.[0];
    return server?.startsWith(row) && values.get(`${server}Enable`) === 'true' ? [server] : [];
  });
  return {
    account: {
      username: text('Username'),
      password: new Secret(text('Password')),
      domain,
      // Always the same: a JabberID that the server makes up would be another one, and told, after each loss.
      resource: text('Resource') || ownResource,
      useTls: text('UseTLS') === 'true',
    },
    servers: {
      algorithm: algorithm === 'DNS' || algorithm === 'ServerTable' ? algorithm : 'DNS-SRV',
      domain,
      table: servers.map((server) => ({
        host: values.get(`${server}ServerAddress`) ?? '',
        port: Number(values.get(`${server}Port`)) || 5222,
        priority: Number(values.get(`${server}Priority`) ?? 0),
        weight: Number(values.get(`${server}Weight`) ?? -1),
      })),
    },
    keepAliveSeconds: Number(text('KeepAliveInterval')),
    retry: {
      attempts: Number(text('ServerConnectAttempts')),
      initialSeconds: Number(text('ServerRetryInitialInterval')),
      multiplier: Number(text('ServerRetryIntervalMultiplier')),
      maximumSeconds: Number(text('ServerRetryMaxInterval')),
    },
  };
}
