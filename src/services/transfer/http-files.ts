import { isListedHost, ok, type Result, refused, type Secret } from '#base';
import {
  authorize,
  type ByteSink,
  type ByteSource,
  type Challenge,
  type HttpHead,
  type HttpStreams,
  readChallenges,
  type Staging,
  type StreamRequest,
} from '#platform';
import { faultOf, type TransferFault, transferFault } from './fault.ts';
import { PartialFile } from './partial-file.ts';

export interface RemoteFile {
  readonly url: string;
  /** Empty: no credentials. */
  readonly username: string;
  readonly password: Secret;
}

export interface HttpFilesParts {
  /** With the device's trust anchors and client certificate; one for each transfer. */
  readonly open: () => HttpStreams;
  readonly staging: Staging;
  /** Hexadecimal, new each time. */
  readonly clientNonce: () => string;
  /** Lab only: `http://`. */
  readonly allowPlain: boolean;
  /** Who is given credentials; none: whoever a transfer is ordered from. */
  readonly credentialHosts?: readonly string[];
}

const redirectLimit = 5;
const redirects = new Set([301, 302, 303, 307, 308]);
const challengeLimit = 3;

/** Files from and to a server: redirects, authentication, and going on where the connection broke. */
export class HttpFiles {
  readonly #parts: HttpFilesParts;

  constructor(parts: HttpFilesParts) {
    this.#parts = parts;
  }

  /** @returns why nothing can come from or go to such a URL; `undefined`: it can */
  problemOf(text: string): TransferFault | undefined {
    if (!URL.canParse(text)) return transferFault('unsupported-protocol', 'this is no URL');
    const { protocol, username, password } = new URL(text);
    const served = protocol === 'https:' || (protocol === 'http:' && this.#parts.allowPlain);
    if (!served) return transferFault('unsupported-protocol', `${protocol}// is not served`);
    if (username !== '' || password !== '') return transferFault('unsupported-protocol', 'credentials in the URL');
    return undefined;
  }

  /**
   * Into the staging area. What an earlier try has left there is gone on with, if the server vouches for it being the same file.
   * @param announcedBytes 0: not known
   * @param limitBytes of what may be staged
   * @returns its length
   */
  async fetch(
    from: RemoteFile,
    name: string,
    { announcedBytes, limitBytes }: { readonly announcedBytes: number; readonly limitBytes: number },
    signal: AbortSignal,
  ): Promise<Result<number, TransferFault>> {
    if (announcedBytes > limitBytes) return refused(transferFault('space', `${announcedBytes} bytes are too many`));
    const file = new PartialFile(this.#parts.staging, name, from.url);
    let wrong: TransferFault | undefined;
    for (let again = 0; again < 2; again++) {
      const answered = await this.#converse(from, signal, () => {
        wrong = undefined;
        const sink = (head: HttpHead): ByteSink | undefined => {
          if (!isFile(head)) return undefined;
          const target = file.begin(head, announcedBytes, limitBytes);
          if (!('kind' in target)) return target;
          wrong = target;
          return undefined;
        };
        return { method: 'GET', headers: file.resumption, sink };
      });
      if (answered.ok && file.wholeBy(answered.value)) return ok(file.length);
      // A range that the server can't serve is of another file than the one that is there now.
      const stale = file.length > 0 && answered.ok && (answered.value.status === 416 || wrong?.kind === 'incomplete');
      if (stale && again === 0) {
        file.drop();
        wrong = undefined;
        continue;
      }
      if (!answered.ok) {
        if (answered.fault.kind === 'space') file.drop();
        return answered;
      }
      if (!isFile(answered.value)) return refused(statusFault(answered.value.status) ?? noFile);
      if (wrong) return refused(wrong);
      if (announcedBytes > 0 && file.length !== announcedBytes) {
        const message = `${file.length} bytes came, ${announcedBytes} were announced`;
        file.drop();
        return refused(transferFault('corrupted', message));
      }
      return ok(file.length);
    }
    return refused(transferFault('incomplete', 'the server does not serve the rest of the file', true));
  }

  async send(to: RemoteFile, body: ByteSource, signal: AbortSignal): Promise<Result<void, TransferFault>> {
    const headers = { 'content-type': 'application/octet-stream' };
    const answered = await this.#converse(to, signal, () => ({ method: 'PUT', headers, body }));
    if (!answered.ok) return answered;
    const fault = statusFault(answered.value.status);
    return fault ? refused(fault) : ok(undefined);
  }

  async #converse(
    { url: first, username, password }: RemoteFile,
    signal: AbortSignal,
    request: () => StreamRequest,
  ): Promise<Result<HttpHead, TransferFault>> {
    const { open, clientNonce, credentialHosts = [] } = this.#parts;
    const problem = this.problemOf(first);
    if (problem) return refused(problem);
    using http = open();
    let url = new URL(first);
    const { origin } = url;
    let challenge: Challenge | undefined;
    let count = 0;
    let challenged = 0;
    let redirected = 0;
    for (;;) {
      const asked = request();
      const headers: Record<string, string> = { ...asked.headers };
      if (challenge) {
        const uri = url.pathname + url.search;
        headers.authorization = authorize(
          challenge,
          { username, password },
          { method: asked.method, uri, body: '', count: ++count, clientNonce: clientNonce() },
        );
      }
      let head: HttpHead;
      try {
        head = await http.exchange(url, { ...asked, headers }, signal);
      } catch (error) {
        return refused(faultOf(error));
      }
      if (head.status === 401) {
        // Nobody but the server that the credentials are for is given them.
        const next =
          url.origin === origin && username !== '' && isListedHost(credentialHosts, url.hostname)
            ? readChallenges(head.wwwAuthenticate).find((offered) => answerable(offered, url))
            : undefined;
        const pointless = next && challenge && next.nonce === challenge.nonce && !next.stale;
        if (!next || pointless || ++challenged > challengeLimit) {
          return refused(transferFault('authentication', 'the server does not accept our credentials'));
        }
        challenge = next;
        count = 0;
        continue;
      }
      const { location } = head.headers;
      if (redirects.has(head.status) && location !== undefined) {
        if (++redirected > redirectLimit) return refused(transferFault('access', 'redirected too often'));
        if (!URL.canParse(location, url.href)) return refused(transferFault('access', 'redirected to what is no URL'));
        const to = new URL(location, url);
        const unfit = this.problemOf(to.href);
        if (unfit) return refused(unfit);
        if (url.protocol === 'https:' && to.protocol !== 'https:') {
          return refused(transferFault('access', 'redirected from TLS to plain HTTP'));
        }
        if (to.origin !== url.origin) challenge = undefined;
        url = to;
        continue;
      }
      return ok(head);
    }
  }
}

/** Basic would show the password to everybody on the way; a hash over a body of any length is not made (auth-int alone). */
function answerable({ scheme, qop }: Challenge, url: URL): boolean {
  return scheme === 'basic' ? url.protocol === 'https:' : qop.length === 0 || qop.includes('auth');
}

const isFile = ({ status }: HttpHead): boolean => status === 200 || status === 206;
const noFile = transferFault('access', 'the server answered without a file');

function statusFault(status: number): TransferFault | undefined {
  if (status >= 200 && status < 300) return undefined;
  const busy = status === 408 || status === 429 || status >= 500;
  return transferFault('access', `the server answered ${status}`, busy);
}
