import { createHmac } from 'node:crypto';

/**
 * The part of STUN that TR-069 Annex G uses: Binding Requests and what answers them. Requests are those of RFC 3489 with the magic
 * cookie of RFC 5389 in their transaction ID, so that a server of either understands them.
 */
export const attribute = {
  mappedAddress: 0x0001,
  responseAddress: 0x0002,
  username: 0x0006,
  messageIntegrity: 0x0008,
  errorCode: 0x0009,
  realm: 0x0014,
  nonce: 0x0015,
  xorMappedAddress: 0x0020,
  responsePort: 0x0027,
  /** TR-069 table 76: this port hears connection requests. */
  connectionRequestBinding: 0xc001,
  /** TR-069 table 76: the binding is another one than before. */
  bindingChange: 0xc002,
} as const;

export interface StunAttribute {
  readonly type: number;
  readonly value: Uint8Array;
}

export interface StunMessage {
  readonly kind: 'response' | 'error';
  /** 16 bytes, the magic cookie included. */
  readonly transactionId: Buffer;
  readonly attributes: readonly StunAttribute[];
}

export interface TransportAddress {
  readonly address: string;
  readonly port: number;
}

/** `host:port` as UDPConnectionRequestAddress has it (RFC 3986 authority). */
export const authorityOf = ({ address, port }: TransportAddress): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

export interface Integrity {
  readonly key: Uint8Array;
  /** RFC 3489 11.2.8 pads the text to a multiple of 64 bytes, RFC 5389 15.4 does not. */
  readonly padded: boolean;
}

const bindingRequest = 0x0001;
const bindingResponse = 0x0101;
const bindingError = 0x0111;
const headerBytes = 20;
const integrityBytes = 24;
export const magicCookie = 0x2112_a442;
/** A datagram that is longer is nothing that a server of Annex G sends. */
const datagramLimit = 1500;
const attributeLimit = 32;

/** TR-069 table 76; the blank at the end is part of it. */
export const connectionRequestBinding: StunAttribute = {
  type: attribute.connectionRequestBinding,
  value: Buffer.from('dslforum.org/TR-111 '),
};
export const bindingChange: StunAttribute = { type: attribute.bindingChange, value: Buffer.alloc(0) };

export function textAttribute(type: number, text: string): StunAttribute {
  return { type, value: Buffer.from(text) };
}

/** RESPONSE-ADDRESS (RFC 3489 11.2.2), IPv4 only as all of RFC 3489. `undefined`: no IPv4 address. */
export function responseAddress({ address, port }: TransportAddress): StunAttribute | undefined {
  const bytes = address.split('.').map(Number);
  if (bytes.length !== 4) return undefined;
  return { type: attribute.responseAddress, value: Buffer.from([0, 1, port >> 8, port & 0xff, ...bytes]) };
}

/** RESPONSE-PORT (RFC 5780 7.5). */
export function responsePort(port: number): StunAttribute {
  return { type: attribute.responsePort, value: Buffer.from([port >> 8, port & 0xff, 0, 0]) };
}

/** @param random 12 bytes */
export function newTransactionId(random: Uint8Array): Buffer {
  const id = Buffer.alloc(16);
  id.writeUInt32BE(magicCookie, 0);
  id.set(random.subarray(0, 12), 4);
  return id;
}

export function encodeBindingRequest(
  transactionId: Uint8Array,
  attributes: readonly StunAttribute[],
  integrity?: Integrity,
): Buffer {
  const pieces = attributes.map(({ type, value }) => {
    const piece = Buffer.alloc(4 + ((value.length + 3) & ~3));
    piece.writeUInt16BE(type, 0);
    piece.writeUInt16BE(value.length, 2);
    piece.set(value, 4);
    return piece;
  });
  const header = Buffer.alloc(headerBytes);
  const bodyBytes = pieces.reduce((sum, piece) => sum + piece.length, 0) + (integrity ? integrityBytes : 0);
  header.writeUInt16BE(bindingRequest, 0);
  header.writeUInt16BE(bodyBytes, 2);
  header.set(transactionId, 4);
  const message = Buffer.concat([header, ...pieces]);
  if (!integrity) return message;
  const padding = integrity.padded ? Buffer.alloc((64 - (message.length % 64)) % 64) : Buffer.alloc(0);
  const signature = createHmac('sha1', integrity.key).update(message).update(padding).digest();
  const last = Buffer.alloc(4);
  last.writeUInt16BE(attribute.messageIntegrity, 0);
  last.writeUInt16BE(signature.length, 2);
  return Buffer.concat([message, last, signature]);
}

/** @returns `undefined`: no answer to a Binding Request */
export function decodeStun(datagram: Uint8Array): StunMessage | undefined {
  if (datagram.length < headerBytes || datagram.length > datagramLimit) return undefined;
  const bytes = Buffer.from(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  const type = bytes.readUInt16BE(0);
  if (type !== bindingResponse && type !== bindingError) return undefined;
  const end = headerBytes + bytes.readUInt16BE(2);
  if (end !== bytes.length) return undefined;
  const attributes: StunAttribute[] = [];
  for (let at = headerBytes; at < end; ) {
    if (end - at < 4 || attributes.length === attributeLimit) return undefined;
    const length = bytes.readUInt16BE(at + 2);
    if (at + 4 + length > end) return undefined;
    attributes.push({ type: bytes.readUInt16BE(at), value: bytes.subarray(at + 4, at + 4 + length) });
    at += 4 + ((length + 3) & ~3);
  }
  return {
    kind: type === bindingResponse ? 'response' : 'error',
    // A copy: the datagram's memory is not kept alive by it.
    transactionId: Buffer.from(bytes.subarray(4, headerBytes)),
    attributes,
  };
}

const find = (message: StunMessage, type: number): Buffer | undefined => {
  const found = message.attributes.find((one) => one.type === type)?.value;
  return found && Buffer.from(found.buffer, found.byteOffset, found.byteLength);
};

/** Where the server saw the request come from. XOR-MAPPED-ADDRESS counts first: there are gateways that "correct" the other one. */
export function mappedAddress(message: StunMessage): TransportAddress | undefined {
  const xored = find(message, attribute.xorMappedAddress);
  const plain = find(message, attribute.mappedAddress);
  return (xored && readAddress(xored, message.transactionId)) ?? (plain && readAddress(plain, undefined));
}

function readAddress(value: Buffer, mask: Buffer | undefined): TransportAddress | undefined {
  const family = value[1];
  const length = family === 1 ? 4 : family === 2 ? 16 : undefined;
  if (length === undefined || value.length !== 4 + length) return undefined;
  const port = value.readUInt16BE(2) ^ (mask ? magicCookie >>> 16 : 0);
  const bytes = value.subarray(4).map((byte, index) => byte ^ (mask?.[index] ?? 0));
  if (port === 0) return undefined;
  if (length === 4) return { address: [...bytes].join('.'), port };
  const groups = Array.from({ length: 8 }, (_, index) =>
    ((bytes[2 * index]! << 8) | bytes[2 * index + 1]!).toString(16),
  );
  // The canonical form (RFC 5952) is that of the URL parser.
  return { address: new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1), port };
}

/** 300 to 699. `undefined`: no error, or one that can't be read. */
export function errorCodeOf(message: StunMessage): number | undefined {
  const value = find(message, attribute.errorCode);
  if (!value || value.length < 4) return undefined;
  const code = (value[2]! & 7) * 100 + value[3]!;
  return code >= 300 && code <= 699 ? code : undefined;
}

export function textOf(message: StunMessage, type: number): string | undefined {
  return find(message, type)?.toString('utf8');
}
