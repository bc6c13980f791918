import { errorCode, TandemError } from '#base';

/** Of what a peer has written into its certificate. */
const namesLimit = 120;

interface NodeError extends Error {
  readonly code?: string;
  readonly hostname?: string;
  readonly address?: string;
  readonly port?: number;
  /** Of each address that was tried. */
  readonly errors?: readonly NodeError[];
  readonly cert?: { readonly subjectaltname?: string };
}

/**
 * Why a connection did not come to be or broke, for somebody who knows networks and not Node: what is wrong first, then the code that can be searched for.
 * @param error of node:net, node:tls, node:dns or node:http
 */
export function inWords(error: unknown): string {
  // Of several addresses that were tried the first is told.
  const one = ((error as NodeError).errors?.[0] ?? error) as NodeError;
  // One of ours has its words: of pins, of paths to an anchor.
  if (one instanceof TandemError) return one.message;
  const code = errorCode(one) ?? '';
  const words = wordsOf(code, one);
  return words === undefined ? (code || one.message).trim() : code === '' ? words : `${words} (${code})`;
}

function wordsOf(code: string, { message, hostname, address, port, cert }: NodeError): string | undefined {
  const where = address === undefined ? 'there' : `at ${address}${port === undefined ? '' : ` port ${port}`}`;
  switch (code) {
    case 'ENOTFOUND':
      return `the DNS knows no ${hostname ?? 'such name'}`;
    case 'EAI_AGAIN':
      return `the DNS does not answer, asked for ${hostname ?? 'a name'}`;
    case 'ECONNREFUSED':
      return `nobody listens ${where}`;
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'there is no route to the peer';
    case 'ETIMEDOUT':
      return 'the peer does not answer';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'the peer has closed the connection';
    case 'CERT_HAS_EXPIRED':
      return `its certificate has expired, by our clock (${today()})`;
    case 'CERT_NOT_YET_VALID':
      return `its certificate is not valid yet, by our clock (${today()})`;
    case 'CERT_REVOKED':
      return 'its certificate is revoked';
    case 'UNABLE_TO_GET_CRL':
      return 'the revocation list of an authority is missing';
    case 'CRL_HAS_EXPIRED':
      return `the revocation list of an authority is too old, by our clock (${today()})`;
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return 'its certificate comes from no authority that is trusted here, or one between is not sent along';
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `its certificate is for other names than ours for it: ${(cert?.subjectaltname ?? '').slice(0, namesLimit)}`;
  }
  if (/^HPE_INVALID_(CONSTANT|VERSION)$/.test(code)) return 'what answers does not speak HTTP';
  if (code.startsWith('HPE_')) return `the answer is no HTTP that is read here: ${message}`;
  const refused = /SSL routines:[^:]*:([^:]*)/.exec(message)?.[1];
  return refused === undefined ? undefined : handshakeWords(refused);
}

/** @param reason as OpenSSL says it */
function handshakeWords(reason: string): string {
  if (/wrong version number|packet length too long|http request/.test(reason)) return 'what answers does not speak TLS';
  if (/certificate required/.test(reason)) return 'the peer wants a certificate of ours';
  if (/alert .*(certificate|unknown ca)/.test(reason)) return `the peer does not take our certificate: ${reason}`;
  return `the handshake failed: ${reason}`;
}

const today = (): string => new Date().toISOString().slice(0, 10);
