import { errorCode } from '#base';

/** Whether Node refused a certificate or the handshake failed, as opposed to the network. `EPROTO`: what came was not TLS, or of a version that is not taken. */
export function isTlsProblem(error: unknown): boolean {
  return /CERT|CRL|SELF_SIGNED|ISSUER|ALTNAME|^ERR_(TLS|SSL|OSSL)|SIGNATURE|^EPROTO$/.test(errorCode(error) ?? '');
}
