import { type PhasePlan, type RetryPolicy, Secret } from '#base';
import type { Model } from '#model';
import type { Compression } from '../exchange/compress.ts';
import type { DeviceId } from '../inform.ts';
import type { InstanceSettings } from '../instance-names.ts';

/** `Device.ManagementServer.` as it stands now, secrets included. */
export interface CwmpConfig {
  readonly enabled: boolean;
  /** `undefined`: none, or no URL. */
  readonly url: URL | undefined;
  /** What is set is none. */
  readonly urlProblem: string | undefined;
  readonly username: string;
  readonly password: Secret;
  readonly periodic: PhasePlan;
  /** TR-069 Annex O. */
  readonly heartbeat: PhasePlan;
  /** DefaultActiveNotificationThrottle. */
  readonly throttleSeconds: number;
  /** ManageableDeviceNotificationLimit. */
  readonly deviceLimitSeconds: number;
  readonly retry: RetryPolicy;
  readonly instances: InstanceSettings;
  /** How requests are compressed. */
  readonly compression: Compression | undefined;
  readonly connectionRequest: {
    readonly enabled: boolean;
    readonly username: string;
    readonly password: Secret;
  };
}

const ownView = { protocol: 'cwmp', reveal: true } as const;

/** Values of single parameters, by path; absent ones are missing from the map. */
export async function valuesOf(model: Model, paths: readonly string[]): Promise<Map<string, string>> {
  const values = new Map<string, string>();
  for (const { result } of await model.get(ownView, paths)) {
    if (!result.ok) continue;
    for (const object of result.value) {
      for (const { info, value } of object.parameters) values.set(object.path + info.name, value);
    }
  }
  return values;
}

export async function readConfig(model: Model): Promise<CwmpConfig> {
  const values = await valuesOf(model, ['Device.ManagementServer.']);
  const text = (name: string): string => values.get(`Device.ManagementServer.${name}`) ?? '';
  const whole = (name: string, otherwise: number): number => {
    const value = Number(text(name));
    return Number.isSafeInteger(value) && value > 0 ? value : otherwise;
  };
  return {
    enabled: text('EnableCWMP') === 'true',
    url: URL.canParse(text('URL')) ? new URL(text('URL')) : undefined,
    urlProblem: text('URL') === '' || URL.canParse(text('URL')) ? undefined : `${text('URL')} (this is no URL)`,
    username: text('Username'),
    password: new Secret(text('Password')),
    periodic: {
      enabled: text('PeriodicInformEnable') === 'true',
      intervalSeconds: whole('PeriodicInformInterval', 86_400),
      phase: phaseOf(text('PeriodicInformTime')),
    },
    heartbeat: {
      enabled: text('HeartbeatPolicy.Enable') === 'true',
      intervalSeconds: whole('HeartbeatPolicy.ReportingInterval', 86_400),
      phase: phaseOf(text('HeartbeatPolicy.InitiationTime')),
    },
    throttleSeconds: whole('DefaultActiveNotificationThrottle', 0),
    deviceLimitSeconds: whole('ManageableDeviceNotificationLimit', 0),
    retry: {
      minimumWaitSeconds: whole('CWMPRetryMinimumWaitInterval', 5),
      intervalMultiplier: whole('CWMPRetryIntervalMultiplier', 2000),
    },
    instances: {
      mode: text('InstanceMode') === 'InstanceAlias' ? 'InstanceAlias' : 'InstanceNumber',
      autoCreate: text('AutoCreateInstances') === 'true',
    },
    compression:
      text('HTTPCompression') === 'GZIP' ? 'GZIP' : text('HTTPCompression') === 'Deflate' ? 'Deflate' : undefined,
    connectionRequest: {
      enabled: text('HTTPConnectionRequestEnable') === 'true',
      username: text('ConnectionRequestUsername'),
      password: new Secret(text('ConnectionRequestPassword')),
    },
  };
}

/** @returns milliseconds since 1970; `undefined` for the unknown time of TR-106 3.2 and for no time at all */
export function phaseOf(text: string): number | undefined {
  const phase = Date.parse(text);
  return Number.isNaN(phase) || phase < 0 ? undefined : phase;
}

/** TR-069 A.3.3.1 DeviceIdStruct. */
export async function readDeviceId(model: Model): Promise<DeviceId> {
  const names = ['Manufacturer', 'ManufacturerOUI', 'ProductClass', 'SerialNumber'] as const;
  const values = await valuesOf(
    model,
    names.map((name) => `Device.DeviceInfo.${name}`),
  );
  const text = (name: (typeof names)[number]): string => values.get(`Device.DeviceInfo.${name}`) ?? '';
  return {
    manufacturer: text('Manufacturer'),
    oui: text('ManufacturerOUI'),
    productClass: text('ProductClass'),
    serialNumber: text('SerialNumber'),
  };
}
