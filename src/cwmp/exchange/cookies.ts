interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly domain: string;
  readonly hostOnly: boolean;
  readonly path: string;
  readonly secure: boolean;
}

const cookieLimit = 50;
const valueLimit = 4096;

/** The cookies of one session (RFC 6265, without what outlives a session): never kept beyond it. */
export class Cookies {
  #cookies: Cookie[] = [];

  store(url: URL, headers: readonly string[]): void {
    for (const header of headers) {
      const [pair = '', ...attributes] = header.slice(0, valueLimit).split(';');
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
      if (domain !== '' && !within(url.hostname, domain)) continue;
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
      if (given.get('max-age') !== '0' && this.#cookies.length < cookieLimit) this.#cookies.push(cookie);
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
    return fitting.length === 0 ? undefined : fitting.map(({ name, value }) => `${name}=${value}`).join('; ');
  }
}

const within = (host: string, domain: string): boolean => host === domain || host.endsWith(`.${domain}`);

const defaultPath = (path: string): string => (path.lastIndexOf('/') <= 0 ? '/' : path.slice(0, path.lastIndexOf('/')));

const pathFits = (path: string, cookie: string): boolean =>
  path === cookie || path.startsWith(cookie.endsWith('/') ? cookie : `${cookie}/`);
