import { isListedHost, LinkedAbort } from '#base';
import {
  authorize,
  type Challenge,
  type Credentials,
  type HttpBody,
  type HttpConnection,
  type HttpResponse,
  readChallenges,
} from '#platform';
import { type Compression, codingOf, compress } from './compress.ts';
import { Cookies } from './cookies.ts';
import { SessionError, type SessionTransport } from './session.ts';

export interface HttpTransportParts {
  readonly http: HttpConnection;
  /** Where the session begins: `Device.ManagementServer.URL`. */
  readonly url: URL;
  readonly credentials: Credentials;
  /** Hexadecimal, new each time. */
  readonly clientNonce: () => string;
  /** Lab only: `http://` is refused otherwise. */
  readonly allowPlain: boolean;
  /** Where the ACS may send us besides its own host, and with us our credentials; none: anywhere. */
  readonly redirectHosts?: readonly string[];
  /** How requests are compressed; by default they are not. */
  readonly compression?: Compression | undefined;
  /** Of one message until its answer is there whole: a peer that lets it drip does not hold the session for ever. */
  readonly deadline?: (expired: () => void) => Disposable;
  readonly signal: AbortSignal;
}

/** TR-069 3.4.5. */
const redirectLimit = 5;
const redirects = new Set([301, 302, 303, 307, 308]);
/** A challenge, its stale repetition and one for a new connection. */
const challengeLimit = 3;

/**
 * One session's messages over HTTP: cookies kept for the session, Digest before Basic and Basic never over plain HTTP, redirects followed with the
 * body and kept for the rest of the session.
 * @throws SessionError from the first call on when the URL is not allowed
 */
export function httpTransport(parts: HttpTransportParts): SessionTransport {
  const cookies = new Cookies();
  let url = parts.url;
  let challenge: Challenge | undefined;
  let count = 0;

  let compression = parts.compression;

  async function send(body: HttpBody): Promise<HttpResponse> {
    const headers: Record<string, string> = { 'accept-encoding': 'gzip, deflate' };
    if (body !== '') {
      headers['content-type'] = 'text/xml; charset="utf-8"';
      headers.soapaction = '';
    }
    const packed = compression && body !== '' ? await compress(body, compression) : undefined;
    if (packed) headers['content-encoding'] = codingOf(compression!);
    const sent = packed ?? body;
    const cookie = cookies.header(url);
    if (cookie !== undefined) headers.cookie = cookie;
    if (challenge) {
      headers.authorization = authorize(challenge, parts.credentials, {
        method: 'POST',
        uri: url.pathname + url.search,
        body: sent,
        count: ++count,
        clientNonce: parts.clientNonce(),
      });
    }
    using end = new LinkedAbort(parts.signal);
    let expired = false;
    using _deadline = parts.deadline?.(() => {
      expired = true;
      end.abort(new Error('too late'));
    });
    try {
      const response = await parts.http.send(url, { method: 'POST', headers, ...inParts(sent) }, end.signal);
      cookies.store(url, response.setCookie, response.headers.date);
      return response;
    } catch (error) {
      // Whoever ended it says why.
      if (parts.signal.reason instanceof SessionError) throw parts.signal.reason;
      if (!expired || parts.signal.aborted) throw error;
      throw new SessionError('CWMP_SLOW', 'the answer did not come to its end in time', { cause: error });
    }
  }

  return {
    async post(body) {
      let challenged = 0;
      let redirected = 0;
      for (;;) {
        if (url.protocol !== 'https:' && !(parts.allowPlain && url.protocol === 'http:')) {
          throw new SessionError(
            'CWMP_PLAIN_HTTP',
            `the URL of the ACS begins with ${url.protocol}// instead of https://`,
          );
        }
        const response = await send(body);
        if (response.status === 401) {
          const offered = readChallenges(response.wwwAuthenticate);
          const next = offered.find(({ scheme }) => scheme === 'digest' || url.protocol === 'https:');
          if (!next) throw new SessionError('CWMP_AUTH', unanswerable(offered, url));
          const { username, password } = parts.credentials;
          if (username === '' && password.empty) {
            throw new SessionError('CWMP_AUTH', 'the ACS asks for a user name and a password, and none are set');
          }
          // The same credentials once more only if the nonce was new or stale.
          const pointless = challenge !== undefined && next.nonce === challenge.nonce && !next.stale;
          if (pointless || ++challenged > challengeLimit) {
            throw new SessionError('CWMP_AUTH', 'the ACS does not accept our user name and password');
          }
          challenge = next;
          count = 0;
          continue;
        }
        if (response.status === 415 && compression) {
          // TR-069 3.4.7: the ACS does not take what is compressed so.
          compression = undefined;
          continue;
        }
        const location = response.headers.location;
        if (redirects.has(response.status) && location !== undefined) {
          if (++redirected > redirectLimit)
            throw new SessionError('CWMP_REDIRECTS', `redirected too often, at last to ${url.host}${url.pathname}`);
          url = follow(url, location);
          const { redirectHosts = [] } = parts;
          if (url.hostname !== parts.url.hostname && !isListedHost(redirectHosts, url.hostname))
            throw new SessionError('CWMP_REDIRECTS', `redirected to ${url.hostname}, which is not allowed`);
          continue;
        }
        if (response.status === 503) {
          const retryAfterSeconds = retryAfter(response.headers['retry-after']);
          const wait = retryAfterSeconds === undefined ? '' : `, and asks for ${retryAfterSeconds} s`;
          throw new SessionError('CWMP_BUSY', `the ACS is busy (503)${wait}`, { retryAfterSeconds });
        }
        if (response.status === 204) return '';
        if (response.status !== 200) throw new SessionError('CWMP_STATUS', refusal(response.status, url));
        return response.body;
      }
    },
  };
}

/** What an ACS has against us when it answers with a status that is not of the protocol. */
function refusal(status: number, { pathname }: URL): string {
  const meaning: Readonly<Record<number, string>> = {
    403: ': it does not let this device in',
    404: `: there is nothing at ${pathname}`,
    405: `: what is at ${pathname} is no ACS`,
  };
  return `the ACS answered ${status}${meaning[status] ?? ''}`;
}

const unanswerable = (offered: readonly Challenge[], url: URL): string =>
  offered.length > 0
    ? `the ACS asks for the password in the clear (Basic), which is not sent over ${url.protocol}//`
    : 'the ACS asks for an authentication that is not known here';

const inParts = (body: HttpBody): { body: string; pieces?: readonly Uint8Array[] } =>
  typeof body === 'string' ? { body } : { body: '', pieces: body };

function follow(from: URL, location: string): URL {
  let to: URL;
  try {
    to = new URL(location, from);
  } catch (error) {
    throw new SessionError('CWMP_REDIRECTS', 'redirected to something that is no URL', { cause: error });
  }
  if (from.protocol === 'https:' && to.protocol !== 'https:') {
    throw new SessionError('CWMP_REDIRECTS', 'redirected from TLS to plain HTTP');
  }
  return to;
}

/** Longer than a day is not obeyed; a date is not looked at, since the clock may not be right. */
const retryAfterLimitSeconds = 86_400;

function retryAfter(text: string | undefined): number | undefined {
  if (text === undefined || !/^[0-9]{1,9}$/.test(text)) return undefined;
  return Math.min(Number(text), retryAfterLimitSeconds);
}
