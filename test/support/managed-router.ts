import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Scope } from '#base';
import {
  type Acs,
  type Controller,
  createPki,
  installFactory,
  type Router,
  startAcs,
  startController,
  startRouter,
} from '#lab';
import { type AgentProcess, buildBundles, startDaemon } from './agent-process.ts';

/** The daemon on the simulated router, with an ACS and a USP controller that it finds in its factory data, all over TLS. */
export interface ManagedRouter extends AsyncDisposable {
  readonly router: Router;
  readonly acs: Acs;
  readonly controller: Controller;
  readonly agent: AgentProcess;
  /** Directory of the programs. */
  readonly dist: string;
  /** As the ACS knows the device. */
  readonly device: string;
}

export async function startManagedRouter(): Promise<ManagedRouter> {
  const bundles = await buildBundles();
  const directory = mkdtempSync(join(tmpdir(), 'tandem-managed-'));
  const scope = new Scope();
  scope.defer(() => {
    bundles.remove();
    rmSync(directory, { recursive: true, force: true });
  });
  const pki = createPki('Operator');
  const { certPem: cert, keyPem: key } = pki.issue({ commonName: 'operator', ip: ['127.0.0.1'], usage: 'server' });
  const tls = { cert, key, clientCa: pki.caPem };
  const router = scope.add(await startRouter({ directory, reloadDelayMs: 20 }));
  const acs = scope.add(await startAcs({ tls }));
  const controller = scope.add(await startController({ endpointId: 'proto::lab', webSocket: { tls } }));
  installFactory(router.root, {
    acs: { url: acs.url, username: 'cpe', password: 'cpe' },
    controllers: [{ endpoint_id: 'proto::lab', websocket: { host: '127.0.0.1', port: controller.port } }],
    caPem: pki.caPem,
    client: pki.issue({ commonName: 'LAB0001', usage: 'client' }),
  });
  const agent = await startDaemon(bundles.dist, router);
  scope.defer(() => agent.stop('SIGKILL'));
  await acs.inform(({ events }) => events.some(({ code }) => code === '0 BOOTSTRAP'));
  await controller.connected('os::00D09E-LAB0001');
  return {
    router,
    acs,
    controller,
    agent,
    dist: bundles.dist,
    device: '00D09E-FW-AX5G-LAB0001',
    [Symbol.asyncDispose]: () => scope[Symbol.asyncDispose](),
  };
}
