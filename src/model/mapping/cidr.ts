import { prefixLength } from './addresses.ts';

type Option = string | readonly string[];

/**
 * An option whose items are addresses, each with its length behind a slash or without (`list ipaddr '192.168.1.1/24'`), with one part of one of them
 * replaced; an empty address takes its item away. An only item is meant whatever its address: the device may not have taken it over yet.
 * @param part the address, or its dotted mask
 * @returns `absent`: no item has this address; `bare`: it has no length; `undefined`: a mask that is none
 */
export function withCidr(
  option: Option | undefined,
  address: string,
  part: 'address' | 'mask',
  value: string,
): Option | { readonly problem: 'absent' | 'bare' } | undefined {
  const items = typeof option === 'string' ? option.split(/\s+/) : (option ?? []);
  const same = items.findIndex((item) => item.split('/')[0] === address);
  const at = same < 0 && items.length === 1 ? 0 : same;
  if (at < 0) return { problem: 'absent' };
  const [own, bitsNow] = items[at]!.split('/');
  const length = bitsNow === undefined ? '' : `/${bitsNow}`;
  if (part === 'mask' && length === '') return { problem: 'bare' };
  const bits = part === 'mask' ? prefixLength(value) : undefined;
  if (part === 'mask' && bits === undefined) return undefined;
  const item = part === 'mask' ? `${own}/${bits}` : value && value + length;
  const changed = items.with(at, item).filter((one) => one !== '');
  return typeof option === 'string' ? changed.join(' ') : changed;
}
