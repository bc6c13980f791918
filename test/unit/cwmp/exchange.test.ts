import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { errorCode, Secret, silentLog } from '#base';
import { Cookies, createVerbs, type OwnRequest, runSession, type SessionParts } from '#cwmp';
import type { Model } from '#model';
import { authorize, readChallenges } from '#platform';

describe('HTTP authentication', () => {
  const request = {
    method: 'GET',
    uri: '/dir/index.html',
    body: '',
    count: 1,
    clientNonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
  };
  const nonce = '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v';

  // The worked examples of RFC 7616, section 3.9.1.
  it.each([
    ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
    ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
  ])('%s', (algorithm, response) => {
    const [challenge] = readChallenges([
      `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, nonce="${nonce}", opaque="x"`,
    ]);
    const header = authorize(challenge!, { username: 'Mufasa', password: new Secret('Circle of Life') }, request);
    expect(header).toContain(`response="${response}"`);
    expect(header).toContain('nc=00000001');
    expect(header).not.toContain('Circle');
  });

  it('prefers the stronger of several challenges and reads Basic', () => {
    const challenges = readChallenges([
      'Basic realm="a, b", Digest realm="r", nonce="n1", algorithm=MD5, Digest realm="r", nonce="n2", algorithm=SHA-256, stale=true',
    ]);
    expect(challenges.map(({ scheme, algorithm }) => `${scheme} ${algorithm}`)).toEqual([
      'digest SHA-256',
      'digest MD5',
      'basic MD5',
    ]);
    expect(challenges[0]).toMatchObject({ nonce: 'n2', stale: true });
    const basic = authorize(challenges[2]!, { username: 'u', password: new Secret('p') }, request);
    expect(basic).toBe('Basic dTpw');
  });

  it('takes and gives names and realms in UTF-8, as bytes of the header, and what is not as it came', () => {
    const wire = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
    const [challenge] = readChallenges([wire(`Digest realm="Bäume", charset=UTF-8, userhash=true, nonce="n"`)]);
    expect(challenge!.realm).toBe('Bäume');
    const header = authorize(challenge!, { username: 'Jäsøn Doe', password: new Secret('Secret™') }, request);
    expect(header).toContain(wire('username="Jäsøn Doe", realm="Bäume"'));
    expect(header).not.toMatch(/[^\u0020-\u00ff]/);
    const md5 = (text: string): string => createHash('md5').update(text, 'utf8').digest('hex');
    const response = md5(`${md5('Jäsøn Doe:Bäume:Secret™')}:n:${md5(`GET:${request.uri}`)}`);
    expect(header).toContain(`response="${response}"`);
    expect(readChallenges(['Digest realm="B\u00e4ume", nonce="n"'])[0]!.realm).toBe('B\u00e4ume');
  });

  it('leaves out what it can not answer', () => {
    expect(readChallenges(['Negotiate abc', 'Digest realm="r"', 'Digest nonce="n", algorithm=SHA-512-256'])).toEqual(
      [],
    );
  });
});

describe('cookies', () => {
  it('go back to where they came from and nowhere else', () => {
    const cookies = new Cookies();
    const acs = new URL('https://acs.example.com/tr069/cwmp');
    cookies.store(acs, ['session=abc; HttpOnly', 'wide=1; Domain=.example.com; Path=/', 'evil=1; Domain=other.org']);
    expect(cookies.header(acs)).toBe('session=abc; wide=1');
    expect(cookies.header(new URL('https://other.example.com/'))).toBe('wide=1');
    expect(cookies.header(new URL('https://acs.example.com/elsewhere'))).toBe('wide=1');
    cookies.store(acs, ['session=; Max-Age=0']);
    expect(cookies.header(acs)).toBe('wide=1');
  });

  it.each([
    ['Max-Age=-1', '', undefined],
    ['Expires=Thu, 01 Jan 1970 00:00:00 GMT', '', undefined],
    ['Expires=Wed, 01 Jan 2025 00:00:00 GMT', '', 'a=1'],
    ['Expires=Wed, 01 Jan 2025 00:00:00 GMT', 'Wed, 01 Jan 2025 00:00:01 GMT', undefined],
    ['Expires=Wed, 01 Jan 2025 00:00:00 GMT', 'Tue, 31 Dec 2024 23:59:59 GMT', 'a=1'],
    ['Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=60', '', 'a=1'],
    ['Expires=soon; Max-Age=later', '', 'a=1'],
  ])('are taken back as the server says: %s, its clock at "%s"', (attributes, date, left) => {
    const cookies = new Cookies();
    const acs = new URL('https://acs.example.com/');
    cookies.store(acs, ['a=0']);
    cookies.store(acs, [`a=1; ${attributes}`], date);
    expect(cookies.header(acs)).toBe(left);
  });

  it('of a closer path come first, whole or not at all', () => {
    const cookies = new Cookies();
    const acs = new URL('https://acs.example.com/cwmp/acs');
    cookies.store(acs, [
      'a=wide; Path=/',
      'a=close; Path=/cwmp',
      `long=${'x'.repeat(9000)}`,
      `fits=${'y'.repeat(5000)}`,
    ]);
    expect(cookies.header(acs)).toBe(`a=close; fits=${'y'.repeat(5000)}; a=wide`);
  });

  it.each([
    ['https://acs.example.com/', 'com'],
    ['http://10.0.0.1/', '0.0.1'],
    ['http://[fd00::1]/', '1]'],
  ])('of %s are none for %s', (url, domain) => {
    const cookies = new Cookies();
    cookies.store(new URL(url), [`wide=1; Domain=${domain}`, 'own=1']);
    expect(cookies.header(new URL(url))).toBe('own=1');
  });
});

const envelope = (body: string, id = ''): string =>
  `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:c="urn:dslforum-org:cwmp-1-2"><s:Header>${
    id && `<c:ID s:mustUnderstand="1">${id}</c:ID>`
  }</s:Header><s:Body>${body}</s:Body></s:Envelope>`;
const informResponse = (id: string): string =>
  envelope('<c:InformResponse><MaxEnvelopes>1</MaxEnvelopes></c:InformResponse>', id);
const fault = (code: number): string =>
  envelope(
    `<s:Fault><faultcode>s:Server</faultcode><faultstring>CWMP fault</faultstring><detail><c:Fault><FaultCode>${code}</FaultCode></c:Fault></detail></s:Fault>`,
  );

/** An ACS that answers from a list and keeps what it was sent. */
function session(
  replies: readonly string[],
  ownRequests: readonly OwnRequest[] = [],
): { sent: string[]; parts: SessionParts } {
  const sent: string[] = [];
  let id = 0;
  const parts: SessionParts = {
    transport: {
      async post(bytes) {
        const body = String(bytes);
        sent.push(/<soap-env:Body><(?:cwmp|soap-env):(\w+)/.exec(body)?.[1] ?? body);
        const reply = replies[sent.length - 1];
        if (reply === undefined) throw new Error('nothing more is answered');
        return reply;
      },
    },
    inform: {
      deviceId: { manufacturer: 'M', oui: '00D09E', productClass: 'P', serialNumber: 'S' },
      events: [{ code: '2 PERIODIC', commandKey: '' }],
      now: 0,
      retryCount: 0,
      parameters: [],
    },
    ownRequests,
    verbs: createVerbs(() => {}),
    context: {
      // These sessions call nothing that asks the model.
      model: {} as Model,
      acs: 'acs.example',
      storeParameterKey: async () => {},
      schedule: async () => true,
      attributes: { notificationOf: () => 0, set: async () => {}, forget: async () => {} },
      signal: new AbortController().signal,
    },
    log: silentLog,
    nextId: () => String(++id),
  };
  return { sent, parts };
}
const failure = async (replies: readonly string[]): Promise<string | undefined> => {
  try {
    await runSession(session(replies).parts);
    return undefined;
  } catch (error) {
    return errorCode(error);
  }
};

describe('a session', () => {
  it('informs, says that it has nothing, serves, and ends with the empty answer', async () => {
    const { sent, parts } = session([informResponse('1'), envelope('<c:GetRPCMethods/>', 'x'), '']);
    expect(await runSession(parts)).toEqual({ served: ['GetRPCMethods'], version: '1.3' });
    expect(sent).toEqual(['Inform', '', 'GetRPCMethodsResponse']);
  });

  it('sends its own requests before the empty one, and takes a refusal', async () => {
    const heard: string[] = [];
    const own = (method: string): OwnRequest => ({
      method,
      write: (writer) => writer.raw(`<cwmp:${method}/>`),
      delivered: () => heard.push(`${method} delivered`),
      refused: (code) => heard.push(`${method} ${code}`),
    });
    const { sent, parts } = session(
      [informResponse('1'), envelope('<c:TransferCompleteResponse/>', '2'), fault(8000), ''],
      [own('TransferComplete'), own('Kicked')],
    );
    await runSession(parts);
    expect(sent).toEqual(['Inform', 'TransferComplete', 'Kicked', '']);
    expect(heard).toEqual(['TransferComplete delivered', 'Kicked 8000']);
  });

  it('repeats a request that the ACS asks for again, a bounded number of times', async () => {
    const { sent, parts } = session([fault(8005), informResponse('1'), '']);
    await runSession(parts);
    expect(sent).toEqual(['Inform', 'Inform', '']);
    expect(await failure([fault(8005), fault(8005), fault(8005), fault(8005), informResponse('1')])).toBe(
      'CWMP_INFORM_REFUSED',
    );
  });

  it('answers an RPC that it does not know with 9000 and goes on', async () => {
    const { sent, parts } = session([informResponse('1'), envelope('<c:Bogus/>', 'x'), '']);
    await runSession(parts);
    expect(sent).toEqual(['Inform', '', 'Fault']);
  });

  it.each([
    [['not xml'], 'SOAP_MALFORMED'],
    [[''], 'CWMP_UNANSWERED'],
    [[fault(8003)], 'CWMP_INFORM_REFUSED'],
    [[informResponse('other')], 'CWMP_ID'],
    [[envelope('<c:GetRPCMethods/>', '1')], 'CWMP_UNEXPECTED'],
    [[informResponse('1'), informResponse('1')], 'CWMP_UNEXPECTED'],
    [
      [envelope('<c:InformResponse/>').replace('<s:Header>', '<s:Header><c:UseCWMPVersion>9.9</c:UseCWMPVersion>')],
      'CWMP_VERSION',
    ],
  ])('fails once on %.50j', async (replies, code) => {
    expect(await failure(replies)).toBe(code);
  });
});
