export { type CertificateRequest, createPki, type Issued, type Pki } from './pki.ts';
