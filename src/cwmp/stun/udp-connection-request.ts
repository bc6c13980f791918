import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Secret } from '#base';

/** A UDP Connection Request as it came (TR-069 G.2.2.3); nothing of it is trusted before `verify`. */
export interface UdpConnectionRequest {
  readonly timestamp: string;
  readonly id: string;
  readonly username: string;
  readonly clientNonce: string;
  /** HMAC-SHA1, 20 bytes. */
  readonly signature: Uint8Array;
}

/** Longer ones are not looked at. */
const datagramLimit = 2048;

/**
 * Reads `GET http://host:port?ts=…&id=…&un=…&cn=…&sig=… HTTP/1.1`. The host is the ACS's business; the path may be there or not.
 * @returns `undefined`: it is none
 */
export function readUdpConnectionRequest(datagram: Uint8Array): UdpConnectionRequest | undefined {
  if (datagram.length > datagramLimit) return undefined;
  const line = Buffer.from(datagram.buffer, datagram.byteOffset, datagram.byteLength)
    .toString('latin1')
    .split('\r\n', 1)[0]!;
  const parts = /^GET [^ ?]{1,1024}\?([^ ]+) HTTP\/1\.[01]$/.exec(line);
  if (!parts) return undefined;
  const fields = new Map<string, string>();
  for (const pair of parts[1]!.split('&')) {
    const at = pair.indexOf('=');
    const name = pair.slice(0, at);
    // One of two would be a guess.
    if (at <= 0 || fields.has(name)) return undefined;
    const value = decoded(pair.slice(at + 1));
    if (value === undefined) return undefined;
    fields.set(name, value);
  }
  const [timestamp, id, username, clientNonce, signature] = ['ts', 'id', 'un', 'cn', 'sig'].map((name) =>
    fields.get(name),
  );
  if (timestamp === undefined || id === undefined || username === undefined || clientNonce === undefined)
    return undefined;
  if (!/^[0-9]{1,15}$/.test(timestamp) || id === '' || !signature || !/^[0-9a-fA-F]{40}$/.test(signature))
    return undefined;
  return { timestamp, id, username, clientNonce, signature: Buffer.from(signature, 'hex') };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Checked in time that does not depend on where they differ. */
export function isSignedWith(request: UdpConnectionRequest, username: string, password: Secret): boolean {
  if (username === '' || password.empty) return false;
  const { timestamp, id, clientNonce } = request;
  const expected = createHmac('sha1', password.reveal())
    .update(timestamp + id + request.username + clientNonce)
    .digest();
  const named = createHmac('sha1', 'name').update(username).digest();
  const given = createHmac('sha1', 'name').update(request.username).digest();
  const right = [timingSafeEqual(request.signature, expected), timingSafeEqual(named, given)];
  return !right.includes(false);
}
