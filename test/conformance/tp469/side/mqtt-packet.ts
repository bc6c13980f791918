/** MQTT 3.1.1 and 5.0 packets as a broker reads and writes them; enough of them for one well-behaved client, and strict about it. */

export type MqttVersion = 4 | 5;
type Kind = 'byte' | 'two' | 'four' | 'variable' | 'text' | 'bytes' | 'pair';

/** MQTT 5.0 section 2.2.2.2. */
const properties: Readonly<Record<number, readonly [name: string, kind: Kind]>> = {
  1: ['payloadFormat', 'byte'],
  2: ['messageExpiry', 'four'],
  3: ['contentType', 'text'],
  8: ['responseTopic', 'text'],
  9: ['correlationData', 'bytes'],
  11: ['subscriptionId', 'variable'],
  17: ['sessionExpiry', 'four'],
  18: ['assignedClientId', 'text'],
  19: ['serverKeepAlive', 'two'],
  21: ['authenticationMethod', 'text'],
  22: ['authenticationData', 'bytes'],
  23: ['requestProblemInformation', 'byte'],
  24: ['willDelay', 'four'],
  25: ['requestResponseInformation', 'byte'],
  26: ['responseInformation', 'text'],
  28: ['serverReference', 'text'],
  31: ['reasonString', 'text'],
  33: ['receiveMaximum', 'two'],
  34: ['topicAliasMaximum', 'two'],
  35: ['topicAlias', 'two'],
  36: ['maximumQos', 'byte'],
  37: ['retainAvailable', 'byte'],
  38: ['userProperties', 'pair'],
  39: ['maximumPacketSize', 'four'],
  40: ['wildcardAvailable', 'byte'],
  41: ['subscriptionIdAvailable', 'byte'],
  42: ['sharedAvailable', 'byte'],
};
const ids = new Map(Object.entries(properties).map(([id, [name]]) => [name, Number(id)]));

export interface Properties {
  readonly contentType?: string;
  readonly responseTopic?: string;
  readonly assignedClientId?: string;
  readonly responseInformation?: string;
  readonly serverKeepAlive?: number;
  readonly requestResponseInformation?: number;
  readonly userProperties?: readonly (readonly [string, string])[];
}

export type ClientPacket =
  | {
      readonly type: 'connect';
      readonly version: number;
      readonly clientId: string;
      readonly clean: boolean;
      readonly keepAlive: number;
      readonly username?: string;
      readonly password?: string;
      readonly properties: Properties;
    }
  | {
      readonly type: 'publish';
      readonly topic: string;
      readonly qos: number;
      readonly retain: boolean;
      readonly id: number;
      readonly payload: Buffer;
      readonly properties: Properties;
    }
  | { readonly type: 'subscribe'; readonly id: number; readonly topics: readonly { filter: string; qos: number }[] }
  | { readonly type: 'unsubscribe'; readonly id: number; readonly topics: readonly string[] }
  | { readonly type: 'puback' | 'pubrec' | 'pubrel' | 'pubcomp'; readonly id: number }
  | { readonly type: 'pingreq' }
  | { readonly type: 'disconnect'; readonly reason: number };

class Reader {
  readonly #from: Buffer;
  #at = 0;
  constructor(from: Buffer) {
    this.#from = from;
  }
  get left(): number {
    return this.#from.length - this.#at;
  }
  take(count: number): Buffer {
    if (count > this.left) throw new Error('a packet is cut short');
    this.#at += count;
    return this.#from.subarray(this.#at - count, this.#at);
  }
  byte = (): number => this.take(1)[0]!;
  two = (): number => this.take(2).readUInt16BE();
  four = (): number => this.take(4).readUInt32BE();
  bytes = (): Buffer => this.take(this.two());
  text = (): string => this.bytes().toString('utf8');
  variable(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new Error('a variable byte integer is too long');
  }
  properties(version: number): Properties {
    if (version < 5) return {};
    const inner = new Reader(this.take(this.variable()));
    const found: Record<string, unknown> = {};
    const users: [string, string][] = [];
    while (inner.left > 0) {
      const known = properties[inner.variable()];
      if (!known) throw new Error('an unknown property');
      const [name, kind] = known;
      if (kind === 'pair') users.push([inner.text(), inner.text()]);
      else found[name] = inner[kind]();
    }
    return { ...found, ...(users.length > 0 && { userProperties: users }) };
  }
}

/** Takes whole packets off the front. @returns them, and what is left over */
export function readPackets(input: Buffer, version: () => number): { packets: ClientPacket[]; rest: Buffer } {
  const packets: ClientPacket[] = [];
  let rest = input;
  for (;;) {
    const head = headerOf(rest);
    if (!head || rest.length < head.size + head.length) return { packets, rest };
    const body = rest.subarray(head.size, head.size + head.length);
    packets.push(parse(rest[0]!, new Reader(body), version));
    rest = rest.subarray(head.size + head.length);
  }
}

function headerOf(from: Buffer): { size: number; length: number } | undefined {
  let length = 0;
  for (let index = 1; index <= 4; index++) {
    const byte = from[index];
    if (byte === undefined) return undefined;
    length |= (byte & 0x7f) << (7 * (index - 1));
    if (byte < 0x80) return { size: index + 1, length };
  }
  throw new Error('the length of a packet is too long');
}

function parse(first: number, body: Reader, version: () => number): ClientPacket {
  switch (first >> 4) {
    case 1:
      return parseConnect(body);
    case 3: {
      const qos = (first >> 1) & 3;
      const topic = body.text();
      const id = qos > 0 ? body.two() : 0;
      const given = body.properties(version());
      return {
        type: 'publish',
        topic,
        qos,
        retain: (first & 1) === 1,
        id,
        properties: given,
        payload: body.take(body.left),
      };
    }
    case 4:
      return { type: 'puback', id: body.two() };
    case 5:
      return { type: 'pubrec', id: body.two() };
    case 6:
      return { type: 'pubrel', id: body.two() };
    case 7:
      return { type: 'pubcomp', id: body.two() };
    case 8: {
      const id = body.two();
      body.properties(version());
      const topics: { filter: string; qos: number }[] = [];
      while (body.left > 0) topics.push({ filter: body.text(), qos: body.byte() & 3 });
      return { type: 'subscribe', id, topics };
    }
    case 10: {
      const id = body.two();
      body.properties(version());
      const topics: string[] = [];
      while (body.left > 0) topics.push(body.text());
      return { type: 'unsubscribe', id, topics };
    }
    case 12:
      return { type: 'pingreq' };
    case 14:
      return { type: 'disconnect', reason: body.left > 0 ? body.byte() : 0 };
    default:
      throw new Error(`a packet of type ${first >> 4} from a client`);
  }
}

function parseConnect(body: Reader): ClientPacket {
  const name = body.text();
  const version = body.byte();
  if (name !== 'MQTT') throw new Error(`the protocol name is ${name}`);
  const flags = body.byte();
  const keepAlive = body.two();
  const given = body.properties(version);
  const clientId = body.text();
  if (flags & 4) {
    body.properties(version);
    body.bytes();
    body.bytes();
  }
  return {
    type: 'connect',
    version,
    clientId,
    clean: (flags & 2) !== 0,
    keepAlive,
    properties: given,
    ...(flags & 0x80 && { username: body.text() }),
    ...(flags & 0x40 && { password: body.text() }),
  };
}

const two = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);
const text = (value: string): Buffer => {
  const bytes = Buffer.from(value);
  return Buffer.concat([two(bytes.length), bytes]);
};
function variable(value: number): Buffer {
  const out: number[] = [];
  let left = value;
  do {
    out.push((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
    left >>= 7;
  } while (left > 0);
  return Buffer.from(out);
}

function writeProperties(version: MqttVersion, given: Properties): Buffer {
  if (version < 5) return Buffer.alloc(0);
  const parts: Buffer[] = [];
  for (const [name, value] of Object.entries(given)) {
    const id = ids.get(name)!;
    const kind = properties[id]![1];
    if (kind === 'pair') {
      for (const [key, one] of value as [string, string][]) parts.push(Buffer.from([id]), text(key), text(one));
    } else if (kind === 'text') parts.push(Buffer.from([id]), text(value as string));
    else if (kind === 'two') parts.push(Buffer.from([id]), two(value as number));
    else parts.push(Buffer.from([id, value as number]));
  }
  const all = Buffer.concat(parts);
  return Buffer.concat([variable(all.length), all]);
}

const packet = (first: number, ...parts: Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([first]), variable(body.length), body]);
};

export const connack = (version: MqttVersion, given: Properties): Buffer =>
  packet(0x20, Buffer.from([0, 0]), writeProperties(version, given));
export const suback = (version: MqttVersion, id: number, codes: readonly number[]): Buffer =>
  packet(0x90, two(id), writeProperties(version, {}), Buffer.from(codes));
export const unsuback = (version: MqttVersion, id: number, count: number): Buffer =>
  packet(0xb0, two(id), ...(version === 5 ? [writeProperties(version, {}), Buffer.alloc(count)] : []));
export const puback = (id: number): Buffer => packet(0x40, two(id));
export const pubrec = (id: number): Buffer => packet(0x50, two(id));
export const pubrel = (id: number): Buffer => packet(0x62, two(id));
export const pubcomp = (id: number): Buffer => packet(0x70, two(id));
export const pingresp = (): Buffer => packet(0xd0);
/** From a server: MQTT 5 only. */
export const disconnect = (reason: number): Buffer => packet(0xe0, Buffer.from([reason, 0]));
export function publish(
  version: MqttVersion,
  topic: string,
  payload: Uint8Array,
  given: Properties,
  qos: 0 | 1,
  id: number,
): Buffer {
  const head = qos > 0 ? [text(topic), two(id)] : [text(topic)];
  return packet(0x30 | (qos << 1), ...head, writeProperties(version, given), Buffer.from(payload));
}
