import { type TlsOptions, Server as TlsServer } from 'node:tls';
import { NotRunnable } from '../verdict.ts';
import type { KeyPair, ServerTls } from './link.ts';

export const tlsOptions = ({ clientCa }: ServerTls, { cert, key }: KeyPair): TlsOptions => ({
  cert,
  key,
  ...(clientCa !== undefined && { ca: clientCa, requestCert: true, rejectUnauthorized: true }),
});

/** From now on the server shows another certificate. @returns what undoes it; @throws NotRunnable when there is none */
export function show(server: unknown, tls: ServerTls | undefined, which: 'expired' | 'foreign'): () => void {
  const other = tls?.[which];
  if (!tls || !other || !(server instanceof TlsServer)) throw new NotRunnable(`the judge has no ${which} certificate`);
  server.setSecureContext(tlsOptions(tls, other));
  return () => server.setSecureContext(tlsOptions(tls, tls));
}
