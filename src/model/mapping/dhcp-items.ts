import { dnsmasqBytes, dnsmasqText } from './dnsmasq-option.ts';
import type { ItemCode } from './list-item.ts';

/** An option of DHCP as its tag and its bytes: `43:0102FF`, or `43:` where its value is not known. */
const textOf = (tag: number, bytes: Uint8Array | readonly number[]): string =>
  `${tag}:${Buffer.from(bytes).toString('hex').toUpperCase()}`;

function optionOf(text: string): { readonly tag: number; readonly bytes: Buffer } | undefined {
  const [tag, hex] = text.split(':') as [string, string];
  return tag === '' || hex === '' ? undefined : { tag: Number(tag), bytes: Buffer.from(hex, 'hex') };
}

/** What a server says of itself, or learns from the client: an option of these would be a second one, or break the exchange. */
const ofTheServer = new Set([50, 51, 52, 53, 54, 55, 57, 61, 81, 82]);

/** `dhcp_option` of dnsmasq. */
const dnsmasq: ItemCode = {
  read(item) {
    const option = dnsmasqBytes(item);
    return option && textOf(option.tag, option.bytes);
  },
  write(text) {
    const option = optionOf(text);
    if (!option) return '';
    return ofTheServer.has(option.tag) ? undefined : dnsmasqText(option.tag, [...option.bytes]);
  },
};

/** What netifd has udhcpc say anyway (12, 61), or the client by the exchange: a second one is put behind the first. */
const ofTheClient = new Set([12, 50, 52, 53, 54, 55, 57, 61]);

/** `sendopts` of netifd, which is `-x` of udhcpc: bytes behind a number are hexadecimal, or a text in quotes. */
const udhcpc: ItemCode = {
  read(item) {
    const [, tag = '', hex = ''] = /^(0x[0-9a-f]{1,2}|[0-9]{1,3}):((?:[0-9a-f]{2}){1,255})$/i.exec(item) ?? [];
    return Number(tag) >= 1 && Number(tag) <= 254 ? textOf(Number(tag), Buffer.from(hex, 'hex')) : undefined;
  },
  write(text) {
    const option = optionOf(text);
    if (!option) return '';
    return ofTheClient.has(option.tag) ? undefined : `${option.tag}:${option.bytes.toString('hex')}`;
  },
};

/** What `code` of a table may name. */
export const itemCodes: Readonly<Record<string, ItemCode>> = { dnsmasq, udhcpc };
