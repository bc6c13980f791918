import type { SecurityPart } from './rules.ts';

/**
 * Wi-Fi security: one enumeration in TR-181 (ModeEnabled), a beacon type with ciphers and authentication modes in TR-098. WPA3 is told as
 * `11i`, the nearest that TR-098 has.
 */
export function readSecurity(mode: string, part: SecurityPart): string {
  const enterprise = mode.endsWith('-Enterprise');
  const both = mode.startsWith('WPA-WPA2-');
  switch (part) {
    case 'beacon':
      if (mode === 'None' || mode === 'OWE' || mode === '') return 'None';
      if (mode.startsWith('WEP-')) return 'Basic';
      if (both) return 'WPAand11i';
      return mode.startsWith('WPA-') ? 'WPA' : '11i';
    case 'wpa-auth':
    case '11i-auth':
      return enterprise ? 'EAPAuthentication' : 'PSKAuthentication';
    case 'wpa-cipher':
    case '11i-cipher':
      return both ? 'TKIPandAESEncryption' : mode.startsWith('WPA-') ? 'TKIPEncryption' : 'AESEncryption';
  }
}

/**
 * The mode that several of the parameters together ask for: the beacon type and the authentication mode that belongs to it.
 * @param mode the one that is set now: what is not written stays as it was
 * @returns `undefined`: there is no such combination in TR-181
 */
export function writeSecurity(mode: string, written: ReadonlyMap<SecurityPart, string>): string | undefined {
  const beacon = written.get('beacon') ?? readSecurity(mode, 'beacon');
  if (beacon === 'None') return 'None';
  const auth = written.get(beacon === 'WPA' ? 'wpa-auth' : '11i-auth') ?? readSecurity(mode, '11i-auth');
  const kind = kinds[auth];
  const family = families[beacon];
  if (kind === undefined || family === undefined) return undefined;
  // WPA3 stays what it is: TR-098 can only say 11i of it.
  return beacon === '11i' && mode.startsWith(`WPA3-${kind}`) ? mode : `${family}-${kind}`;
}

const kinds: Readonly<Record<string, string>> = {
  PSKAuthentication: 'Personal',
  EAPAuthentication: 'Enterprise',
};
const families: Readonly<Record<string, string>> = { WPA: 'WPA', '11i': 'WPA2', WPAand11i: 'WPA-WPA2' };
