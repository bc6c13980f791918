import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { installFactory, startRouter } from '#lab';
import { buildBundles, runCli, startDaemon } from '../support/agent-process.ts';
import { hasMosquitto, startMosquitto } from '../support/mosquitto.ts';

interface Usp {
  get(path: string | string[]): Promise<unknown>;
  set(path: string, value: unknown): Promise<unknown>;
  add(path: string, values?: unknown): Promise<unknown>;
  del(path: string): Promise<unknown>;
  instances(path: string): Promise<unknown>;
  supportedProto(path: string): Promise<unknown>;
  subscribe(
    settings: { id: string; notif: string; reference: string },
    heard: (message: unknown) => void,
  ): Promise<() => Promise<void>>;
  disconnect(): Promise<void>;
}
// A controller that is not ours, from the registry.
const connect = createRequire(import.meta.url)('usp-js').default as (options: object) => Promise<Usp>;

describe.skipIf(!hasMosquitto)('usp-js as controller over a real mosquitto (needs mosquitto)', () => {
  it('reads, writes, adds, deletes, and hears of a change', async () => {
    const bundles = await buildBundles();
    const directory = mkdtempSync(join(tmpdir(), 'tandem-usp-js-'));
    await using broker = await startMosquitto();
    await using router = await startRouter({ directory, reloadDelayMs: 20 });
    installFactory(router.root, {
      controllers: [
        {
          endpoint_id: 'proto::usp-js',
          mqtt: {
            broker: '127.0.0.1',
            port: broker.port,
            encryption: false,
            topic: '/usp/controller',
            response_topic: '/usp/endpoint',
          },
        },
      ],
    });
    const agent = await startDaemon(bundles.dist, router);
    await expect.poll(() => agent.said()).toContain('connected');
    const usp = await connect({
      host: '127.0.0.1',
      port: broker.port,
      protocol: 'mqtt',
      fromId: 'proto::usp-js',
      toId: 'os::00D09E-LAB0001',
      version: '1.3',
    });
    try {
      expect(await usp.get('Device.LocalAgent.EndpointID')).toBe('os::00D09E-LAB0001');
      expect(await usp.get('Device.WiFi.SSID.[SSID=="OpenWrt"].SSID')).toEqual(expect.arrayContaining(['OpenWrt']));
      await expect(usp.get('Device.Nowhere.')).rejects.toMatchObject({ errCode: 7026 });
      await usp.set('Device.WiFi.SSID.1.', { SSID: 'ByUspJs' });
      expect(readFileSync(join(router.root, 'etc/config/wireless'), 'utf8')).toContain("option ssid 'ByUspJs'");
      expect(await usp.get('Device.WiFi.SSID.1.SSID')).toBe('ByUspJs');
      const row = String(await usp.add('Device.LocalAgent.Subscription.'));
      expect(row).toMatch(/^Device\.LocalAgent\.Subscription\.\d+\.$/);
      await usp.del(row);
      const heard: unknown[] = [];
      const clear = await usp.subscribe(
        { id: 'ssid', notif: 'ValueChange', reference: 'Device.WiFi.SSID.1.SSID' },
        (message) => heard.push(message),
      );
      await runCli(bundles.dist, router, 'set', 'Device.WiFi.SSID.1.SSID=Elsewhere');
      await expect.poll(() => JSON.stringify(heard)).toContain('Elsewhere');
      await clear();
      expect(JSON.stringify(await usp.supportedProto('Device.'))).toContain('1.4');
    } finally {
      await usp.disconnect();
      await agent.stop();
      bundles.remove();
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
