import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPki, installFactory, startAcs, startRouter } from '#lab';
import { buildBundles, startDaemon } from '../support/agent-process.ts';

// Whom the daemon trusts, started as tandemd.sh starts it: its ca.pem alone, or else the device's own list, and never the one that node was built with.
let bundles: Awaited<ReturnType<typeof buildBundles>>;
beforeAll(async () => {
  bundles = await buildBundles();
});
afterAll(() => bundles.remove());

const listed = createPki('Listed');
const other = createPki('Other');
const flags = /exec node ([^/]*)/
  .exec(
    readFileSync(join(import.meta.dirname, '../../openwrt-package/files/tandemd.sh'), 'utf8').replace('\\\n', ''),
  )![1]!
  .trim()
  .split(/\s+/);

/** @returns 'informed', or what the agent says it is for that it could not */
async function reach(server: 'listed' | 'other', caPem?: string): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'tandem-authorities-'));
  const { certPem, keyPem } = { listed, other }[server].issue({
    commonName: 'acs',
    ip: ['127.0.0.1'],
    usage: 'server',
  });
  await using router = await startRouter({ directory });
  await using acs = await startAcs({ tls: { cert: certPem, key: keyPem } });
  installFactory(router.root, { acs: { url: acs.url }, ...(caPem !== undefined && { caPem }) });
  const list = join(directory, 'list.crt');
  writeFileSync(list, listed.caPem);
  const agent = await startDaemon(bundles.dist, router, { SSL_CERT_FILE: list, NODE_EXTRA_CA_CERTS: '' }, flags);
  try {
    for (;;) {
      if (acs.informs.length > 0) return 'informed';
      const problem = /its certificate [^"\n]*/.exec(agent.said());
      if (problem) return problem[0];
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  } finally {
    await agent.stop('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  }
}

describe('the authorities of the daemon', () => {
  it('are those of the device without a ca.pem', async () => {
    expect(await reach('listed')).toBe('informed');
    expect(await reach('other')).toContain('no authority that is trusted here');
  });

  it('are those of ca.pem alone where there is one', async () => {
    expect(await reach('other', other.caPem)).toBe('informed');
    expect(await reach('listed', other.caPem)).toContain('no authority that is trusted here');
  });
});
