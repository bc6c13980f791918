import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Secret } from '#base';
import { createPki } from '#lab';
import { openHttpStreams, StagingDirectory } from '#platform';
import { HttpFiles } from '#services';
import { hasNginx, startNginx } from '../support/nginx.ts';

if (!hasNginx) console.log('skipped: files of a real nginx (nginx is not installed)');

const directory = mkdtempSync(join(tmpdir(), 'tandem-nginx-files-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const pki = createPki('Operator');
const client = pki.issue({ commonName: 'LAB0001', usage: 'client' });
const credentials = { username: 'u', password: 'p w"&ä' };
const content = randomBytes(3 << 20);
const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

function filesOf(certificate = true) {
  const staging = new StagingDirectory(directory);
  const tls = {
    ca: pki.caPem,
    ...(certificate && { cert: client.certPem, key: new Secret(client.keyPem) }),
  };
  const files = new HttpFiles({
    open: () => openHttpStreams({ tls }),
    staging,
    clientNonce: () => 'ab',
    allowPlain: false,
  });
  return { staging, files };
}
const server = (location = '') =>
  startNginx(
    { ...pki.issue({ commonName: 'files', ip: ['127.0.0.1'], usage: 'server' }), clientCa: pki.caPem },
    credentials,
    location,
  );
const limits = { announcedBytes: content.length, limitBytes: 16 << 20 };
const never = new AbortController().signal;

describe.skipIf(!hasNginx)('files of a real nginx', () => {
  it('come whole over mutual TLS with Basic, and not without the one or the other', async () => {
    await using nginx = await server();
    writeFileSync(join(nginx.files, 'fw'), content);
    const { staging, files } = filesOf();
    const from = { url: `${nginx.url}/fw`, username: credentials.username, password: new Secret(credentials.password) };
    expect(await files.fetch(from, 'whole', limits, never)).toEqual({ ok: true, value: content.length });
    expect(digest(readFileSync(staging.path('whole')))).toBe(digest(content));
    const wrong = await files.fetch({ ...from, password: new Secret('no') }, 'wrong', limits, never);
    expect(wrong).toMatchObject({ ok: false, fault: { kind: 'authentication' } });
    // nginx answers 400 to whom has no certificate.
    const bare = await filesOf(false).files.fetch(from, 'bare', limits, never);
    expect(bare).toMatchObject({ ok: false, fault: { kind: 'access' } });
    const missing = await files.fetch({ ...from, url: `${nginx.url}/none` }, 'missing', limits, never);
    expect(missing).toMatchObject({ ok: false, fault: { kind: 'access', retryable: false } });
  });

  it('are gone on with after the server was killed in the middle', async () => {
    // A quarter of it comes at once, then little: there is time to kill the server.
    await using nginx = await server('limit_rate_after 786432; limit_rate 1024;');
    writeFileSync(join(nginx.files, 'fw'), content);
    const { staging, files } = filesOf();
    const from = { url: `${nginx.url}/fw`, username: credentials.username, password: new Secret(credentials.password) };
    const first = files.fetch(from, 'rest', limits, never);
    await expect.poll(() => staging.size('rest') ?? 0, { timeout: 10_000 }).toBeGreaterThanOrEqual(786_432);
    await nginx.restart();
    expect(await first).toMatchObject({ ok: false, fault: { kind: 'incomplete', retryable: true } });
    const had = staging.size('rest')!;
    for (let at = had, tries = 0; at < content.length && tries < 10; tries++) {
      const next = files.fetch(from, 'rest', limits, never);
      const enough = Math.min(content.length, at + 700_000);
      await expect.poll(() => staging.size('rest') ?? 0, { timeout: 10_000 }).toBeGreaterThanOrEqual(enough);
      if (enough < content.length) await nginx.restart();
      await next;
      at = staging.size('rest')!;
    }
    expect(digest(readFileSync(staging.path('rest')))).toBe(digest(content));
  });
});
