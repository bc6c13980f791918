import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Of CWMP 1.4; the Broadband Forum's file is not ours to ship. */
export const cwmpXsd = process.env.TANDEM_CWMP_XSD ?? '';
export const haveCwmpXsd = existsSync(cwmpXsd);
if (!haveCwmpXsd) console.log('skipped: envelopes against the XSD (TANDEM_CWMP_XSD names no file)');

const declarations =
  'xmlns:cwmp="urn:dslforum-org:cwmp-1-2" xmlns:soap-enc="http://schemas.xmlsoap.org/soap/encoding/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"';

/**
 * The messages of CWMP 1.2 and later among these envelopes, each alone: SOAP's own schemas are not part of CWMP's.
 * @returns what xmllint says of those that are not valid
 */
export function invalidMessages(envelopes: readonly string[]): string[] {
  const directory = mkdtempSync(join(tmpdir(), 'tandem-xsd-'));
  const problems: string[] = [];
  try {
    for (const text of envelopes) {
      const [, namespace, body] = /xmlns:cwmp="([^"]+)".*<soap-env:Body><cwmp:(.*)<\/soap-env:Body>/s.exec(text) ?? [];
      if (body === undefined || namespace !== 'urn:dslforum-org:cwmp-1-2') continue;
      const file = join(directory, 'message.xml');
      writeFileSync(file, `<cwmp:${body.replace(/^(\w+)/, `$1 ${declarations}`)}`);
      try {
        execFileSync('xmllint', ['--noout', '--nonet', '--schema', cwmpXsd, file], { stdio: 'pipe' });
      } catch (error) {
        problems.push(`${body.slice(0, 60)}: ${String((error as { stderr?: unknown }).stderr)}`);
      }
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  return problems;
}
