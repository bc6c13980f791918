/**
 * What dnsmasq takes as the value of the options that it knows (its `opttab`), by tag: `a` addresses, `n` a text, `t` a time, `d` domains, a number: so many
 * bytes where the value is a decimal number.
 */
const kinds: Readonly<Record<string, string>> = {
  a: '1 3 6 7 9 16 21 28 32 33 41 42 44 45 48 49 50 54 65 68 69 70 71 74 150',
  n: '12 15 17 18 40 64 66 67 100 101',
  t: '51 58 59',
  d: '119',
  1: '19 20 23 27 31 34 36 37 46',
  2: '13 22 26 93',
  4: '2 35 38 108',
};
const kindOf = (tag: number): string =>
  Object.keys(kinds).find((kind) => ` ${kinds[kind]} `.includes(` ${tag} `)) ?? '';

/** Of its names those that people use; an item with another one is not taken apart. */
const byName: Readonly<Record<string, number>> = {
  netmask: 1,
  router: 3,
  'dns-server': 6,
  'domain-name': 15,
  mtu: 26,
  'static-route': 33,
  'ntp-server': 42,
  'netbios-ns': 44,
  'tftp-server': 66,
  'bootfile-name': 67,
  'domain-search': 119,
  'sip-server': 120,
  'classless-static-route': 121,
};

/**
 * What dnsmasq sends for an item of `dhcp_option`: a number or `option:` and a name, and a value that is taken apart by how it looks.
 * @returns `undefined`: it depends on more than the item (tags of clients, the server's own address), or is none
 */
export function dnsmasqBytes(item: string): { readonly tag: number; readonly bytes: readonly number[] } | undefined {
  const [, name = '', value = ''] = /^([0-9]{1,3}|option:[\w+-]+),(.+)$/.exec(item) ?? [];
  const tag = Object.hasOwn(byName, name.slice(7)) ? byName[name.slice(7)]! : Number(name);
  if (!(tag >= 1 && tag <= 254)) return undefined;
  const bytes = bytesOf(tag, kindOf(tag), value);
  return bytes && bytes.length > 0 && bytes.length <= 255 ? { tag, bytes } : undefined;
}

/**
 * The item that makes dnsmasq send these bytes.
 * @returns `undefined`: there is none
 */
export function dnsmasqText(tag: number, bytes: readonly number[]): string | undefined {
  const kind = kindOf(tag);
  const value = wordingOf(kind, bytes);
  const said = value === undefined ? undefined : bytesOf(tag, kind, value);
  // dnsmasq reads lines of 1024 bytes.
  const item = `${tag},${value}`;
  return said?.length === bytes.length && said.every((byte, at) => byte === bytes[at]) && item.length <= 960
    ? item
    : undefined;
}

function wordingOf(kind: string, bytes: readonly number[]): string | undefined {
  if (kind === 'a') return bytes.map((byte, at) => (at === 0 ? '' : at % 4 === 0 ? ',' : '.') + byte).join('');
  if (kind === 't') return bytes.length === 4 ? String(Buffer.from(bytes).readUInt32BE()) : undefined;
  if (kind === 'n') return String.fromCharCode(...bytes);
  if (kind === 'd') return namesIn(bytes)?.join(',');
  if (bytes.length === 1) return `${bytes[0]}b`;
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

/** Nothing that its configuration file, or the script that writes that, takes for more than itself. */
const plain = /^[!$-&(-[\]-~]+$/;

function bytesOf(tag: number, kind: string, value: string): readonly number[] | undefined {
  if (kind === 'a') return addresses(value.split(','), 0);
  if (kind === 't') return time(value);
  // The letter would be taken for a number's size, and off.
  if (kind !== '' && /^[0-9-]*[bsi]$/.test(value)) return Number(kind) ? decimal(value, 1) : undefined;
  if (kind === 'd') return domains(value.split(','));
  if (kind === 'n') return plain.test(value) ? [...Buffer.from(value)] : undefined;
  // What looks like none of these is a text; what looks like one and is not keeps it from starting.
  if (/^[0-9a-f:]*:[0-9a-f:]*$/i.test(value))
    return /^[0-9a-f]{1,2}(:[0-9a-f]{1,2})+$/i.test(value)
      ? value.split(':').map((digits) => Number.parseInt(digits, 16))
      : undefined;
  if (/^[0-9-]*[bsi]?$/.test(value)) return decimal(value, Number(kind));
  const sip = tag === 120;
  if (/^(?!\/)[0-9.,/]+$/.test(value)) {
    const all = value.split(',');
    const found = all.some((one) => one.includes('/')) ? descriptors(all) : addresses(all, sip ? 1 : 0);
    return found && (sip ? [1, ...found] : found);
  }
  if (!plain.test(value)) return undefined;
  const found = sip ? domains(value.split(',')) : undefined;
  return sip ? found && [0, ...found] : [...Buffer.from(value)];
}

const isIPv4 = (text: string): boolean =>
  text.split('.').length === 4 && text.split('.').every((octet) => String(Number(octet)) === octet && +octet <= 255);

/** 0.0.0.0 stands for the server's own address, unless something else is beside it. @param beside so many other bytes */
function addresses(all: readonly string[], beside: number): readonly number[] | undefined {
  if (!all.every((address) => isIPv4(address) && (beside > 0 || address !== '0.0.0.0'))) return undefined;
  return all.flatMap((address) => address.split('.').map(Number));
}

/** RFC 3442: a length, and as much of the network as that takes. */
function descriptors(all: readonly string[]): readonly number[] | undefined {
  const found = all.map((one) => {
    const [address = '', length] = one.split('/');
    const bits = Number(length ?? 0);
    if (!isIPv4(address) || !(bits <= 32)) return undefined;
    const octets = address.split('.').map(Number);
    return length === undefined ? octets : [bits, ...octets.slice(0, Math.ceil(bits / 8))];
  });
  return found.every((octets) => octets !== undefined) ? found.flat() : undefined;
}

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

function time(value: string): readonly number[] | undefined {
  const [, digits, unit = 's'] = /^([0-9]{1,10})([smhdw]?)$/i.exec(value) ?? [];
  return digits === undefined ? undefined : big(Number(digits) * (unitSeconds[unit.toLowerCase()] ?? 1), 4);
}

/** `b`, `s`, `i`: one, two, four bytes; without, as many as the option has, or the number takes. */
function decimal(value: string, size: number): readonly number[] | undefined {
  const [, digits, unit = ''] = /^(-?[0-9]{1,10})([bsi]?)$/.exec(value) ?? [];
  const number = Number(digits ?? Number.NaN);
  const takes = number < 0 || number > 0xffff ? 4 : number > 0xff ? 2 : 1;
  return big(number, { b: 1, s: 2, i: 4 }[unit] ?? (size || takes));
}

function big(number: number, size: number): readonly number[] | undefined {
  if (!(Math.abs(number) <= 0x7fffffff)) return undefined;
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(number);
  return [...bytes.subarray(4 - size)];
}

/** RFC 1035 names, each shortened by the first earlier one that ends as it does: as dnsmasq does it. */
function domains(names: readonly string[]): readonly number[] | undefined {
  let bytes: number[] = [];
  for (const name of names) {
    if (!/^[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*$/.test(name) || name.length > 253) return undefined;
    const before = bytes.length;
    bytes.push(...name.split('.').flatMap((label) => [label.length, ...Buffer.from(label)]), 0);
    const upTo = (from: number): string => bytes.slice(from, bytes.indexOf(0, from)).join();
    shorten: for (let tail = before; bytes[tail] !== 0; tail += bytes[tail]! + 1) {
      for (let at = 0; at < before; at += bytes[at]! + 1) {
        if (upTo(at) !== upTo(tail)) continue;
        bytes = [...bytes.slice(0, tail), 0xc0 | (at >> 8), at & 0xff];
        break shorten;
      }
    }
  }
  return bytes;
}

/** Names as domains() makes them, or not shortened. */
function namesIn(bytes: readonly number[]): string[] | undefined {
  const names: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const labels: string[] = [];
    let next: number | undefined;
    for (let from = at; ; ) {
      const length = bytes[from];
      if (length === undefined || labels.length > 127) return undefined;
      if (length >= 0xc0) {
        const to = ((length & 0x3f) << 8) | (bytes[from + 1] ?? 0);
        next ??= from + 2;
        if (to >= from) return undefined;
        from = to;
      } else {
        from += length + 1;
        if (length === 0) {
          next ??= from;
          break;
        }
        labels.push(String.fromCharCode(...bytes.slice(from - length, from)));
      }
    }
    names.push(labels.join('.'));
    at = next;
  }
  return names;
}
