import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '#base';
import { answer, createVerbs, readEnvelope, type VerbContext, writeEnvelope, writeInform } from '#cwmp';
import { haveCwmpXsd, invalidMessages } from '../../support/cwmp-xsd.ts';
import { FakeBus } from '../../support/fake-bus.ts';
import { type ModelFixture, openModel } from '../../support/model-fixture.ts';

const wireless = `
config wifi-device 'radio0'
	option band '2g'

config wifi-iface 'home'
	option device 'radio0'
	option mode 'ap'
	option ssid 'A & B'
	option key 'correct horse'
`;

let fixture: ModelFixture;
let parameterKey: string;
let notifications: Map<string, number>;
let afterwards: string[];
const emitted: string[] = [];

beforeEach(async () => {
  const bus = new FakeBus({
    'service event': () => ({}),
    'network.wireless status': () => ({}),
    'network.device status': () => ({}),
  });
  fixture = await openModel({ bus, packages: { wireless, network: '', system: '' } });
  parameterKey = '';
  notifications = new Map();
  afterwards = [];
});
afterEach(() => fixture[Symbol.asyncDispose]());

const wrap = (body: string, namespace = 'urn:dslforum-org:cwmp-1-2'): string =>
  `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:c="${namespace}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema">` +
  `<s:Header><c:ID s:mustUnderstand="1">77</c:ID></s:Header><s:Body>${body}</s:Body></s:Envelope>`;

async function call(body: string, namespace?: string): Promise<string> {
  const context: VerbContext = {
    model: fixture.model,
    acs: 'acs.example',
    storeParameterKey: async (key) => {
      parameterKey = key;
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
    signal: new AbortController().signal,
  };
  const verbs = createVerbs((action, key) => afterwards.push(`${action} ${key}`));
  let text = '';
  await answer(verbs, readEnvelope(wrap(body, namespace)), context, silentLog, (piece) => {
    text += piece;
  });
  emitted.push(text);
  return text;
}

const set = (...values: [string, string, string?][]): string =>
  `<c:SetParameterValues><ParameterList>${values
    .map(
      ([name, value, type]) => `<P><Name>${name}</Name><Value${type ? ` xsi:type="${type}"` : ''}>${value}</Value></P>`,
    )
    .join('')}</ParameterList><ParameterKey>k1</ParameterKey></c:SetParameterValues>`;

const faultCodes = (text: string): string[] => [...text.matchAll(/<FaultCode>(\d+)</g)].map((match) => match[1]!);

describe('RPCs of the ACS', () => {
  it('answers in its namespace and with its ID', async () => {
    const text = await call('<c:GetRPCMethods/>', 'urn:dslforum-org:cwmp-1-0');
    const envelope = readEnvelope(text);
    expect(envelope.namespace).toBe('urn:dslforum-org:cwmp-1-0');
    expect(envelope.header.id).toBe('77');
    expect(text).toContain('arrayType="xsd:string[11]"');
  });

  it('GetParameterValues: partial paths, types, exact count, escaping, secrets empty', async () => {
    const text = await call(
      '<c:GetParameterValues><ParameterNames><string>Device.WiFi.SSID.1.</string><string>Device.WiFi.SSID.1.SSID</string><string>Device.WiFi.AccessPoint.1.Security.KeyPassphrase</string></ParameterNames></c:GetParameterValues>',
    );
    expect(text).toContain('<Name>Device.WiFi.SSID.1.SSID</Name><Value xsi:type="xsd:string">A &amp; B</Value>');
    expect(text).toContain('<Name>Device.WiFi.SSID.1.Enable</Name><Value xsi:type="xsd:boolean">true</Value>');
    expect(text).not.toContain('correct horse');
    const count = /ParameterValueStruct\[(\d+)\]/.exec(text)![1];
    expect(text.match(/<ParameterValueStruct>/g)).toHaveLength(Number(count));
    expect(text.match(/Device\.WiFi\.SSID\.1\.SSID</g)).toHaveLength(1);
  });

  it('GetParameterValues of an unknown name refuses the whole call', async () => {
    const text = await call(
      '<c:GetParameterValues><ParameterNames><string>Device.WiFi.</string><string>Device.Nope</string></ParameterNames></c:GetParameterValues>',
    );
    expect(faultCodes(text)).toEqual(['9005']);
    expect(text).toContain('<faultstring>CWMP fault</faultstring>');
  });

  it.each([
    ['', '1', ['Device.']],
    ['Device.WiFi.SSID.', '1', ['Device.WiFi.SSID.1.']],
    ['Device.WiFi.SSID.1.SSID', '0', ['Device.WiFi.SSID.1.SSID']],
  ])('GetParameterNames of %j, next level %s', async (path, next, names) => {
    const text = await call(
      `<c:GetParameterNames><ParameterPath>${path}</ParameterPath><NextLevel>${next}</NextLevel></c:GetParameterNames>`,
    );
    expect([...text.matchAll(/<Name>(.*?)</g)].map((match) => match[1])).toEqual(names);
  });

  it('GetParameterNames of a full name with next level is 9003', async () => {
    const text = await call(
      '<c:GetParameterNames><ParameterPath>Device.WiFi.SSID.1.SSID</ParameterPath><NextLevel>true</NextLevel></c:GetParameterNames>',
    );
    expect(faultCodes(text)).toEqual(['9003']);
  });

  it('SetParameterValues stores values and the key', async () => {
    const text = await call(
      set(
        ['Device.WiFi.SSID.1.SSID', 'New &lt;name&gt;', 'xsd:string'],
        ['Device.WiFi.SSID.1.Enable', '0', 'xsd:boolean'],
      ),
    );
    expect(text).toContain('<Status>0</Status>');
    expect(parameterKey).toBe('k1');
    expect(fixture.config('wireless')).toContain(`option ssid 'New <name>'`);
  });

  it('SetParameterValues names every parameter at fault and changes nothing, not even the key', async () => {
    const before = fixture.config('wireless');
    const text = await call(
      set(
        ['Device.WiFi.SSID.1.SSID', 'fine', 'xsd:string'],
        ['Device.WiFi.SSID.1.Status', 'Up', 'xsd:string'],
        ['Device.WiFi.SSID.1.Enable', 'maybe'],
        ['Device.WiFi.SSID.9.SSID', 'x'],
        ['Device.WiFi.AccessPoint.1.MaxAllowedAssociations', '-1'],
      ),
    );
    expect(faultCodes(text)).toEqual(['9003', '9008', '9006', '9005', '9006']);
    expect(fixture.config('wireless')).toBe(before);
    expect(parameterKey).toBe('');
  });

  it('SetParameterValues names every parameter at fault, whatever is wrong with each', async () => {
    const before = fixture.config('wireless');
    const text = await call(
      set(
        ['Device.WiFi.SSID.1.', 'an object'],
        ['Device.WiFi.SSID.1.Enable', '1', 'xsd:dateTime'],
        ['Device.WiFi.SSID.[nobody].SSID', 'x'],
        ['Device.WiFi.SSID.[nobody].Enable', '1'],
        ['Device.WiFi.SSID.1.Status', 'Up', 'xsd:string'],
        ['Device.ManagementServer.URL', 'acs.example/cwmp'],
        ['Device.WiFi.SSID.1.SSID', 'fine'],
      ),
    );
    const named = [...text.matchAll(/<ParameterName>([^<]+)<\/ParameterName><FaultCode>(\d+)/g)];
    expect(named.map(([, name, code]) => `${name} ${code}`).sort()).toEqual([
      'Device.ManagementServer.URL 9007',
      'Device.WiFi.SSID.1. 9005',
      'Device.WiFi.SSID.1.Enable 9006',
      'Device.WiFi.SSID.1.Status 9008',
      'Device.WiFi.SSID.[nobody].Enable 9005',
      'Device.WiFi.SSID.[nobody].SSID 9005',
    ]);
    expect(fixture.config('wireless')).toBe(before);
    expect(parameterKey).toBe('');
  });

  it.each(['ftp://acs.example/', 'acs.example:7547/cwmp', 'https//acs.example/'])(
    'takes no URL of an ACS that is none: %s',
    async (url) => {
      expect(faultCodes(await call(set(['Device.ManagementServer.URL', url])))).toEqual(['9003', '9007']);
    },
  );

  it.each([
    [set(['Device.WiFi.SSID.1.SSID', 'a'], ['Device.WiFi.SSID.1.SSID', 'b']), ['9003']],
    [set(['Device.WiFi.SSID.1.Enable', '1', 'xsd:dateTime']), ['9003', '9006']],
    [set(['Device.WiFi.SSID.1.', 'x']), ['9003', '9005']],
    ['<c:SetParameterValues/>', ['9003']],
    ['<c:AddObject><ObjectName>Device.WiFi.Radio.</ObjectName><ParameterKey/></c:AddObject>', ['9005']],
    ['<c:AddObject><ObjectName>Device.WiFi.SSID</ObjectName><ParameterKey/></c:AddObject>', ['9003']],
    ['<c:DeleteObject><ObjectName>Device.WiFi.SSID.9.</ObjectName><ParameterKey/></c:DeleteObject>', ['9005']],
    ['<c:X_Unknown/>', ['9000']],
  ])('refuses %s', async (body, codes) => {
    expect(faultCodes(await call(body))).toEqual(codes);
  });

  it('AddObject gives the number, DeleteObject takes the row away', async () => {
    const added = await call(
      '<c:AddObject><ObjectName>Device.WiFi.SSID.</ObjectName><ParameterKey>k2</ParameterKey></c:AddObject>',
    );
    expect(added).toContain('<InstanceNumber>2</InstanceNumber><Status>0</Status>');
    expect(parameterKey).toBe('k2');
    const deleted = await call(
      '<c:DeleteObject><ObjectName>Device.WiFi.SSID.2.</ObjectName><ParameterKey/></c:DeleteObject>',
    );
    expect(deleted).toContain('<Status>0</Status>');
    expect(fixture.config('wireless').match(/config wifi-iface/g)).toHaveLength(1);
  });

  it('keeps notification attributes, and refuses to deny what is always notified', async () => {
    const entry = (name: string, value: string): string =>
      `<c:SetParameterAttributes><ParameterList><S><Name>${name}</Name><NotificationChange>1</NotificationChange><Notification>${value}</Notification><AccessListChange>0</AccessListChange><AccessList/></S></ParameterList></c:SetParameterAttributes>`;
    expect(faultCodes(await call(entry('Device.WiFi.SSID.1.SSID', '2')))).toEqual([]);
    const read = await call(
      '<c:GetParameterAttributes><ParameterNames><string>Device.WiFi.SSID.1.SSID</string></ParameterNames></c:GetParameterAttributes>',
    );
    expect(read).toContain('<Notification>2</Notification>');
    expect(faultCodes(await call(entry('Device.DeviceInfo.SoftwareVersion', '0')))).toEqual(['9009']);
    expect(faultCodes(await call(entry('Device.WiFi.SSID.1.SSID', '7')))).toEqual(['9003']);
  });

  it('puts a reboot off until the session is over', async () => {
    await call('<c:Reboot><CommandKey>later</CommandKey></c:Reboot>');
    await call('<c:FactoryReset/>');
    expect(afterwards).toEqual(['reboot later', 'factory-reset ']);
  });
});

describe.skipIf(!haveCwmpXsd)('every envelope that was written above', () => {
  it('is valid by the CWMP schema', () => {
    let inform = '';
    writeEnvelope(
      (piece) => {
        inform += piece;
      },
      'urn:dslforum-org:cwmp-1-2',
      { id: '1', sessionTimeoutSeconds: 60, supportedVersions: '1.0,1.1,1.2,1.3,1.4' },
      (writer) =>
        writeInform(writer, {
          deviceId: { manufacturer: 'M', oui: '00D09E', productClass: 'P', serialNumber: 'S' },
          events: [{ code: '0 BOOTSTRAP', commandKey: '' }],
          now: 0,
          retryCount: 0,
          parameters: [{ path: 'Device.RootDataModelVersion', value: '2.19', type: 'string', list: false }],
        }),
    );
    const messages = [...emitted, inform].filter((candidate) => !candidate.includes('soap-env:Fault'));
    expect(invalidMessages(messages)).toEqual([]);
  });
});
