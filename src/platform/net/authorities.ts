import { readFileSync } from 'node:fs';
import { createSecureContext, rootCertificates } from 'node:tls';

/** Set when node leaves its list to OpenSSL, as tandemd.sh has it do: then it is the device's own, where `SSL_CERT_FILE` says. */
const leftToOpenssl = process.execArgv.includes('--use-openssl-ca');

/** PEM: the authorities that TLS trusts where a connection names none. */
export function publicRoots(): string {
  if (!leftToOpenssl) return rootCertificates.join('\n');
  try {
    return readFileSync(process.env.SSL_CERT_FILE ?? '', 'utf8');
  } catch {
    // The package that brings the list is not there: nobody is trusted.
    return '';
  }
}

/**
 * For a device whose every connection names whom it trusts. For its first context node parses the whole list, whomever that one is to trust: 140 certificates,
 * 50 ms of a start. Has to come before it; the environment that programs inherit stays as it is.
 */
export function withoutPublicRoots(): void {
  if (!leftToOpenssl) return;
  const { SSL_CERT_FILE, SSL_CERT_DIR } = process.env;
  process.env.SSL_CERT_FILE = '/dev/null';
  process.env.SSL_CERT_DIR = '/dev/null';
  createSecureContext();
  put('SSL_CERT_FILE', SSL_CERT_FILE);
  put('SSL_CERT_DIR', SSL_CERT_DIR);
}

function put(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}
