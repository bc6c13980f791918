import { Agent, type IncomingMessage, request } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { errorCode } from '#base';
import { type Acs, type AcsEvent, formatAcsEvent, startAcs } from '#lab';

const device = '00D09E-Box-S1';
const newest = 'urn:dslforum-org:cwmp-1-2';
let acs: Acs;
let events: AcsEvent[];
const kinds = (): string[] => events.map(({ kind }) => kind);
const refusals = (): string[] => events.flatMap((event) => (event.kind === 'refused' ? [event.reason] : []));

async function begin(): Promise<void> {
  acs = await startAcs();
  events = [];
  acs.events.on((event) => events.push(event));
}
afterEach(() => acs[Symbol.asyncDispose]());

interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}
type Headers = Record<string, string>;

/** A CPE of bare HTTP: it keeps the cookie and nothing else. */
class Cpe {
  readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });
  cookie: string | undefined;
  readonly url: string;
  constructor(url = acs.url) {
    this.url = url;
  }

  async post(body: string, headers: Headers = {}, method = 'POST'): Promise<Reply> {
    const soap = body === '' ? {} : { soapaction: '', 'content-type': 'text/xml; charset="utf-8"' };
    const cookie = this.cookie === undefined ? {} : { cookie: this.cookie };
    const reply = await new Promise<Reply>((resolve, reject) => {
      const all = { ...soap, ...cookie, ...headers };
      const sent = request(this.url, { method, headers: all, agent: this.agent }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (piece) => {
          text += piece;
        });
        response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body: text }));
      });
      sent.once('error', reject);
      sent.end(body);
    });
    this.cookie = reply.headers['set-cookie']?.[0]?.split(';')[0] ?? this.cookie;
    return reply;
  }

  async begin(): Promise<void> {
    expect((await this.post(inform())).status).toBe(200);
  }

  /** The ACS's request after our empty POST: its ID. */
  async asked(rpc: string): Promise<string> {
    const { body } = await this.post('');
    expect(body).toContain(`<cwmp:${rpc}>`);
    return idOf(body);
  }
}

const idOf = (body: string): string => /<cwmp:ID[^>]*>([^<]*)</.exec(body)![1]!;
const envelope = (id: string, body: string, namespace = newest): string =>
  `<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:e="http://schemas.xmlsoap.org/soap/encoding/" xmlns:c="${namespace}"><s:Header><c:ID s:mustUnderstand="1">${id}</c:ID></s:Header><s:Body>${body}</s:Body></s:Envelope>`;
const parameter = (name: string, value: string): string =>
  `<ParameterValueStruct><Name>${name}</Name><Value>${value}</Value></ParameterValueStruct>`;
const list = (...items: string[]): string =>
  `<ParameterList e:arrayType="c:ParameterValueStruct[${items.length}]">${items.join('')}</ParameterList>`;
const boot: readonly (readonly [code: string, key: string])[] = [
  ['1 BOOT', ''],
  ['M Reboot', 'key'],
];
const informBody = (parameters = list(parameter('Device.RootDataModelVersion', '2.15')), events = boot): string =>
  `<c:Inform><DeviceId><Manufacturer>M</Manufacturer><OUI>00D09E</OUI><ProductClass>Box</ProductClass><SerialNumber>S1</SerialNumber></DeviceId><Event e:arrayType="c:EventStruct[${events.length}]">${events.map(([code, key]) => `<EventStruct><EventCode>${code}</EventCode><CommandKey>${key}</CommandKey></EventStruct>`).join('')}</Event><MaxEnvelopes>1</MaxEnvelopes><CurrentTime>2026-01-01T00:00:00Z</CurrentTime><RetryCount>2</RetryCount>${parameters}</c:Inform>`;
const inform = (parameters?: string, namespace?: string, events?: typeof boot): string =>
  envelope('i1', informBody(parameters, events), namespace);
const values = (...items: string[]): string =>
  `<c:GetParameterValuesResponse>${list(...items)}</c:GetParameterValuesResponse>`;
const get = { rpc: 'GetParameterValues', names: ['Device.X'] } as const;

describe('a session', () => {
  it('goes from Inform over requests of both sides to 204', async () => {
    await begin();
    const cpe = new Cpe();
    const heard = acs.inform(() => true);
    const transfer = [...boot, ['7 TRANSFER COMPLETE', ''], ['M Download', 'fw']] as const;
    const informed = await cpe.post(inform(undefined, 'urn:dslforum-org:cwmp-1-0', transfer));
    expect(informed.headers['set-cookie']![0]).toMatch(/^session=[0-9a-f]{24};/);
    expect(informed.body).toContain('<MaxEnvelopes>1</MaxEnvelopes>');
    expect(informed.body).toContain('xmlns:cwmp="urn:dslforum-org:cwmp-1-0"');
    expect(idOf(informed.body)).toBe('i1');
    expect(await heard).toMatchObject({
      device,
      retryCount: 2,
      events: [{ code: '1 BOOT' }, { commandKey: 'key' }, {}, {}],
    });

    const own = (id: string, body: string) => cpe.post(envelope(id, body, 'urn:dslforum-org:cwmp-1-0'));
    const done = '<CommandKey>fw</CommandKey><FaultStruct><FaultCode>0</FaultCode><FaultString/></FaultStruct>';
    const times = '<StartTime>2026-11-21T01:45:00Z</StartTime><CompleteTime>2026-11-21T01:46:00Z</CompleteTime>';
    const completed = await own('t1', `<c:TransferComplete>${done}${times}</c:TransferComplete>`);
    expect(completed.body).toContain('<cwmp:TransferCompleteResponse></cwmp:TransferCompleteResponse>');
    expect(idOf(completed.body)).toBe('t1');
    expect((await own('t2', '<c:GetRPCMethods/>')).body).toContain('xsd:string[7]');
    expect((await own('t3', '<c:Kicked/>')).body).toContain('<FaultCode>8000</FaultCode>');

    const answered = acs.call(device, get);
    const later = acs.call(device, { rpc: 'Reboot', commandKey: 'night' });
    const id = await cpe.asked('GetParameterValues');
    const next = await own(id, values(parameter('Device.X', 'a &amp; b')));
    expect(await answered).toEqual({ values: new Map([['Device.X', 'a & b']]) });
    expect(next.body).toContain('<CommandKey>night</CommandKey>');
    expect((await own(idOf(next.body), '<c:RebootResponse/>')).status).toBe(204);
    expect(await later).toEqual({});
    expect(acs.violations).toEqual([]);
    expect(events.map(formatAcsEvent)).toEqual([
      `ACS     session of ${device}`,
      `ACS  <- Inform from ${device}: 1 BOOT, M Reboot, 7 TRANSFER COMPLETE, M Download (try 3)`,
      'ACS  <- TransferComplete fw: good',
      'ACS  <- GetRPCMethods',
      'ACS  <- Kicked',
      'ACS  -> GetParameterValues Device.X',
      'ACS  <- GetParameterValues: Device.X=a & b',
      'ACS  -> Reboot',
      'ACS  <- Reboot',
      `ACS     session of ${device} over, 2 calls`,
    ]);
  });

  it('hands a fault on with what it says of each parameter', async () => {
    await begin();
    const cpe = new Cpe();
    await cpe.begin();
    const answered = acs.call(device, { rpc: 'SetParameterValues', values: [{ name: 'Device.X', value: 'v' }] });
    const id = await cpe.asked('SetParameterValues');
    const one =
      '<SetParameterValuesFault><ParameterName>Device.X</ParameterName><FaultCode>9008</FaultCode><FaultString>no</FaultString></SetParameterValuesFault>';
    const fault = `<s:Fault><faultcode>s:Client</faultcode><faultstring>CWMP fault</faultstring><detail><c:Fault><FaultCode>9003</FaultCode><FaultString>Invalid</FaultString>${one}</c:Fault></detail></s:Fault>`;
    expect((await cpe.post(envelope(id, fault))).status).toBe(204);
    const parameters = [{ name: 'Device.X', code: 9008, text: 'no' }];
    expect(await answered).toEqual({ fault: { code: 9003, text: 'Invalid', parameters } });
    expect(kinds()).toEqual(['session-begin', 'inform', 'call', 'fault', 'session-end']);
    expect(formatAcsEvent(events[3]!)).toBe('ACS  <- SetParameterValues: fault 9003 Invalid, Device.X 9008');
    expect(acs.violations).toEqual([]);
  });

  it('of a device that begins anew is lost, and so is what was asked in it', async () => {
    await begin();
    const cpe = new Cpe();
    await cpe.begin();
    const lost = acs.call(device, get);
    const kept = acs.call(device, { rpc: 'GetRPCMethods' });
    await cpe.asked('GetParameterValues');
    const again = new Cpe();
    await again.begin();
    expect(await lost.catch(errorCode)).toBe('ACS_SESSION_LOST');
    const methods = '<MethodList e:arrayType="xsd:string[1]"><string>Reboot</string></MethodList>';
    const answer = `<c:GetRPCMethodsResponse>${methods}</c:GetRPCMethodsResponse>`;
    await again.post(envelope(await again.asked('GetRPCMethods'), answer));
    expect(await kept).toEqual({ methods: ['Reboot'] });
    expect((await cpe.post('')).status).toBe(400);
    expect(acs.devices()).toMatchObject([{ id: device, sessions: 2, connectionRequestUrl: undefined }]);
  });

  it('is not waited for any longer than its listener wants or the ACS lives', async () => {
    await begin();
    const gone = new AbortController();
    const waiting = acs.inform(() => true, 0, gone.signal);
    gone.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    const others = [acs.inform(() => true), acs.call(device, get)];
    await acs[Symbol.asyncDispose]();
    for (const other of [...others, acs.call(device, get)]) expect(await other.catch(errorCode)).toBe('ACS_CLOSED');
    await begin();
    const unsendable = acs.call(device, { rpc: 'Reboot', commandKey: '\u0000' });
    expect(await unsendable.catch(errorCode)).toBe('ACS_TEXT');
  });
});

describe('what is not allowed is refused, remembered and the end of the session', () => {
  const first: readonly [string, RegExp, string, Headers?, string?][] = [
    ['rubbish', /XML is broken/, 'this is no XML'],
    ['half an envelope', /XML is broken/, inform().slice(0, 200)],
    [
      'an entity bomb',
      /document type/,
      `<!DOCTYPE a [<!ENTITY b "c">]>${inform().replace('<?xml version="1.0"?>', '')}`,
    ],
    ['a processing instruction', /processing instruction/, inform().replace('<s:Body>', '<s:Body><?a b?>')],
    ['CDATA', /CDATA/, inform(list(parameter('A', '<![CDATA[x]]>')))],
    ['depth', /too deep/, '<a>'.repeat(100_000)],
    ['no envelope', /not a SOAP/, '<Envelope/>'],
    ['no message', /0 messages/, envelope('1', '')],
    ['two messages', /2 messages/, envelope('1', informBody() + informBody())],
    ['no ID', /Header has no ID/, inform().replace(/<c:ID.*<\/c:ID>/, '')],
    ['an ID of nobody', /header ID is in the namespace ''/, inform().replace(/(<\/?)c:ID/g, '$1ID')],
    ['an ID not to be understood', /mustUnderstand/, inform().replace('s:mustUnderstand="1"', '')],
    ['an unknown namespace', /cwmp-9-9/, inform(undefined, 'urn:dslforum-org:cwmp-9-9')],
    ['a wrong count', /2 items and says c:EventStruct\[1\]/, inform().replace('EventStruct[2]', 'EventStruct[1]')],
    ['no count', /Event has no arrayType/, inform().replace(' e:arrayType="c:EventStruct[2]"', '')],
    ['no events', /0 events/, inform().replace(/EventStruct\[2\]">.*<\/Event>/, 'EventStruct[0]"></Event>')],
    ['no serial number', /DeviceId has no SerialNumber/, inform().replace(/<SerialNumber>.*<\/SerialNumber>/, '')],
    ['a retry count of words', /RetryCount is 'two'/, inform().replace('>2<', '>two<')],
    ['a clock that is none', /CurrentTime is 'now'/, inform().replace('2026-01-01T00:00:00Z', 'now')],
    ['more envelopes', /MaxEnvelopes/, inform().replace('<MaxEnvelopes>1', '<MaxEnvelopes>2')],
    ['another message first', /begins with Inform, not with Reboot/, envelope('1', '<c:Reboot/>')],
    ['nothing first', /outside of a session/, ''],
    ['another content type', /not text\/xml/, inform(), { 'content-type': 'application/soap+xml' }],
    ['GET', /GET \/acs instead of POST/, '', {}, 'GET'],
  ];
  it.each(first)('as the first message: %s', async (_, reason, body, headers, method) => {
    await begin();
    expect((await new Cpe().post(body, headers, method)).status).toBe(400);
    expect(acs.violations).toEqual([expect.stringMatching(reason)]);
    expect(refusals()).toEqual(acs.violations);
    expect(acs.informs).toEqual([]);
  });

  it('a message without SOAPAction, one that is not UTF-8, one to another path, one that is too long', async () => {
    await begin();
    const bare = await fetch(acs.url, { method: 'POST', body: inform(), headers: { 'content-type': 'text/xml' } });
    const headers = { soapaction: '', 'content-type': 'text/xml' };
    const latin = await fetch(acs.url, { method: 'POST', body: Buffer.from(inform(list('\xe9')), 'latin1'), headers });
    const elsewhere = await new Cpe(acs.url.replace('/acs', '/other')).post(inform());
    expect([bare.status, latin.status, elsewhere.status]).toEqual([400, 400, 400]);
    await new Cpe().post('x'.repeat((8 << 20) + 1)).catch(errorCode);
    expect(acs.violations).toEqual([
      'there is no SOAPAction header',
      'the body is not UTF-8',
      'POST /other instead of POST /acs',
      'the body is too large',
    ]);
  });

  const answers: readonly [string, RegExp, (id: string) => string][] = [
    ['another ID', /the ID x instead of lab1/, () => envelope('x', values())],
    ['another method', /answered by RebootResponse/, (id) => envelope(id, '<c:RebootResponse/>')],
    ['a request', /TransferComplete out of turn/, (id) => envelope(id, '<c:TransferComplete/>')],
    ['a second Inform', /a second Inform/, (id) => envelope(id, informBody())],
    ['nothing', /an empty POST instead of an answer/, () => ''],
    ['another namespace', /cwmp-1-0, its Inform was not/, (id) => envelope(id, values(), 'urn:dslforum-org:cwmp-1-0')],
    ['no list', /no ParameterList/, (id) => envelope(id, '<c:GetParameterValuesResponse/>')],
    ['a fault without a code', /Fault has no detail/, (id) => envelope(id, '<s:Fault><faultcode/></s:Fault>')],
  ];
  it.each(answers)('as an answer: %s', async (_, reason, body) => {
    await begin();
    const cpe = new Cpe();
    await cpe.begin();
    const answered = acs.call(device, get);
    expect((await cpe.post(body(await cpe.asked('GetParameterValues')))).status).toBe(400);
    expect(acs.violations).toEqual([expect.stringMatching(reason)]);
    expect(await answered.catch(errorCode)).toBe('ACS_SESSION_LOST');
    expect(kinds().slice(-2)).toEqual(['refused', 'session-end']);
    expect((await cpe.post('')).status).toBe(400);
  });

  it('an answer to nothing, and a POST whose cookie is missing or made up', async () => {
    await begin();
    const cpe = new Cpe();
    await cpe.begin();
    expect((await cpe.post('', { cookie: '' })).status).toBe(400);
    expect((await cpe.post('', { cookie: 'session=0123456789abcdef01234567' })).status).toBe(400);
    expect((await cpe.post(envelope('1', '<c:RebootResponse/>'))).status).toBe(400);
    expect(acs.violations).toEqual([
      expect.stringContaining('is the cookie missing?'),
      expect.stringContaining('is the cookie missing?'),
      'RebootResponse although nothing was asked',
    ]);
  });
});
