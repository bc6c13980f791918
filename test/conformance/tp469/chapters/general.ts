import type { Bench } from '../bench.ts';
import { NotRunnable, type Test } from '../verdict.ts';

export const generalTests: readonly Test[] = [
  {
    number: '4.1',
    title: 'TLS and certificates at the transport',
    needs: [15],
    async run(t: Bench) {
      if (t.link.tls === undefined) throw new NotRunnable('the transport of the descriptor is without TLS');
      const request = { controllerSupportedProtocolVersions: '1.0,1.1,1.2,1.3,1.4' };
      t.expect(1, await t.ask('getSupportedProtocol', request));
      t.metric(1, /^TLSv1\.[23]$/.test(t.link.tls), `the version is ${t.link.tls}`);
    },
  },
];
