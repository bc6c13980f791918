import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { labOvers, startLab } from '#lab';
import { buildBundles } from '../../support/agent-process.ts';

let bundles: Awaited<ReturnType<typeof buildBundles>>;
let directory: string;
beforeAll(async () => {
  bundles = await buildBundles();
});
afterAll(() => bundles.remove());
afterEach(() => rmSync(directory, { recursive: true, force: true }));

it.each(labOvers)('the lab manages its agent over %s, with mutual TLS where there is a network', async (over) => {
  directory = mkdtempSync(join(tmpdir(), 'tandem-lab-over-'));
  await using lab = await startLab({ dist: bundles.dist, directory, over });
  const hellos: string[] = [];
  lab.controller.events.on((event) => {
    if (event.kind === 'connected') hellos.push(event.over);
  });
  await lab.startAgent();
  await lab.controller.connected(lab.endpoint);
  const get = { get: { paramPaths: ['Device.LocalAgent.EndpointID'], maxDepth: 0 } };
  const answer = await lab.controller.ask(lab.endpoint, get, 'getResp');
  expect(answer.ok && answer.value.reqPathResults[0]!.resolvedPathResults[0]!.resultParams).toEqual({
    EndpointID: lab.endpoint,
  });
  expect(hellos).toEqual([over === 'websocket-server' ? 'websocket' : over]);
});
