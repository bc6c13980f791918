import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createPki, installFactory, startAcs, startController, startRouter } from '#lab';
import { buildBundles, startDaemon } from '../../support/agent-process.ts';

it('a controller saves and restores the configuration, fetches the log, and is told how each transfer ended', async () => {
  const bundles = await buildBundles();
  const directory = mkdtempSync(join(tmpdir(), 'tandem-usp-transfers-'));
  const pki = createPki('Operator');
  const { certPem: cert, keyPem: key } = pki.issue({ commonName: 'operator', ip: ['127.0.0.1'], usage: 'server' });
  const tls = { cert, key, clientCa: pki.caPem };
  await using router = await startRouter({ directory, reloadDelayMs: 20 });
  await using server = await startAcs({ tls });
  await using controller = await startController({ endpointId: 'proto::lab', webSocket: { tls } });
  installFactory(router.root, {
    controllers: [{ endpoint_id: 'proto::lab', websocket: { host: '127.0.0.1', port: controller.port } }],
    caPem: pki.caPem,
    client: pki.issue({ commonName: 'LAB0001', usage: 'client' }),
  });
  const agent = await startDaemon(bundles.dist, router);
  const device = 'os::00D09E-LAB0001';
  try {
    await controller.connected(device);
    const subscribe = (ID: string, NotifType: string, ReferenceList: string) => ({
      objPath: 'Device.LocalAgent.Subscription.',
      paramSettings: Object.entries({ ID, Enable: 'true', NotifType, ReferenceList }).map(([param, value]) => ({
        param,
        value,
        required: true,
      })),
    });
    const createObjs = [
      subscribe('ended', 'OperationComplete', 'Device.DeviceInfo.'),
      subscribe('transfer', 'Event', 'Device.LocalAgent.TransferComplete!'),
    ];
    expect((await controller.ask(device, { add: { allowPartial: false, createObjs } }, 'addResp')).ok).toBe(true);

    /** @returns how the command and the transfer ended */
    const run = async (command: string, commandKey: string, args: Record<string, string>) => {
      const inputArgs = { Username: '', Password: '', ...args };
      const operate = { command, commandKey, sendResp: true, inputArgs };
      expect((await controller.ask(device, { operate }, 'operateResp')).ok).toBe(true);
      const { event } = await controller.notification(
        (notify) => notify.event?.eventName === 'TransferComplete!' && notify.event.params.CommandKey === commandKey,
      );
      const { operComplete } = await controller.notification(
        (notify) => notify.operComplete?.commandKey === commandKey,
      );
      return { transfer: event!.params, failure: operComplete!.cmdFailure };
    };
    const config = 'Device.DeviceInfo.VendorConfigFile.1.';
    const url = server.fileUrl('config');
    expect(await run(`${config}Backup()`, 'save', { URL: url })).toMatchObject({
      transfer: {
        Command: `${config}Backup()`,
        Requestor: 'proto::lab',
        TransferType: 'Upload',
        Affected: config,
        TransferURL: url,
        FaultCode: '0',
        FaultString: '',
      },
      failure: undefined,
    });
    const saved = server.files.get('config')!.bytes.toString();
    expect(saved).toContain("option ssid 'OpenWrt'");
    server.files.put('config', saved.replace("option ssid 'OpenWrt'", "option ssid 'Restored'"));
    const restored = await run(`${config}Restore()`, 'restore', { URL: url });
    expect(restored).toMatchObject({ transfer: { TransferType: 'Download', FaultCode: '0' }, failure: undefined });
    expect(readFileSync(join(router.root, 'etc/config/wireless'), 'utf8')).toContain("option ssid 'Restored'");

    const log = 'Device.DeviceInfo.VendorLogFile.1.Upload()';
    expect(await run(log, 'log', { URL: server.fileUrl('log') })).toMatchObject({ transfer: { FaultCode: '0' } });
    expect(server.files.get('log')!.bytes.length).toBeGreaterThan(100);
    const secret = 'https://user:hunter2@127.0.0.1:1/nothing';
    const failed = await run(log, 'nowhere', { URL: secret, Password: 'hunter3' });
    expect(failed).toMatchObject({ transfer: { FaultCode: '7022' }, failure: { errCode: 7022 } });
    expect(JSON.stringify(failed) + agent.said()).not.toMatch(/hunter/);
    const unchecked = await controller.ask(
      device,
      {
        operate: {
          command: `${config}Restore()`,
          commandKey: 'sum',
          sendResp: true,
          inputArgs: { URL: url, Username: '', Password: '', CheckSumAlgorithm: 'SHA-256', CheckSum: 'AB' },
        },
      },
      'operateResp',
    );
    expect(unchecked.ok).toBe(true);
    const refused = await controller.notification(({ operComplete }) => operComplete?.commandKey === 'sum');
    expect(refused.operComplete!.cmdFailure!.errCode).toBe(7027);
  } finally {
    await agent.stop('SIGKILL');
    bundles.remove();
    rmSync(directory, { recursive: true, force: true });
  }
}, 60_000);
