export { type CertificateRequest, createPki, type Issued, type Pki, PkiError } from './pki.ts';
