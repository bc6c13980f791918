import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '#base';
import { answer, createVerbs, type InstanceSettings, readEnvelope, type VerbContext } from '#cwmp';
import { FakeBus } from '../../support/fake-bus.ts';
import { type ModelFixture, openModel } from '../../support/model-fixture.ts';

// Alias-based addressing (TR-069 3.6.1) in every RPC that has a path.
const wireless = `
config wifi-device 'radio0'
	option band '2g'

config wifi-iface 'home'
	option device 'radio0'
	option mode 'ap'
	option ssid 'Home'
`;
const firewall = `
config redirect 'nas'
	option name 'nas'
	option target 'DNAT'
	option src 'wan'
	option proto 'tcp'
	option src_dport '8443'
	option dest_ip '192.168.1.10'
	option dest_port '443'
`;
const mapping = 'Device.NAT.PortMapping.';

let fixture: ModelFixture;
let settings: InstanceSettings;
let notifications: Map<string, number>;
let key: string;

beforeEach(async () => {
  const bus = new FakeBus({
    'service event': () => ({}),
    'network.wireless status': () => ({}),
    'network.device status': () => ({}),
  });
  fixture = await openModel({ bus, packages: { wireless, firewall, network: '', system: '', tandem: '' } });
  settings = { mode: 'InstanceNumber', autoCreate: false };
  notifications = new Map();
  key = '';
});
afterEach(() => fixture[Symbol.asyncDispose]());

async function call(body: string): Promise<string> {
  const context: VerbContext = {
    model: fixture.model,
    acs: 'acs.example',
    storeParameterKey: async (stored) => {
      key = stored;
    },
    schedule: async () => true,
    attributes: {
      notificationOf: (path) => notifications.get(path) ?? 0,
      set: async (changes) => {
        for (const [path, value] of changes) notifications.set(path, value);
      },
      forget: async (row) => {
        for (const path of [...notifications.keys()]) if (path.startsWith(row)) notifications.delete(path);
      },
    },
    instances: settings,
    signal: new AbortController().signal,
  };
  const envelope = readEnvelope(
    `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:c="urn:dslforum-org:cwmp-1-2" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><s:Header><c:ID s:mustUnderstand="1">1</c:ID></s:Header><s:Body>${body}</s:Body></s:Envelope>`,
  );
  let text = '';
  await answer(
    createVerbs(() => {}),
    envelope,
    context,
    silentLog,
    (piece) => {
      text += piece;
    },
  );
  return text;
}
const names = (text: string): string[] => [...text.matchAll(/<Name>(.*?)</g)].map((match) => match[1]!);
const values = (text: string): string[] => [...text.matchAll(/<Value[^>]*>(.*?)</g)].map((match) => match[1]!);
const faults = (text: string): string[] =>
  [...text.matchAll(/(?:<ParameterName>(.*?)<\/ParameterName>)?<FaultCode>(\d+)</g)].map((match) =>
    match[1] === undefined ? match[2]! : `${match[1]} ${match[2]}`,
  );
const get = (...paths: string[]): Promise<string> =>
  call(
    `<c:GetParameterValues><ParameterNames>${paths.map((path) => `<string>${path}</string>`).join('')}</ParameterNames></c:GetParameterValues>`,
  );
const set = (...given: (readonly [string, string])[]): Promise<string> =>
  call(
    `<c:SetParameterValues><ParameterList>${given
      .map(([name, value]) => `<P><Name>${name}</Name><Value>${value}</Value></P>`)
      .join('')}</ParameterList><ParameterKey>k</ParameterKey></c:SetParameterValues>`,
  );
const rowsOf = async (table: string): Promise<string[]> => {
  const text = await call(
    `<c:GetParameterNames><ParameterPath>${table}</ParameterPath><NextLevel>1</NextLevel></c:GetParameterNames>`,
  );
  return names(text);
};

describe('addressing by alias', () => {
  beforeEach(async () => {
    expect(await set([`${mapping}1.Alias`, 'nas'])).toContain('<Status>0</Status>');
  });

  it('reads what a row of that alias has, and answers in the words of the request', async () => {
    const text = await get(`${mapping}[nas].ExternalPort`, `${mapping}[nas].InternalClient`);
    expect(names(text)).toEqual([`${mapping}[nas].ExternalPort`, `${mapping}[nas].InternalClient`]);
    expect(values(text)).toEqual(['8443', '192.168.1.10']);
    const partial = names(await get(`${mapping}[nas].`));
    expect(partial).toContain(`${mapping}[nas].Protocol`);
    expect(partial.every((name) => name.startsWith(`${mapping}[nas].`))).toBe(true);
  });

  it('answers by number what was asked for by number, whatever the alias', async () => {
    expect(names(await get(`${mapping}1.ExternalPort`))).toEqual([`${mapping}1.ExternalPort`]);
    expect(names(await get(mapping)).every((name) => name.startsWith(`${mapping}1.`))).toBe(true);
  });

  it('knows no alias that no row has', async () => {
    expect(faults(await get(`${mapping}[other].ExternalPort`))).toEqual(['9005']);
    expect(faults(await set([`${mapping}[other].ExternalPort`, '1']))).toEqual([
      '9003',
      `${mapping}[other].ExternalPort 9005`,
    ]);
    expect(key).toBe('k');
  });

  it('writes by alias, and tells faults under the names of the request', async () => {
    expect(await set([`${mapping}[nas].ExternalPort`, '9443'])).toContain('<Status>0</Status>');
    expect(fixture.config('firewall')).toContain("option src_dport '9443'");
    const text = await set([`${mapping}[nas].ExternalPort`, '70000'], [`${mapping}[nas].InternalPort`, '444']);
    expect(faults(text)).toEqual(['9003', `${mapping}[nas].ExternalPort 9007`]);
    expect(fixture.config('firewall')).not.toContain("'444'");
  });

  it('sees that a number and an alias are the same parameter', async () => {
    const text = await set([`${mapping}[nas].ExternalPort`, '1000'], [`${mapping}1.ExternalPort`, '2000']);
    expect(faults(text)[0]).toBe('9003');
    expect(fixture.config('firewall')).toContain("'8443'");
  });

  it('keeps attributes for the row, by whatever name it was set', async () => {
    await call(
      `<c:SetParameterAttributes><ParameterList><S><Name>${mapping}[nas].ExternalPort</Name><NotificationChange>1</NotificationChange><Notification>2</Notification><AccessListChange>0</AccessListChange><AccessList/></S></ParameterList></c:SetParameterAttributes>`,
    );
    expect([...notifications]).toEqual([[`${mapping}1.ExternalPort`, 2]]);
    const text = await call(
      `<c:GetParameterAttributes><ParameterNames><string>${mapping}[nas].ExternalPort</string></ParameterNames></c:GetParameterAttributes>`,
    );
    expect(names(text)).toEqual([`${mapping}[nas].ExternalPort`]);
    expect(text).toContain('<Notification>2</Notification>');
  });

  it('adds a row of an alias, once, and deletes it by the alias', async () => {
    const add = `<c:AddObject><ObjectName>${mapping}[mail].</ObjectName><ParameterKey>k2</ParameterKey></c:AddObject>`;
    const text = await call(add);
    const number = /<InstanceNumber>(\d+)</.exec(text)![1];
    expect(values(await get(`${mapping}${number}.Alias`))).toEqual(['mail']);
    expect(faults(await call(add))).toEqual(['9005']);
    expect(key).toBe('k2');
    await call(`<c:DeleteObject><ObjectName>${mapping}[mail].</ObjectName><ParameterKey/></c:DeleteObject>`);
    expect(await rowsOf(mapping)).toEqual([`${mapping}1.`]);
  });

  it.each(['SetParameterValues', 'AddObject', 'DeleteObject'])('takes no wildcard in %s', async (method) => {
    const text =
      method === 'SetParameterValues'
        ? await set([`${mapping}*.ExternalPort`, '1'])
        : await call(`<c:${method}><ObjectName>${mapping}*.</ObjectName><ParameterKey/></c:${method}>`);
    expect(faults(text).at(-1)).toMatch(/9005$/);
    expect(await rowsOf(mapping)).toEqual([`${mapping}1.`]);
  });

  it('reads by wildcard, and finds nothing without a fault', async () => {
    expect(names(await get(`${mapping}*.ExternalPort`))).toEqual([`${mapping}1.ExternalPort`]);
    expect(names(await get('Device.PPP.Interface.*.Enable'))).toEqual([]);
  });
});

describe('InstanceMode InstanceAlias', () => {
  beforeEach(() => {
    settings = { mode: 'InstanceAlias', autoCreate: false };
  });

  it('names rows by their aliases where the request left it open', async () => {
    expect(names(await get(`${mapping}*.ExternalPort`))).toEqual([`${mapping}[cpe-1].ExternalPort`]);
    expect(await rowsOf(mapping)).toEqual([`${mapping}[cpe-1].`]);
    expect(names(await get(`${mapping}1.ExternalPort`))).toEqual([`${mapping}1.ExternalPort`]);
  });

  it('names rows in rows', async () => {
    expect(names(await get('Device.WiFi.AccessPoint.'))).toContain(
      'Device.WiFi.AccessPoint.[cpe-1].Security.ModeEnabled',
    );
  });
});

describe('AutoCreateInstances', () => {
  beforeEach(() => {
    settings = { mode: 'InstanceNumber', autoCreate: true };
  });

  it('makes a row with the values that are set on it, in one write', async () => {
    const text = await set(
      [`${mapping}[mail].ExternalPort`, '25'],
      [`${mapping}[mail].InternalClient`, '192.168.1.25'],
      ['Device.WiFi.SSID.1.SSID', 'Renamed'],
    );
    expect(text).toContain('<Status>0</Status>');
    expect(values(await get(`${mapping}[mail].ExternalPort`, `${mapping}[mail].InternalClient`))).toEqual([
      '25',
      '192.168.1.25',
    ]);
    expect(fixture.config('wireless')).toContain("option ssid 'Renamed'");
  });

  it('makes nothing when one value is refused', async () => {
    const before = fixture.config('firewall');
    const text = await set([`${mapping}[mail].ExternalPort`, 'many'], ['Device.WiFi.SSID.1.SSID', 'Renamed']);
    expect(faults(text)).toEqual(['9003', `${mapping}[mail].ExternalPort 9006`]);
    expect(fixture.config('firewall')).toBe(before);
    expect(fixture.config('wireless')).toContain("option ssid 'Home'");
    expect(key).toBe('');
  });

  const connection = 'Device.XMPP.Connection.[main].';
  it('makes the rows below it and what is in its parts in that very write', async () => {
    let writes = 0;
    const { model } = fixture;
    const write = model.write.bind(model);
    model.write = (...given) => {
      writes++;
      return write(...given);
    };
    const text = await set(
      [`${connection}Server.[one].ServerAddress`, 'one.example'],
      [`${connection}Username`, 'cpe'],
      [`${connection}Server.[two].ServerAddress`, 'two.example'],
      [`${connection}Server.[one].Port`, '5223'],
      ['Device.PPP.Interface.[dsl].PPPoE.ServiceName', 'isp'],
      ['Device.PPP.Interface.[dsl].Username', 'me'],
    );
    expect(text).toContain('<Status>');
    expect(writes).toBe(1);
    const read = ['Username', 'Server.[one].ServerAddress', 'Server.[one].Port', 'Server.[two].ServerAddress'];
    expect(values(await get(...read.map((name) => connection + name)))).toEqual([
      ...['cpe', 'one.example', '5223', 'two.example'],
    ]);
    expect(await rowsOf(`${connection}Server.`)).toHaveLength(2);
    const network = fixture.config('network');
    expect(network.match(/^config/gm)).toHaveLength(1);
    expect(network).toContain("option service 'isp'");
    expect(network).toContain("option username 'me'");
  });

  it('makes none of it when a value anywhere is refused, and says each', async () => {
    const before = fixture.config('tandem');
    const text = await set(
      [`${connection}Username`, 'cpe'],
      [`${connection}Nothing`, 'x'],
      [`${connection}Server.[one].Port`, 'many'],
      [`${connection}Server.[one].Nobody`, 'x'],
      [`${connection}Nowhere.Port`, '1'],
      ['Device.WiFi.SSID.[more].Stats.BytesSent', '1'],
      ['Device.WiFi.SSID.1.SSID', 'Renamed'],
    );
    expect(faults(text)).toEqual([
      '9003',
      `${connection}Nothing 9005`,
      `${connection}Server.[one].Port 9006`,
      `${connection}Server.[one].Nobody 9005`,
      `${connection}Nowhere.Port 9005`,
      'Device.WiFi.SSID.[more].Stats.BytesSent 9008',
    ]);
    expect(fixture.config('tandem')).toBe(before);
    expect(fixture.config('wireless')).toContain("option ssid 'Home'");
    expect(await rowsOf('Device.WiFi.SSID.')).toEqual(['Device.WiFi.SSID.1.']);
    expect(key).toBe('');
  });

  it('makes no row by its number', async () => {
    const text = await set([`${connection}Username`, 'cpe'], [`${connection}Server.1.Port`, '5222']);
    expect(faults(text)).toEqual(['9003', `${connection}Server.1.Port 9005`]);
    expect(await rowsOf('Device.XMPP.Connection.')).toEqual([]);
  });

  it('takes no name twice, however it is spelt', async () => {
    const twice = await set([`${connection}Server.[one].Port`, '1'], [`${connection}Server.[one].Port`, '2']);
    expect(faults(twice)).toEqual(['9003']);
  });

  it('refuses a table that it does not know, and makes rows of one that is kept in the agent', async () => {
    const role = 'Device.LocalAgent.ControllerTrust.Role.[guest].';
    expect(faults(await set([`${role}Name`, 'guest']))).toEqual(['9003', `${role}Name 9005`]);
    expect(await set(['Device.Users.User.[second].Username', 'second'])).toContain('<Status>0</Status>');
    expect(values(await get('Device.Users.User.[second].Username'))).toEqual(['second']);
  });

  it('makes no row of a table that takes none', async () => {
    const text = await set(['Device.WiFi.Radio.[b].Channel', '1']);
    expect(faults(text)).toEqual(['9003', 'Device.WiFi.Radio.[b].Channel 9005']);
  });
});
