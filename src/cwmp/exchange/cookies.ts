interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly domain: string;
  readonly hostOnly: boolean;
  readonly path: string;
  readonly secure: boolean;
}

const cookieLimit = 50;
/** Of one with all that is said of it; half of one would be a wrong one. */
const lengthLimit = 8192;
/** A server that does not say what time it is means one long past where it takes a cookie back. */
const longPast = Date.UTC(2001, 0, 1);

/** The cookies of one session (RFC 6265, without what outlives a session): never kept beyond it. */
export class Cookies {
  #cookies: Cookie[] = [];

  /** @param date of the server that sets them: our own clock may never have been set */
  store(url: URL, headers: readonly string[], date = ''): void {
    const now = Date.parse(date) || longPast;
    for (const header of headers) {
      if (header.length > lengthLimit) continue;
      const [pair = '', ...attributes] = header.split(';');
      const at = pair.indexOf('=');
      if (at <= 0) continue;
      const name = pair.slice(0, at).trim();
      const value = pair.slice(at + 1).trim();
      const given = new Map(
        attributes.map((attribute) => {
          const [key = '', text = ''] = attribute.split('=', 2);
          return [key.trim().toLowerCase(), text.trim()] as const;
        }),
      );
      const domain = (given.get('domain') ?? '').replace(/^\./, '').toLowerCase();
      // A host may speak for itself and for the domain it is in, never for another.
      if (domain !== '' && !maySpeakFor(url.hostname, domain)) continue;
      const path = given.get('path')?.startsWith('/') ? given.get('path')! : defaultPath(url.pathname);
      const cookie: Cookie = {
        name,
        value,
        domain: domain || url.hostname,
        hostOnly: domain === '',
        path,
        secure: given.has('secure'),
      };
      this.#cookies = this.#cookies.filter(
        (other) => !(other.name === name && other.domain === cookie.domain && other.path === path),
      );
      if (!isTakenBack(given, now) && this.#cookies.length < cookieLimit) this.#cookies.push(cookie);
    }
  }

  /** The Cookie header for a request; `undefined`: there is nothing to send. */
  header(url: URL): string | undefined {
    const fitting = this.#cookies.filter(
      (cookie) =>
        (cookie.hostOnly ? url.hostname === cookie.domain : within(url.hostname, cookie.domain)) &&
        pathFits(url.pathname, cookie.path) &&
        (!cookie.secure || url.protocol === 'https:'),
    );
    // The closest path first (RFC 6265 5.4): servers take the first of a name.
    fitting.sort((a, b) => b.path.length - a.path.length);
    return fitting.length === 0 ? undefined : fitting.map(({ name, value }) => `${name}=${value}`).join('; ');
  }
}

const within = (host: string, domain: string): boolean => host === domain || host.endsWith(`.${domain}`);

/** Not for all of `com`, and nobody for a part of an address. */
const maySpeakFor = (host: string, domain: string): boolean =>
  host === domain || (within(host, domain) && domain.includes('.') && !/^[\d.]+$|:/.test(host));

/** RFC 6265 5.3: Max-Age counts for more than Expires. What expires in the course of a session is left to the server. */
function isTakenBack(given: ReadonlyMap<string, string>, now: number): boolean {
  const age = given.get('max-age') ?? '';
  return /^-?\d+$/.test(age) ? Number(age) <= 0 : Date.parse(given.get('expires') ?? '') <= now;
}

const defaultPath = (path: string): string => (path.lastIndexOf('/') <= 0 ? '/' : path.slice(0, path.lastIndexOf('/')));

const pathFits = (path: string, cookie: string): boolean =>
  path === cookie || path.startsWith(cookie.endsWith('/') ? cookie : `${cookie}/`);
