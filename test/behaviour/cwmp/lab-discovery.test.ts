import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runLabCommand, startLab } from '#lab';
import { buildBundles } from '../../support/agent-process.ts';

it('the lab’s agent finds its ACS by DHCP, and hears of its gateway', async () => {
  const bundles = await buildBundles();
  const directory = mkdtempSync(join(tmpdir(), 'tandem-lab-dhcp-'));
  try {
    await using lab = await startLab({ dist: bundles.dist, directory, acsByDhcp: true });
    await lab.startAgent();
    const inform = await lab.acs.inform(() => true);
    expect(inform.events.map(({ code }) => code)).toContain('0 BOOTSTRAP');
    expect(await runLabCommand(lab, 'acs get Device.DeviceInfo.ProvisioningCode')).toBe(
      'Device.DeviceInfo.ProvisioningCode=lab',
    );
    expect(await runLabCommand(lab, 'dhcp gateway 001122 G1 Gate')).toBe('done');
    await lab.acs.inform(({ parameters }) => parameters.get('Device.GatewayInfo.SerialNumber') === 'G1');
    expect(await runLabCommand(lab, 'usp get Device.GatewayInfo.ManagementProtocol')).toBe(
      'Device.GatewayInfo.ManagementProtocol=CWMP',
    );
    expect(await runLabCommand(lab, 'dhcp nothing')).toBe('done');
    await lab.acs.inform(({ parameters }) => parameters.get('Device.GatewayInfo.SerialNumber') === '');
    await expect(runLabCommand(lab, 'dhcp gateway')).rejects.toThrow('dhcp acs URL');
  } finally {
    rmSync(directory, { recursive: true, force: true });
    bundles.remove();
  }
});
