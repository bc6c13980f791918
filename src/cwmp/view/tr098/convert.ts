import type { ConverterName, SecurityPart } from './rules.ts';

/** Rows of one root in the words of the other. Paths without their dot, as values have them. */
export interface PathTranslation {
  toTr098(path: string): string | undefined;
  toTr181(path: string): string | undefined;
}

export const isSecurityPart = (name: ConverterName): name is SecurityPart =>
  name === 'beacon' || name === 'wpa-auth' || name === 'wpa-cipher' || name === '11i-auth' || name === '11i-cipher';

/** A value of TR-181 as TR-098 has it. */
export function toTr098(name: ConverterName, value: string, paths: PathTranslation): string {
  switch (name) {
    case 'connection':
      return value === 'Up' ? 'Connected' : value === 'Dormant' ? 'PendingDisconnect' : 'Disconnected';
    case 'link':
      return links[value] ?? 'Down';
    case 'wlan-status':
      return value === 'Up' ? 'Up' : value === 'Error' ? 'Error' : 'Disabled';
    case 'low-32':
      return /^[0-9]+$/.test(value) ? String(BigInt.asUintN(32, BigInt(value))) : '0';
    case 'megabits-to-bits':
      return String(Math.min(Number(value) * 1e6, 0xffff_ffff) || 0);
    case 'kilobits-to-megabits':
      return String((Number(value) || 0) / 1000);
    case 'auto':
      return value === '-1' ? 'Auto' : value;
    case 'power':
      // What the radio thinks right is as much as it may.
      return value === '-1' ? '100' : value;
    case 'zone-offset':
      return zoneOffset(value);
    case 'addressing':
      return value === 'Static' ? 'Static' : 'DHCP';
    case 'path':
      return value === '' ? '' : (paths.toTr098(value) ?? '');
    case 'first-item':
      return value.split(',')[0]!;
    case 'item-1':
    case 'item-2':
    case 'item-3':
    case 'item-4':
    case 'item-5':
      return value.split(',')[Number(name.slice(5)) - 1] ?? '';
    default:
      return value;
  }
}

/** @returns `undefined`: TR-181 has no such value @param current what stands there now */
export function toTr181(
  name: ConverterName,
  value: string,
  current: string,
  paths: PathTranslation,
): string | undefined {
  switch (name) {
    case 'auto':
      return value === 'Auto' ? '-1' : value;
    case 'path':
      return value === '' ? '' : paths.toTr181(value.replace(/\.$/, ''));
    case 'item-1':
    case 'item-2':
    case 'item-3':
    case 'item-4':
    case 'item-5': {
      if (value.includes(',')) return undefined;
      const items = current.split(',').filter(Boolean);
      const at = Number(name.slice(5)) - 1;
      if (value === '') items.splice(at, 1);
      else items[Math.min(at, items.length)] = value;
      return items.join(',');
    }
    case 'power':
    case 'addressing':
      return value;
    default:
      return undefined;
  }
}

/** Whether a value can go the other way. */
export const isWritable = (name: ConverterName): boolean => /^(auto|path|power|addressing|item-[1-5])$/.test(name);

const links: Readonly<Record<string, string>> = { Up: 'Up', Dormant: 'Initializing', NotPresent: 'Unavailable' };

/** `CET-1CEST,M3.5.0` → `+01:00`: the sign of POSIX is the other way round. */
function zoneOffset(zone: string): string {
  const found = /^(?:[A-Za-z]{3,}|<[^>]+>)([+-]?)([0-9]{1,2})(?::([0-9]{2}))?/.exec(zone);
  if (!found) return '+00:00';
  const [, sign, hours, minutes = '00'] = found;
  const zero = Number(hours) === 0 && Number(minutes) === 0;
  return `${sign === '-' || zero ? '+' : '-'}${hours!.padStart(2, '0')}:${minutes}`;
}
