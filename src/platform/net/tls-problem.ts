import { errorCode } from '#base';

/** Whether Node refused a certificate or the handshake failed, as opposed to the network. */
export function isTlsProblem(error: unknown): boolean {
  return /CERT|SELF_SIGNED|ISSUER|ALTNAME|^ERR_TLS|^ERR_SSL|SIGNATURE/.test(errorCode(error) ?? '');
}
