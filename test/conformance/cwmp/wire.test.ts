import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { type Cpe, type CpeOptions, patient, startCpe } from '../../support/cpe.ts';
import { envelope, informResponse, ScriptedAcs } from '../../support/scripted-acs.ts';

// Requirements of TR-069 on the wire that no other test is about; the number is that of docs/cwmp-conformance.md.
const open: (AsyncDisposable | Disposable)[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) {
    if (Symbol.asyncDispose in one) await one[Symbol.asyncDispose]();
    else one[Symbol.dispose]();
  }
});

/** @param prepare before the client's first message */
async function against(
  prepare: (acs: ScriptedAcs) => void = () => {},
  options: CpeOptions = {},
): Promise<[ScriptedAcs, Cpe]> {
  const acs = new ScriptedAcs();
  open.push(acs);
  prepare(acs);
  const cpe = await startCpe({ ...options, url: await acs.listen() });
  open.push(cpe);
  await expect.poll(() => cpe.client.status().last, patient).toBeDefined();
  return [acs, cpe];
}
const set = (...values: (readonly [string, string, string?])[]): string =>
  `<c:SetParameterValues><ParameterList>${values
    .map(
      ([name, value, type]) =>
        `<ParameterValueStruct><Name>${name}</Name><Value${type ? ` xsi:type="${type}"` : ''}>${value}</Value></ParameterValueStruct>`,
    )
    .join('')}</ParameterList><ParameterKey>k</ParameterKey></c:SetParameterValues>`;
const get = (name: string): string =>
  `<c:GetParameterValues><ParameterNames><string>${name}</string></ParameterNames></c:GetParameterValues>`;
const faults = (text: string): string[] => [...text.matchAll(/<FaultCode>(\d+)</g)].map((match) => match[1]!);

describe('HTTP', () => {
  it('2: takes bodies with a length, in chunks, and up to the end of the connection', async () => {
    for (const how of ['length', 'chunks', 'close']) {
      const [acs] = await against((scripted) => {
        scripted.mischief = (body, response) => {
          const text = body.includes('<cwmp:Inform>') ? informResponse(body) : '';
          if (text === '') response.writeHead(204).end();
          else if (how === 'length') response.end(text);
          else {
            if (how === 'close') response.setHeader('connection', 'close');
            response.useChunkedEncodingByDefault = how === 'chunks';
            response.write(text.slice(0, 50));
            response.end(text.slice(50));
          }
        };
      });
      expect(acs.seen.map(({ body }) => body.length > 0)).toEqual([true, false]);
    }
  });

  it('4: a message says what it is, the empty POST has nothing', async () => {
    const [acs] = await against((scripted) => {
      scripted.requests = ['<c:GetRPCMethods/>'];
    });
    const [inform, empty, answer] = acs.seen.map(({ headers }) => headers);
    for (const headers of [inform!, answer!]) {
      expect(headers['content-type']).toBe('text/xml; charset="utf-8"');
      expect(headers.soapaction).toBe('');
    }
    expect(empty).not.toHaveProperty('content-type');
    expect(empty).not.toHaveProperty('soapaction');
    expect(empty!['content-length']).toBe('0');
  });

  it('5: an empty 200 ends the session as 204 does', async () => {
    const [, cpe] = await against((scripted) => {
      scripted.mischief = (body, response) => response.end(body === '' ? '' : informResponse(body));
    });
    expect(cpe.client.status().last?.ok).toBe(true);
  });

  it('23: the credentials go to the server of a redirect, the cookies do not go to another host', async () => {
    const other = new ScriptedAcs();
    open.push(other);
    const elsewhere = new URL(await other.listen());
    elsewhere.hostname = 'localhost';
    other.mischief = (body, response, request) => {
      if (request.headers.authorization === undefined) {
        response.writeHead(401, { 'www-authenticate': 'Digest realm="r", nonce="n", qop="auth"' }).end();
      } else other.good(body, response);
    };
    await against((scripted) => {
      scripted.mischief = (_body, response) =>
        response.writeHead(302, { location: elsewhere.href, 'set-cookie': 'first=1' }).end();
    });
    expect(other.informs).toBe(2);
    const last = other.seen.at(-1)!;
    expect(last.headers.authorization).toContain('username="cpe"');
    expect(last.headers.cookie).toBeUndefined();
  });

  it('24: cookies are those of the session, and gone with it', async () => {
    const [acs, cpe] = await against((scripted) => {
      scripted.mischief = (body, response) => {
        response.setHeader('set-cookie', ['a=1', 'b=2; Version=1']);
        scripted.good(body, response);
      };
    });
    expect(acs.seen[1]!.headers.cookie).toBe('a=1; b=2');
    acs.mischief = undefined;
    cpe.client.inform();
    await expect.poll(() => acs.informs, patient).toBe(2);
    expect(acs.seen.at(2)!.headers.cookie).toBeUndefined();
    expect(JSON.stringify([...cpe.state.entries])).not.toContain('a=1');
  });

  it('26: the count of a nonce goes up, and the URI is the target as it was sent', async () => {
    const [acs] = await against((scripted) => {
      scripted.requests = ['<c:GetRPCMethods/>'];
      scripted.mischief = (body, response, request) => {
        if (request.headers.authorization !== undefined) scripted.good(body, response);
        else response.writeHead(401, { 'www-authenticate': 'Digest realm="r", nonce="n", qop="auth"' }).end();
      };
    });
    const said = acs.seen.slice(1).map(({ headers }) => headers.authorization!);
    expect(said.map((text) => /nc=(\d+)/.exec(text)?.[1])).toEqual(['00000001', '00000002', '00000003']);
    expect(said.every((text) => text.includes('uri="/"'))).toBe(true);
  });
});

describe('the envelope', () => {
  it('7: only the message and the headers have a prefix of CWMP, the arguments have none', async () => {
    const [acs] = await against((scripted) => {
      scripted.requests = [get('Device.DeviceInfo.'), get('Device.Nope')];
    });
    for (const { body } of acs.seen.filter((one) => one.body !== '')) {
      const prefixed = [...body.matchAll(/<cwmp:(\w+)/g)].map((match) => match[1]!);
      const message = /<soap-env:Body><(?:cwmp:)?([\w:-]+)/.exec(body)![1]!;
      const allowed = ['ID', 'SupportedCWMPVersions', 'SessionTimeout', 'Fault', message];
      expect(prefixed.filter((name) => !allowed.includes(name))).toEqual([]);
      expect(/<(?!soap-env:|cwmp:|\/|\?|[A-Za-z]+[ >/])/.test(body)).toBe(false);
    }
  });

  it('9: own requests have an ID each, answers carry that of the ACS byte for byte', async () => {
    const odd = '  Ünï &amp; &lt;42&gt; ';
    const [acs] = await against((scripted) => {
      scripted.mischief = (body, response) => {
        if (body !== '') scripted.good(body, response);
        else response.end(envelope('<c:GetRPCMethods/>', odd));
      };
    });
    expect(acs.answers[0]).toContain(`<cwmp:ID soap-env:mustUnderstand="1">${odd}</cwmp:ID>`);
  });

  it('3: each message is a POST of its own, and an answer goes in the next one', async () => {
    const [acs] = await against((scripted) => {
      scripted.requests = ['<c:GetRPCMethods/>'];
    });
    expect(acs.seen.map(({ body }) => /<soap-env:Body><cwmp:(\w+)/.exec(body)?.[1] ?? '')).toEqual([
      'Inform',
      '',
      'GetRPCMethodsResponse',
    ]);
  });

  it('20: keys and names that are too long are refused', async () => {
    const [acs] = await against((scripted) => {
      scripted.requests = [
        set(['Device.WiFi.SSID.1.SSID', 'x']).replace('<ParameterKey>k<', `<ParameterKey>${'k'.repeat(33)}<`),
        `<c:Reboot><CommandKey>${'k'.repeat(33)}</CommandKey></c:Reboot>`,
        `<c:ScheduleInform><DelaySeconds>5</DelaySeconds><CommandKey>${'k'.repeat(33)}</CommandKey></c:ScheduleInform>`,
        get(`Device.${'x'.repeat(257)}`),
      ];
    });
    expect(acs.answers.map((answer) => faults(answer)[0])).toEqual(['9003', '9003', '9003', '9005']);
  });

  it('70: the Inform has the time with its zone, one envelope and the count of retries', async () => {
    const [acs] = await against();
    const { body } = acs.seen[0]!;
    expect(body).toMatch(/<CurrentTime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)<\/CurrentTime>/);
    expect(body).toContain('<MaxEnvelopes>1</MaxEnvelopes>');
    expect(body).toContain('<RetryCount>0</RetryCount>');
  });

  it('66: the Inform names the device as DeviceInfo does', async () => {
    const [acs, cpe] = await against();
    const { body } = acs.seen[0]!;
    const names = {
      Manufacturer: 'Manufacturer',
      OUI: 'ManufacturerOUI',
      ProductClass: 'ProductClass',
      SerialNumber: 'SerialNumber',
    };
    for (const [name, parameter] of Object.entries(names)) {
      const [reading] = await cpe.fixture.model.get({ protocol: 'cwmp' }, [`Device.DeviceInfo.${parameter}`]);
      const value = reading!.result.ok && reading!.result.value[0]!.parameters[0]!.value;
      expect(body).toContain(`<${name}>${value}</${name}>`);
    }
  });
});

describe('events', () => {
  it('43: one of each single code in an Inform, and one of each key of those with a key', async () => {
    const [acs, cpe] = await against((scripted) => {
      const order = (key: string): string =>
        `<c:ScheduleInform><DelaySeconds>60</DelaySeconds><CommandKey>${key}</CommandKey></c:ScheduleInform>`;
      scripted.requests = [order('a'), order('b')];
    });
    for (let n = 0; n < 3; n++) cpe.client.inform();
    cpe.clock.advance(60_000);
    await expect.poll(() => acs.seen.some(({ body }) => body.includes('M ScheduleInform')), patient).toBe(true);
    await cpe.idle();
    const told = acs.seen
      .filter(({ body }) => body.includes('M ScheduleInform'))
      .map(({ body }) =>
        [...body.matchAll(/<EventCode>(.*?)<\/EventCode><CommandKey>(.*?)</g)].map(
          (match) => `${match[1]} ${match[2]}`,
        ),
      );
    for (const events of told) expect(new Set(events).size).toBe(events.length);
    expect(told.flat().filter((event) => event.startsWith('M '))).toEqual(['M ScheduleInform a', 'M ScheduleInform b']);
    expect(told.flat().filter((event) => /^\d+ /.test(event) && !/ $/.test(event))).toEqual([]);
  });

  it('97: another URL: this session ends where it began, the next one is there, with BOOTSTRAP', async () => {
    const next = new ScriptedAcs();
    open.push(next);
    const url = await next.listen();
    const [acs] = await against((scripted) => {
      scripted.requests = [set(['Device.ManagementServer.URL', url]), get('Device.ManagementServer.URL')];
    });
    await expect.poll(() => next.informs, patient).toBe(1);
    expect(acs.answers).toHaveLength(2);
    expect(acs.informs).toBe(1);
    expect(next.seen[0]!.body).toContain('<EventCode>0 BOOTSTRAP</EventCode>');
  });

  it('98: URL, user name and password that come together count together', async () => {
    const next = new ScriptedAcs();
    open.push(next);
    next.mischief = (body, response, request) => {
      if (request.headers.authorization !== undefined) next.good(body, response);
      else response.writeHead(401, { 'www-authenticate': 'Digest realm="r", nonce="n"' }).end();
    };
    const url = await next.listen();
    const [acs] = await against((scripted) => {
      scripted.requests = [
        set(
          ['Device.ManagementServer.Username', 'someone'],
          ['Device.ManagementServer.URL', url],
          ['Device.ManagementServer.Password', 'else'],
        ),
      ];
    });
    await expect.poll(() => next.seen.at(-1)?.headers.authorization, patient).toBeDefined();
    const hash = (text: string): string => createHash('md5').update(text).digest('hex');
    const given = next.seen.find(({ headers }) => headers.authorization !== undefined)!.headers.authorization!;
    expect(given).toContain(`response="${hash(`${hash('someone:r:else')}:n:${hash('POST:/')}`)}"`);
    expect(acs.seen.every(({ headers }) => headers.authorization === undefined)).toBe(true);
  });

  it('50: a connection request whose session failed is not told again', async () => {
    const [acs, cpe] = await against();
    acs.mischief = (_body, response) => response.writeHead(500).end();
    cpe.client.inform();
    await expect.poll(() => cpe.client.status().last?.ok, patient).toBe(false);
    await cpe.idle();
    expect(cpe.client.status().pending).toEqual([]);
    expect(cpe.clock.nextMs ?? Number.POSITIVE_INFINITY).toBeGreaterThan(10_000);
  });
});

describe('parameters', () => {
  it('17: values carry the type of the data model', async () => {
    const [acs] = await against((scripted) => {
      scripted.requests = [get('Device.')];
    });
    const types = new Map(
      [...acs.answers[0]!.matchAll(/<Name>(.*?)<\/Name><Value xsi:type="(.*?)"/g)].map((match) => [
        match[1]!,
        match[2]!,
      ]),
    );
    expect(types.get('Device.WiFi.SSID.1.Enable')).toBe('xsd:boolean');
    expect(types.get('Device.ManagementServer.PeriodicInformInterval')).toBe('xsd:unsignedInt');
    expect(types.get('Device.ManagementServer.PeriodicInformTime')).toBe('xsd:dateTime');
    expect(types.get('Device.ManagementServer.HTTPCompressionSupported')).toBe('xsd:string');
    expect([...types.values()].every((type) => /^(xsd:\w+|soap-enc:base64)$/.test(type))).toBe(true);
  });

  it('18: a boolean is read in all of its four words', async () => {
    const [acs, cpe] = await against((scripted) => {
      scripted.requests = ['0', '1', 'false', 'true'].map((value) =>
        set(['Device.ManagementServer.PeriodicInformEnable', value, 'xsd:boolean']),
      );
    });
    expect(acs.answers.flatMap(faults)).toEqual([]);
    expect(cpe.fixture.config('tandem')).toContain("option periodic_inform '1'");
  });

  it.each([
    [
      '79: there twice',
      [
        ['Device.WiFi.SSID.1.SSID', 'a'],
        ['Device.WiFi.SSID.1.SSID', 'b'],
      ],
      ['9003'],
    ],
    ['79: an object', [['Device.WiFi.SSID.1.', 'a']], ['9003', '9005']],
    ['80: of another type', [['Device.WiFi.SSID.1.Enable', '7', 'xsd:unsignedInt']], ['9003', '9006']],
    [
      '80: out of its range',
      [['Device.ManagementServer.PeriodicInformInterval', '0', 'xsd:unsignedInt']],
      ['9003', '9007'],
    ],
    ['80: not among the words', [['Device.ManagementServer.InstanceMode', 'Both', 'xsd:string']], ['9003', '9007']],
    ['80: too long', [['Device.WiFi.SSID.1.SSID', 'x'.repeat(33), 'xsd:string']], ['9003', '9007']],
    ['80: read only', [['Device.DeviceInfo.UpTime', '7', 'xsd:unsignedInt']], ['9003', '9008']],
    [
      '78: several, each with its code',
      [
        ['Device.Nope', '1'],
        ['Device.DeviceInfo.UpTime', '1'],
        ['Device.WiFi.SSID.1.SSID', 'kept out'],
      ],
      ['9003', '9005', '9008'],
    ],
  ] as const)('%s', async (_, values, codes) => {
    const [acs, cpe] = await against((scripted) => {
      scripted.requests = [set(...(values as readonly (readonly [string, string, string?])[]))];
    });
    expect(faults(acs.answers[0]!)).toEqual(codes);
    expect(cpe.fixture.config('wireless')).toContain("'Old'");
    expect(cpe.state.entries.get('cwmp') ?? '').not.toContain('"parameterKey":"k"');
  });

  it('75: each parameter once, in whatever ways it was asked for; passwords are empty', async () => {
    const [acs] = await against((scripted) => {
      scripted.requests = [
        '<c:GetParameterValues><ParameterNames><string>Device.ManagementServer.</string><string>Device.ManagementServer.URL</string><string></string></ParameterNames></c:GetParameterValues>',
      ];
    });
    const found = [...acs.answers[0]!.matchAll(/<Name>(.*?)<\/Name><Value[^>]*>([^<]*)/g)].map((match) =>
      match.slice(1),
    );
    const names = found.map(([name]) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain('Device.WiFi.SSID.1.SSID');
    const secret = found.filter(([name]) => /Password$|KeyPassphrase$/.test(name!));
    expect(secret.length).toBeGreaterThan(2);
    expect(secret.filter(([, value]) => value !== '')).toEqual([]);
  });

  it('84: what can not be added says why', async () => {
    const add = (path: string): string =>
      `<c:AddObject><ObjectName>${path}</ObjectName><ParameterKey>k</ParameterKey></c:AddObject>`;
    const [acs] = await against((scripted) => {
      scripted.requests = [
        'Device.WiFi.SSID',
        'Device.Nope.',
        'Device.WiFi.SSID.1.',
        'Device.DeviceInfo.',
        'Device.WiFi.Radio.',
      ].map(add);
    });
    expect(acs.answers.flatMap(faults)).toEqual(['9003', '9005', '9005', '9005', '9005']);
  });

  it('85: what can not be deleted says why', async () => {
    const remove = (path: string): string =>
      `<c:DeleteObject><ObjectName>${path}</ObjectName><ParameterKey>k</ParameterKey></c:DeleteObject>`;
    const [acs] = await against((scripted) => {
      scripted.requests = [
        'Device.WiFi.SSID.1',
        'Device.WiFi.SSID.9.',
        'Device.WiFi.SSID.',
        'Device.WiFi.Radio.1.',
      ].map(remove);
    });
    expect(acs.answers.flatMap(faults)).toEqual(['9003', '9005', '9005', '9005']);
  });

  it('87: attributes of a subtree are set at once or not at all', async () => {
    const attributes = (name: string, kind: string): string =>
      `<c:SetParameterAttributes><ParameterList><SetParameterAttributesStruct><Name>Device.WiFi.SSID.1.SSID</Name><NotificationChange>1</NotificationChange><Notification>2</Notification><AccessListChange>0</AccessListChange><AccessList/></SetParameterAttributesStruct><SetParameterAttributesStruct><Name>${name}</Name><NotificationChange>1</NotificationChange><Notification>${kind}</Notification><AccessListChange>0</AccessListChange><AccessList/></SetParameterAttributesStruct></ParameterList></c:SetParameterAttributes>`;
    const ask =
      '<c:GetParameterAttributes><ParameterNames><string>Device.WiFi.SSID.1.SSID</string></ParameterNames></c:GetParameterAttributes>';
    const [acs] = await against((scripted) => {
      scripted.requests = [
        attributes('Device.Nope', '2'),
        attributes('Device.WiFi.SSID.1.SSID', '9'),
        ask,
        attributes('Device.WiFi.SSID.1.', '1'),
        ask,
      ];
    });
    const [unknown, kind, before, , after] = acs.answers;
    expect(faults(unknown!)).toEqual(['9005']);
    expect(faults(kind!)).toHaveLength(1);
    expect(before).toContain('<Notification>0<');
    expect(after).toContain('<Notification>1<');
  });

  it('132: no password is told or logged', async () => {
    const [acs, cpe] = await against((scripted) => {
      scripted.requests = [get('Device.'), set(['Device.ManagementServer.Password', 'brand-new-secret'])];
    });
    await cpe.idle();
    const said = JSON.stringify(acs.seen) + cpe.lines.join('\n');
    for (const secret of ['cpe-password', 'hidden-key', 'brand-new-secret']) expect(said).not.toContain(secret);
  });
});
