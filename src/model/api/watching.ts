import type { CommandResult } from './operating.ts';
import type { BaseType } from './supported.ts';
import type { Origin } from './view.ts';

export type Change =
  | {
      readonly kind: 'value';
      readonly path: string;
      readonly type: BaseType;
      readonly value: string;
      readonly origin: Origin;
    }
  | {
      readonly kind: 'created';
      readonly path: string;
      readonly uniqueKeys: Readonly<Record<string, string>>;
      readonly origin: Origin;
    }
  | { readonly kind: 'deleted'; readonly path: string; readonly origin: Origin }
  | {
      readonly kind: 'event';
      /** Object instance path and event name: `Device.Boot!` */
      readonly path: string;
      readonly args: Readonly<Record<string, string>>;
      readonly origin: Origin;
      /** It concerns this controller only: `Device.LocalAgent.Controller.1` */
      readonly recipient?: string;
    }
  | {
      /** An asynchronous command has ended, well or not. */
      readonly kind: 'completed';
      /** `Device.IP.Diagnostics.IPPing()` */
      readonly path: string;
      readonly commandKey: string;
      readonly result: CommandResult;
      /** Who had asked for it. */
      readonly origin: Origin;
    };

export interface WatchRequest {
  /** Parameter, object, command, event or search paths. An object path covers everything below it. */
  readonly paths: readonly string[];
  readonly kinds: readonly Change['kind'][];
  /** Values of parameters with `activeNotify` `canDeny` (counters, times) are not told: what TR-369 calls VALUE_CHANGE_WILL_IGNORE. */
  readonly withoutDeniable?: boolean;
}
