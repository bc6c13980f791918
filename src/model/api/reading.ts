import type { Result } from '#base';
import type { ModelFault } from './fault.ts';
import type { ObjectInfo, ParameterInfo } from './supported.ts';

export interface ParameterReading {
  readonly info: ParameterInfo;
  readonly value: string;
  /** The source failed; `value` is the type's zero value. */
  readonly fault?: ModelFault;
}

/** One object instance and those of its parameters that the request asked for. */
export interface ObjectReading {
  /** `Device.WiFi.SSID.1.` */
  readonly path: string;
  readonly info: ObjectInfo;
  readonly parameters: readonly ParameterReading[];
}

export interface PathReading {
  /** As it was asked for. */
  readonly requested: string;
  readonly result: Result<readonly ObjectReading[], ModelFault>;
}

export interface ReadOptions {
  /** Levels of objects below the requested one; 0 or absent: all (TR-369 Get.max_depth). */
  readonly maxDepth?: number;
  /** Paths and parameters in all; the path that goes beyond it, and those behind, are refused as `resources`. */
  readonly limit?: number;
  readonly signal?: AbortSignal;
}

/** One line of CWMP GetParameterNames: a full parameter name, or an object with its trailing dot. */
export interface NameReading {
  readonly path: string;
  readonly writable: boolean;
}

export interface InstanceReading {
  /** `Device.WiFi.SSID.1.` */
  readonly path: string;
  /** All unique keys' parameters with their values. */
  readonly uniqueKeys: Readonly<Record<string, string>>;
}
