import { createHash, timingSafeEqual } from 'node:crypto';
import type { Secret } from '#base';
import type { Element } from '../codec/element.ts';
import { attributeOf, childOf, namespace, type StanzaError } from './stanza.ts';

export interface XmppRequestParts {
  readonly credentials: () => { readonly username: string; readonly password: Secret };
  /** ConnReqAllowedJabberIDs; empty: everybody. */
  readonly allowed: () => readonly string[];
  /** Asked once for each request whose sender is allowed; false: too many guesses. */
  readonly mayGuess: () => boolean;
  /** Everything is as it should be. @returns false: too many have been accepted of late */
  readonly accepted: () => boolean;
}

/**
 * Decides on a connection request over XMPP (TR-069 Annex K): who is not in the list or comes too often hears `service-unavailable`, and
 * nothing about the credentials.
 * @param request the `connectionRequest` element
 * @returns the error to answer with; `undefined`: accepted
 */
export function judgeXmppRequest(from: string, request: Element, parts: XmppRequestParts): StanzaError | undefined {
  if (!isAllowed(from, parts.allowed()) || !parts.mayGuess()) return 'service-unavailable';
  const { username, password } = parts.credentials();
  const text = (name: string): string => childOf(request, namespace.connectionRequest, name)?.text ?? '';
  const right = [
    same(text('username'), username),
    same(text('password'), password.reveal()),
    username !== '' && !password.empty,
  ];
  if (right.includes(false)) return 'not-authorized';
  return parts.accepted() ? undefined : 'service-unavailable';
}

/** TR-181 ConnReqAllowedJabberIDs: an entry without resource allows every resource. Names and domains do not differ by case (RFC 7622 3). */
export function isAllowed(from: string, allowed: readonly string[]): boolean {
  if (allowed.length === 0) return true;
  const [bare, resource] = parts(from);
  return allowed.some((entry) => {
    const [allowedBare, allowedResource] = parts(entry.trim());
    return allowedBare === bare && (allowedResource === undefined || allowedResource === resource);
  });
}

function parts(jid: string): readonly [bare: string, resource: string | undefined] {
  const slash = jid.indexOf('/');
  if (slash < 0) return [jid.toLowerCase(), undefined];
  return [jid.slice(0, slash).toLowerCase(), jid.slice(slash + 1)];
}

/** The request in an `iq`, when it is one. */
export function connectionRequestOf(iq: Element): Element | undefined {
  return attributeOf(iq, 'type') === 'get' ? childOf(iq, namespace.connectionRequest, 'connectionRequest') : undefined;
}

/** In time that does not depend on where they differ. */
function same(left: string, right: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(left), hash(right));
}
