import { expect, it } from 'vitest';
import { FakeBus } from '../../support/fake-bus.ts';
import { openModel } from '../../support/model-fixture.ts';

it('derives the interface stack from the LowerLayers, with numbers that stay', async () => {
  const bus = new FakeBus({
    'network.device status': () => ({ wan: { devtype: 'dsa', up: true, macaddr: '02:00:00:00:00:01' } }),
    'network.interface dump': () => ({ interface: [{ interface: 'wan', up: true, l3_device: 'wan' }] }),
    'service event': () => ({}),
  });
  const network = "config interface 'wan'\n\toption device 'wan'\n\toption proto 'dhcp'\n";
  const wireless =
    "config wifi-device 'radio0'\n\toption band '2g'\n\nconfig wifi-device 'radio1'\n\toption band '5g'\n\nconfig wifi-iface 'home'\n\toption device 'radio0'\n\toption mode 'ap'\n\toption ssid 'x'\n";
  await using fixture = await openModel({ bus, packages: { network, wireless, firewall: '', dhcp: '', system: '' } });
  const view = { protocol: 'cwmp' } as const;
  const stack = async (): Promise<string[]> => {
    const [reading] = await fixture.model.get(view, ['Device.InterfaceStack.']);
    if (!reading!.result.ok) throw new Error(reading!.result.fault.message);
    return reading!.result.value.map(({ path, parameters }) => {
      const value = (name: string) => parameters.find(({ info }) => info.name === name)!.value;
      return `${path} ${value('HigherLayer')} > ${value('LowerLayer')} (${value('HigherAlias')} > ${value('LowerAlias')})`;
    });
  };
  const before = await stack();
  expect(before.map((line) => line.replace(/^Device\.InterfaceStack\.\d+\. /, '')).sort()).toEqual([
    'Device.Ethernet.Link.1 > Device.Ethernet.Interface.1 (cpe-1 > cpe-1)',
    'Device.IP.Interface.1 > Device.Ethernet.Link.1 (cpe-1 > cpe-1)',
    'Device.WiFi.SSID.1 > Device.WiFi.Radio.1 (cpe-1 > cpe-1)',
  ]);
  const count = await fixture.model.get(view, ['Device.InterfaceStackNumberOfEntries']);
  expect(count[0]!.result.ok && count[0]!.result.value[0]!.parameters[0]!.value).toBe('3');
  await fixture.model.write(
    view,
    [
      {
        op: 'set',
        path: 'Device.WiFi.SSID.1.',
        parameters: [{ name: 'LowerLayers', value: 'Device.WiFi.Radio.2', required: true }],
      },
    ],
    { origin: { by: 'cwmp' }, partial: false },
  );
  const after = await stack();
  expect(after.filter((line) => before.includes(line))).toHaveLength(2);
  expect(after.at(-1)).toBe('Device.InterfaceStack.4. Device.WiFi.SSID.1 > Device.WiFi.Radio.2 (cpe-1 > cpe-2)');
});
