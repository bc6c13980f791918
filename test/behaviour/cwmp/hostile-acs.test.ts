import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { type Cpe, type CpeOptions, patient, startCpe } from '../../support/cpe.ts';
import { envelope, idOf, informResponse, type Mischief, ScriptedAcs } from '../../support/scripted-acs.ts';

// An ACS, or who stands in its place, that means no good: the session fails once, in bounded time and memory, and comes back by the retry
// table; the device keeps working.
const open: (AsyncDisposable | Disposable)[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) {
    if (Symbol.asyncDispose in one) await one[Symbol.asyncDispose]();
    else one[Symbol.dispose]();
  }
});

const opened = <T extends Disposable | AsyncDisposable>(one: T): T => {
  open.push(one);
  return one;
};

async function against(mischief: Mischief | undefined, options: CpeOptions = {}): Promise<[ScriptedAcs, Cpe]> {
  const acs = opened(new ScriptedAcs());
  acs.mischief = mischief;
  const cpe = await startCpe({ ...options, url: await acs.listen() });
  open.push(cpe);
  return [acs, cpe];
}

/** The session has failed, once; the next one, at its time, is a good one. */
async function failsOnceAndComesBack(acs: ScriptedAcs, cpe: Cpe, reason: string): Promise<void> {
  await expect.poll(() => cpe.client.status().state, patient).toBe('waiting to retry');
  const failed = cpe.lines.filter((line) => line.includes('session failed'));
  expect(failed).toHaveLength(1);
  expect(failed[0]).toContain(reason);
  expect(cpe.client.status().retryCount).toBe(1);
  const [reading] = await cpe.fixture.model.get({ protocol: 'cwmp' }, ['Device.WiFi.SSID.1.SSID']);
  expect(reading!.result.ok).toBe(true);
  const before = acs.informs;
  acs.mischief = undefined;
  // First retry: 5 to 10 seconds (TR-069 3.2.1.1).
  expect(cpe.clock.nextMs).toBeGreaterThanOrEqual(5000);
  expect(cpe.clock.nextMs).toBeLessThanOrEqual(10_000);
  cpe.clock.advance(10_000);
  await expect.poll(() => cpe.client.status().state, patient).toBe('idle');
  expect(acs.informs).toBe(before + 1);
  expect(cpe.client.status().retryCount).toBe(0);
}

const laughs = `<!DOCTYPE lolz [<!ENTITY a "ha">${Array.from({ length: 9 }, (_, n) => `<!ENTITY ${String.fromCharCode(98 + n)} "${`&${String.fromCharCode(97 + n)};`.repeat(10)}">`).join('')}]>`;
const answering =
  (text: string | ((body: string) => string), headers: Record<string, string> = {}): Mischief =>
  (body, response) =>
    void response.writeHead(200, headers).end(typeof text === 'string' ? text : text(body));

describe('an envelope', () => {
  it.each<[string, string | ((body: string) => string), string]>([
    ['with a document type', `<!DOCTYPE x>${envelope('<c:InformResponse/>')}`, 'SOAP_DOCTYPE'],
    ['with entities of entities', `${laughs}${envelope('<c:InformResponse>&j;</c:InformResponse>')}`, 'SOAP_DOCTYPE'],
    ['that names a file', `<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><x>&f;</x>`, 'SOAP_DOCTYPE'],
    ['with an entity that nobody declared', envelope('<c:InformResponse>&xxe;&#0;</c:InformResponse>'), 'SOAP_'],
    ['that is nested without end', `${'<a>'.repeat(100_000)}`, 'SOAP_'],
    [
      'of a hundred thousand elements',
      envelope(`<c:InformResponse>${'<a/>'.repeat(200_000)}</c:InformResponse>`),
      'SOAP_TOO_LARGE',
    ],
    ['with attributes without end', `<a ${Array.from({ length: 5000 }, (_, n) => `b${n}=""`).join(' ')}/>`, 'SOAP_'],
    ['that stops', envelope('<c:InformResponse>').slice(0, 200), 'SOAP_MALFORMED'],
    ['that is none', 'hello', 'SOAP_MALFORMED'],
    ['of bytes', '\u0000\u0001\ufffe', 'SOAP_MALFORMED'],
    ['of another protocol', '<html><body>Log in to the hotel</body></html>', 'SOAP_'],
    ['in no namespace of CWMP', envelope('<x:InformResponse xmlns:x="urn:x"/>'), 'SOAP_NAMESPACE'],
    [
      'with another ID',
      envelope('<c:InformResponse><MaxEnvelopes>1</MaxEnvelopes></c:InformResponse>', 'wrong'),
      'CWMP_ID',
    ],
    ['that answers something else', (body) => envelope('<c:RebootResponse/>', idOf(body)), 'CWMP_UNEXPECTED'],
    [
      'that asks before it answers',
      (body) => envelope('<c:Reboot><CommandKey/></c:Reboot>', idOf(body)),
      'CWMP_UNEXPECTED',
    ],
  ])('%s', async (_, text, reason) => {
    const [acs, cpe] = await against(answering(text));
    await failsOnceAndComesBack(acs, cpe, reason);
  });

  it('with duplicate and unknown elements is read for what it says', async () => {
    const [acs] = await against(undefined);
    acs.requests = [
      '<c:GetParameterValues x="1"><Extra><Deep/></Extra><ParameterNames e:arrayType="xsd:string[99999999]"><string>Device.WiFi.SSID.1.SSID</string></ParameterNames><ParameterNames><string>Device.Nope</string></ParameterNames></c:GetParameterValues>',
      '<c:GetParameterNames><ParameterPath>Device.WiFi.</ParameterPath><NextLevel>1</NextLevel><NextLevel>x</NextLevel></c:GetParameterNames>',
    ];
    await expect.poll(() => acs.answers.length, patient).toBe(2);
    expect(acs.answers[0]).toContain('<Value xsi:type="xsd:string">Old</Value>');
    expect(acs.answers[1]).toContain('Device.WiFi.SSID.');
  });
});

describe('an answer', () => {
  it('without end, in chunks, is given up at its limit', async () => {
    let sent = 0;
    const piece = Buffer.alloc(64 * 1024, ' ');
    const [acs, cpe] = await against((_body, response) => {
      const more = (): void => {
        while (!response.destroyed) {
          sent += piece.length;
          if (!response.write(piece)) {
            response.once('drain', more);
            return;
          }
        }
      };
      more();
    });
    await failsOnceAndComesBack(acs, cpe, 'HTTP_TOO_LARGE');
    expect(sent).toBeLessThan(32 << 20);
  });

  it('that unpacks to a thousand times its size is given up at its limit', async () => {
    const bomb = gzipSync(Buffer.alloc(64 << 20, ' '));
    expect(bomb.length).toBeLessThan(70_000);
    const heap = process.memoryUsage().arrayBuffers;
    const [acs, cpe] = await against((_body, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
    );
    await failsOnceAndComesBack(acs, cpe, 'HTTP_TOO_LARGE');
    expect(process.memoryUsage().arrayBuffers - heap).toBeLessThan(32 << 20);
  });

  it('that drips is given up at its deadline', async () => {
    let dripping = 0;
    const [acs, cpe] = await against((_body, response) => {
      response.write('<');
      dripping++;
    });
    await expect.poll(() => dripping, patient).toBe(1);
    cpe.clock.advance(300_000);
    await failsOnceAndComesBack(acs, cpe, 'CWMP_SLOW');
  });

  it('with headers without end is refused', async () => {
    const [acs, cpe] = await against((_body, response) =>
      response.writeHead(200, { 'x-flood': 'x'.repeat(64 * 1024) }).end(),
    );
    await failsOnceAndComesBack(acs, cpe, 'HTTP_');
  });

  it.each<[string, Mischief, string]>([
    [
      '401 for ever',
      (_, response) =>
        response.writeHead(401, { 'www-authenticate': `Digest realm="r", nonce="${Math.random()}", qop="auth"` }).end(),
      'CWMP_AUTH',
    ],
    ['a redirect for ever', (_, response) => response.writeHead(307, { location: '/again' }).end(), 'CWMP_REDIRECTS'],
    [
      'a redirect to a file',
      (_, response) => response.writeHead(302, { location: 'file:///etc/shadow' }).end(),
      'CWMP_',
    ],
    ['500', (_, response) => response.writeHead(500).end('x'), 'CWMP_STATUS'],
    ['nothing, and a closed connection', (_, response) => response.destroy(), 'HTTP_BROKEN'],
    ['nothing at all for an Inform', (_, response) => response.writeHead(204).end(), 'CWMP_UNANSWERED'],
    [
      'a fault',
      (body, response) =>
        response.end(
          envelope(
            '<s:Fault><faultcode>Server</faultcode><detail><c:Fault><FaultCode>8001</FaultCode></c:Fault></detail></s:Fault>',
            idOf(body),
          ),
        ),
      'CWMP_INFORM_REFUSED',
    ],
    [
      '8005 for ever',
      (body, response) =>
        response.end(
          envelope(
            '<s:Fault><faultcode>Server</faultcode><detail><c:Fault><FaultCode>8005</FaultCode></c:Fault></detail></s:Fault>',
            idOf(body),
          ),
        ),
      'CWMP_INFORM_REFUSED',
    ],
  ])('of %s fails the session once', async (_, handler, reason) => {
    const [acs, cpe] = await against(handler);
    await failsOnceAndComesBack(acs, cpe, reason);
  });
});

describe('requests', () => {
  it('without end are given up at the deadline of the session', async () => {
    const acs = opened(new ScriptedAcs());
    let served = 0;
    acs.mischief = (body, response) => {
      if (body.includes('<cwmp:Inform>')) response.end(informResponse(body));
      else if (++served === 20) cpe.clock.advance(3_600_000);
      if (!response.writableEnded) response.end(envelope('<c:GetRPCMethods/>', `a${served}`));
    };
    const cpe = await startCpe({ url: await acs.listen() });
    open.push(cpe);
    await failsOnceAndComesBack(acs, cpe, 'CWMP_ENDLESS');
    expect(served).toBeGreaterThanOrEqual(20);
  });

  it('of five thousand parameters are answered, each with its fault, and nothing is kept', async () => {
    const [acs, cpe] = await against(undefined);
    const entries = Array.from(
      { length: 5000 },
      (_, n) => `<S><Name>Device.WiFi.SSID.1.X${n}</Name><Value>${n}</Value></S>`,
    );
    acs.requests = [
      `<c:SetParameterValues><ParameterList>${entries.join('')}<S><Name>Device.WiFi.SSID.1.SSID</Name><Value>New</Value></S></ParameterList><ParameterKey>k</ParameterKey></c:SetParameterValues>`,
    ];
    await expect.poll(() => acs.answers.length, patient).toBe(1);
    expect(acs.answers[0]!.match(/<SetParameterValuesFault>/g)).toHaveLength(5000);
    expect(cpe.fixture.config('wireless')).toContain("'Old'");
    expect(cpe.client.status().retryCount).toBe(0);
  });

  it('with names that are none are refused one by one', async () => {
    const [acs] = await against(undefined);
    const names = [
      '',
      '.',
      'Device',
      'Device..',
      'Device.WiFi.SSID.0.',
      'Device.WiFi.SSID.99999999999.',
      '../../etc/passwd',
      'Device.__proto__.x',
      'x'.repeat(5000),
      'Device.WiFi.SSID.[.SSID',
      '[a]',
      'Device.[a].',
    ];
    acs.requests = names.flatMap((name) => [
      `<c:GetParameterNames><ParameterPath>${name}</ParameterPath><NextLevel>maybe</NextLevel></c:GetParameterNames>`,
      `<c:SetParameterValues><ParameterList><S><Name>${name}</Name><Value>1</Value></S></ParameterList><ParameterKey/></c:SetParameterValues>`,
      `<c:AddObject><ObjectName>${name}</ObjectName><ParameterKey/></c:AddObject>`,
      `<c:DeleteObject><ObjectName>${name}</ObjectName><ParameterKey/></c:DeleteObject>`,
    ]);
    const asked = acs.requests.length;
    await expect.poll(() => acs.answers.length, patient).toBe(asked);
    // '' is everything to GetParameterNames, and no fault.
    const faults = acs.answers.filter((answer) => /<FaultCode>9\d\d\d</.test(answer));
    expect(faults).toHaveLength(asked - 1);
    expect(acs.answers.join('')).not.toContain('<FaultCode>9002<');
  });
});
