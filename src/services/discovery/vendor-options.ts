/**
 * What a DHCP server says to a managed device in vendor options: TR-069 3.1 (the ACS) and Annex F (the gateway). All values are text, numbers too. The
 * bytes come from whoever answers first in the access network: everything is bounded, and what does not fit is as if it had not been sent.
 */

/** Where the ACS is, as one lease says it. */
export interface AcsOffer {
  readonly url: string;
  readonly provisioningCode?: string;
  /** CWMPRetryMinimumWaitInterval in seconds. */
  readonly retryMinimumWait?: string;
  /** CWMPRetryIntervalMultiplier in thousandths. */
  readonly retryMultiplier?: string;
}

/** Who the gateway in front of this device is. */
export interface GatewayIdentity {
  readonly oui: string;
  readonly serialNumber: string;
  /** '' where it has none. */
  readonly productClass: string;
}

/** Options of one lease in hexadecimal digits, as the DHCP client hands them on; '' where it has none. */
export interface LeaseOptions {
  /** DHCPv4 43, vendor specific information. */
  readonly opt43: string;
  /** DHCPv4 125, vendor-identifying vendor-specific information. */
  readonly opt125: string;
  /** DHCPv6 17, vendor options. */
  readonly opt17: string;
}

type Values = ReadonlyMap<number, string>;

/** The Broadband Forum's, at IANA. */
const enterprise = 3561;
/** Two bytes of length in DHCPv6 would allow far more than any of this needs. */
const longestOption = 2048;
const longestUrl = 256;
const longestText = 64;

/** Numbers of the values in each option: URL, provisioning code, minimum wait, multiplier. */
const acsIn43 = [1, 2, 3, 4] as const;
const acsIn125 = [11, 12, 13, 14] as const;
const acsIn17 = acsIn43;
/** OUI, serial number, product class. */
const gatewayIn125 = [4, 5, 6] as const;
const gatewayIn17 = [14, 15, 16] as const;

/**
 * The ACS of a lease: DHCPv6's before DHCPv4's, and of the latter option 43 before 125.
 * @param allowPlain `http` too
 */
export function acsOf(options: LeaseOptions, allowPlain: boolean): AcsOffer | undefined {
  const { opt43, opt125, opt17 } = options;
  return (
    offerIn(readOption17(opt17), acsIn17, allowPlain) ??
    offerIn(readOption43(opt43), acsIn43, allowPlain) ??
    offerIn(readOption125(opt125), acsIn125, allowPlain)
  );
}

export function gatewayOf({ opt125, opt17 }: LeaseOptions): GatewayIdentity | undefined {
  return gatewayIn(readOption125(opt125), gatewayIn125) ?? gatewayIn(readOption17(opt17), gatewayIn17);
}

function offerIn(values: Values, numbers: readonly number[], allowPlain: boolean): AcsOffer | undefined {
  const [url, code, wait, multiplier] = numbers.map((number) => values.get(number));
  const address = url === undefined ? undefined : usableUrl(url, allowPlain);
  if (address === undefined) return undefined;
  return {
    url: address,
    ...(code !== undefined && code.length <= longestText && { provisioningCode: code }),
    ...(within(wait, 1, 65_535) && { retryMinimumWait: wait }),
    ...(within(multiplier, 1000, 65_535) && { retryMultiplier: multiplier }),
  };
}

function gatewayIn(values: Values, numbers: readonly number[]): GatewayIdentity | undefined {
  const [oui = '', serialNumber = '', productClass = ''] = numbers.map((number) => values.get(number));
  if (!/^[0-9A-Fa-f]{6}$/.test(oui) || serialNumber === '') return undefined;
  if (serialNumber.length > longestText || productClass.length > longestText) return undefined;
  return { oui: oui.toUpperCase(), serialNumber, productClass };
}

/** Some servers put a user name and a password behind a blank: DHCP is no place to learn credentials from. */
function usableUrl(text: string, allowPlain: boolean): string | undefined {
  const [url = ''] = text.split(' ');
  if (url.length > longestUrl || !/^[\u0021-\u007e]+$/.test(url) || !URL.canParse(url)) return undefined;
  const { protocol, username, password, hostname } = new URL(url);
  if (protocol !== 'https:' && !(allowPlain && protocol === 'http:')) return undefined;
  return username === '' && password === '' && hostname !== '' ? url : undefined;
}

const within = (text: string | undefined, least: number, most: number): text is string =>
  text !== undefined && /^\d{1,5}$/.test(text) && Number(text) >= least && Number(text) <= most;

/** RFC 2132 8.4: codes with a length each; many servers put the bare URL there instead. */
function readOption43(hex: string): Values {
  const bytes = bytesOf(hex);
  const bare = textOf(bytes);
  if (bare !== undefined && /^https?:\/\//i.test(bare)) return new Map([[acsIn43[0], bare]]);
  return readCodes(bytes, 1);
}

/** RFC 3925 4: blocks of an enterprise each, in which codes have one byte of length. */
function readOption125(hex: string): Values {
  const bytes = bytesOf(hex);
  const values = new Map<number, string>();
  for (let at = 0; at + 5 <= bytes.length; ) {
    const end = at + 5 + bytes[at + 4]!;
    if (end > bytes.length) break;
    if (bytes.readUInt32BE(at) === enterprise) take(values, readCodes(bytes.subarray(at + 5, end), 1));
    at = end;
  }
  return values;
}

/** RFC 8415 21.17: an enterprise, then codes and lengths of two bytes. */
function readOption17(hex: string): Values {
  const bytes = bytesOf(hex);
  if (bytes.length < 4 || bytes.readUInt32BE(0) !== enterprise) return new Map();
  return readCodes(bytes.subarray(4), 2);
}

/** What comes first counts; what goes beyond the end ends the reading. @param width of code and length, in bytes */
function readCodes(bytes: Buffer, width: 1 | 2): Values {
  const values = new Map<number, string>();
  for (let at = 0; at + width <= bytes.length; ) {
    const code = bytes.readUIntBE(at, width);
    if (width === 1 && code === 0) {
      at++;
      continue;
    }
    if ((width === 1 && code === 255) || at + 2 * width > bytes.length) break;
    const from = at + 2 * width;
    const to = from + bytes.readUIntBE(at + width, width);
    if (to > bytes.length) break;
    const text = textOf(bytes.subarray(from, to));
    if (text !== undefined) take(values, new Map([[code, text]]));
    at = to;
  }
  return values;
}

function take(into: Map<number, string>, values: Values): void {
  for (const [code, text] of values) if (!into.has(code)) into.set(code, text);
}

/** Servers that end their texts with a NUL are as many as those that do not. @returns `undefined`: no text */
function textOf(bytes: Buffer): string | undefined {
  const end = bytes.findLastIndex((byte) => byte !== 0) + 1;
  const text = bytes.toString('utf8', 0, end);
  return text === '' || /[\u0000-\u001f\u007f\ufffd]/.test(text) ? undefined : text;
}

function bytesOf(hex: string): Buffer {
  const whole = hex.length <= 2 * longestOption && hex.length % 2 === 0 && /^[0-9a-fA-F]*$/.test(hex);
  return Buffer.from(whole ? hex : '', 'hex');
}
