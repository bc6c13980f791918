import type { ParsedPath, Segment } from './types.ts';

/**
 * Concrete paths are those whose rows are all given by number: `Device.WiFi.SSID.1.SSID`. These work on the text,
 * without parsing; the caller knows that the path is well formed.
 */

/** `Device.WiFi.SSID.1.SSID` to `Device.WiFi.SSID.{i}.SSID`; schema paths stay as they are. */
export const toSchemaPath = (path: string): string => path.replace(/\.[1-9][0-9]*(?=\.)/g, '.{i}');

/** Instance numbers along the path, outermost first. */
export function instancesOf(path: string): number[] {
  return [...path.matchAll(/\.([1-9][0-9]*)(?=\.)/g)].map((match) => Number(match[1]));
}

/**
 * Puts instance numbers in the place of `{i}`, outermost first; what has no number stays `{i}`.
 */
export function fillInstances(schemaPath: string, instances: readonly number[]): string {
  let index = 0;
  return schemaPath.replace(/\{i\}/g, (placeholder) => {
    const instance = instances[index++];
    return instance === undefined ? placeholder : String(instance);
  });
}

/** The object that the last name is in: `Device.WiFi.SSID.1.` of `Device.WiFi.SSID.1.SSID`; an object is its own. */
export const objectPathOf = (path: string): string => path.slice(0, path.lastIndexOf('.') + 1);

/** The last name of a parameter, command or event path; '' for an object. */
export const leafNameOf = (path: string): string => path.slice(path.lastIndexOf('.') + 1);

/** `Device.WiFi.` of `Device.WiFi.SSID.1.`, of `Device.WiFi.SSID.{i}.` and of `Device.WiFi.SSID.`; '' of `Device.` */
export function parentObjectPath(objectPath: string): string {
  return objectPath.replace(/[^.]+\.((\{i\}|[1-9][0-9]*)\.)?$/, '');
}

/** The table of a row: `Device.WiFi.SSID.` of `Device.WiFi.SSID.1.` and of `Device.WiFi.SSID.{i}.` */
export const tablePathOf = (rowPath: string): string => rowPath.replace(/(\{i\}|[1-9][0-9]*)\.$/, '');

/** Whether every row is given by number. */
export const isConcrete = (path: ParsedPath): boolean =>
  path.segments.every((segment) => segment.kind === 'name' || segment.kind === 'instance');

/**
 * The schema path of a parsed path, whatever way its rows are addressed; without the leaf. `undefined` where it depends
 * on a reference's value.
 */
export function schemaPathOf(segments: readonly Segment[]): string | undefined {
  let text = '';
  for (const segment of segments) {
    if (segment.kind === 'reference') return undefined;
    text += segment.kind === 'name' ? `${segment.name}.` : '{i}.';
  }
  return text;
}
