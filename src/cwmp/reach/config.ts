import { Secret } from '#base';
import type { Model } from '#model';
import { valuesOf } from '../client/config.ts';
import type { StunConfig } from '../stun/stun-keeper.ts';

/** How the ACS may reach the device besides HTTP, as `Device.ManagementServer.` says it. */
export interface ReachConfig {
  readonly connectionRequest: { readonly username: string; readonly password: Secret };
  /** `undefined`: off, or there is nobody to ask. */
  readonly stun: Omit<StunConfig, 'listenPort'> | undefined;
}

const defaultMinimumSeconds = 30;

export async function readReachConfig(model: Model): Promise<ReachConfig> {
  const values = await valuesOf(model, ['Device.ManagementServer.']);
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
  };
}
