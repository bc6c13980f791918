import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request } from 'node:http';
import { request as secureRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { errorCode } from '#base';
import { type Acs, type AcsEvent, type AcsOptions, createPki, formatAcsEvent, startAcs } from '#lab';

const device = '00D09E-Box-S1';
let acs: Acs;
let events: AcsEvent[];
const refusals = (): string[] => events.flatMap((event) => (event.kind === 'refused' ? [event.reason] : []));

async function begin(options: AcsOptions): Promise<void> {
  acs = await startAcs(options);
  events = [];
  acs.events.on((event) => events.push(event));
}
afterEach(() => acs[Symbol.asyncDispose]());

const inform = (name = 'Device.X', value = ''): string =>
  `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:e="http://schemas.xmlsoap.org/soap/encoding/" xmlns:c="urn:dslforum-org:cwmp-1-2"><s:Header><c:ID s:mustUnderstand="1">1</c:ID></s:Header><s:Body><c:Inform><DeviceId><Manufacturer>M</Manufacturer><OUI>00D09E</OUI><ProductClass>Box</ProductClass><SerialNumber>S1</SerialNumber></DeviceId><Event e:arrayType="c:EventStruct[1]"><EventStruct><EventCode>1 BOOT</EventCode><CommandKey/></EventStruct></Event><MaxEnvelopes>1</MaxEnvelopes><CurrentTime>2026-01-01T00:00:00Z</CurrentTime><RetryCount>0</RetryCount><ParameterList e:arrayType="c:ParameterValueStruct[1]"><ParameterValueStruct><Name>${name}</Name><Value>${value}</Value></ParameterValueStruct></ParameterList></c:Inform></s:Body></s:Envelope>`;

type Headers = Record<string, string>;
interface Reply {
  readonly status: number;
  readonly challenge: string;
}
/** Keeps to one connection, and to the cookie that it got on it. */
class Cpe {
  readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });
  cookie = '';

  async post(body: string, headers: Headers = {}): Promise<Reply> {
    const all = { soapaction: '', 'content-type': 'text/xml', cookie: this.cookie, ...headers };
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = request(acs.url, { method: 'POST', headers: all, agent: this.agent }, resolve);
      sent.once('error', reject);
      sent.end(body);
    });
    // The connection is free for the next message only then.
    await once(response.resume(), 'end');
    this.cookie = response.headers['set-cookie']?.[0]?.split(';')[0] ?? this.cookie;
    return { status: response.statusCode!, challenge: response.headers['www-authenticate'] ?? '' };
  }
}

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
const nonceOf = (reply: Reply): string => /nonce="([^"]*)"/.exec(reply.challenge)![1]!;
function digest(nonce: string, { password = 'secret', username = 'cpe', nc = '00000001', qop = 'auth' } = {}): Headers {
  const response = md5(`${md5(`${username}:lab:${password}`)}:${nonce}:${nc}:c:auth:${md5('POST:/acs')}`);
  return {
    authorization: `Digest username="${username}", realm="lab", nonce="${nonce}", uri="/acs", response="${response}", qop=${qop}, nc=${nc}, cnonce="c"`,
  };
}

describe('authentication', () => {
  const credentials = { username: 'cpe', password: 'secret' };

  it('by Digest: who knows the password, with a count that grows, on the connection of the nonce', async () => {
    await begin({ authentication: { scheme: 'digest', ...credentials } });
    const cpe = new Cpe();
    const asked = await cpe.post(inform());
    expect(asked.status).toBe(401);
    expect(asked.challenge).toMatch(/^Digest realm="lab", qop="auth", algorithm=MD5, nonce="\w{24}"$/);
    const nonce = nonceOf(asked);
    expect((await cpe.post(inform(), digest(nonce))).status).toBe(200);
    expect((await cpe.post('', digest(nonce))).status).toBe(401);
    expect((await cpe.post('', digest(nonce, { nc: '0000000a' }))).status).toBe(204);
    const other = await new Cpe().post(inform(), digest(nonce, { nc: '0000000b' }));
    expect([other.status, other.challenge]).toEqual([401, expect.stringContaining('stale=true')]);
    expect(nonceOf(other)).not.toBe(nonce);
    expect(refusals()).toEqual(['Digest with a count that was used before']);
    expect(acs.violations).toEqual([]);
  });

  it('by Digest: nobody else', async () => {
    await begin({ authentication: { scheme: 'digest', ...credentials } });
    const cpe = new Cpe();
    const nonce = nonceOf(await cpe.post(inform()));
    const wrong = [{ password: 'guess' }, { username: 'root' }, { qop: 'auth-int' }, { nc: '1' }];
    for (const one of wrong) expect((await cpe.post(inform(), digest(nonce, one))).status).toBe(401);
    expect((await cpe.post(inform(), digest('0'.repeat(24)))).status).toBe(401);
    expect((await cpe.post(inform(), { authorization: 'Basic Y3BlOnNlY3JldA==' })).status).toBe(401);
    expect(refusals()).toHaveLength(6);
    expect(refusals()[0]).toBe('wrong credentials');
    expect(acs.informs).toEqual([]);
  });

  it('by Basic', async () => {
    await begin({ authentication: { scheme: 'basic', ...credentials } });
    const cpe = new Cpe();
    const basic = (text: string): Headers => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });
    const asked = await cpe.post(inform());
    expect([asked.status, asked.challenge]).toEqual([401, 'Basic realm="lab"']);
    expect((await cpe.post(inform(), basic('cpe:guess'))).status).toBe(401);
    expect((await cpe.post(inform(), basic('cpe:secret'))).status).toBe(200);
    expect(refusals()).toEqual(['wrong credentials']);
  });

  it('by certificate: its name is known, and who has none is not let in', async () => {
    const pki = createPki('Lab');
    const server = pki.issue({ commonName: 'acs', ip: ['127.0.0.1'], usage: 'server' });
    await begin({ tls: { cert: server.certPem, key: server.keyPem, clientCa: pki.caPem } });
    const headers = { soapaction: '', 'content-type': 'text/xml' };
    const post = (client?: { certPem: string; keyPem: string }): Promise<string> =>
      new Promise((resolve) => {
        const identity = client && { cert: client.certPem, key: client.keyPem };
        const options = { method: 'POST', headers, ca: pki.caPem, agent: false, ...identity };
        const sent = secureRequest(acs.url, options, (response) => resolve(String(response.resume().statusCode)));
        sent.once('error', (error) => resolve(errorCode(error) ?? error.message));
        sent.end(inform());
      });
    expect(await post(pki.issue({ commonName: 'S1', usage: 'client' }))).toBe('200');
    expect(acs.devices()[0]!.inform.certificate).toBe('S1');
    expect(formatAcsEvent(events[0]!)).toBe(`ACS     session of ${device}, certificate of S1`);
    expect(await post()).toMatch(/^E/);
    expect(await post(createPki('Lab').issue({ commonName: 'S1', usage: 'client' }))).toMatch(/^E/);
    expect(acs.informs).toHaveLength(1);
    expect(refusals()).toHaveLength(2);
  });
});

describe('connection requests', () => {
  it('answer the challenge of the device with Digest', async () => {
    const heard: { url: string | undefined; authorization: string | undefined }[] = [];
    const nonce = 'n0nce';
    await begin({ connectionRequest: { username: 'acs', password: 'cr' } });
    expect(await acs.connectionRequest(device).catch(errorCode)).toBe('ACS_UNKNOWN_DEVICE');
    const box = createServer(({ url, headers: { authorization } }, response) => {
      heard.push({ url, authorization });
      const clientNonce = /cnonce="(\w+)"/.exec(authorization ?? '')?.[1] ?? '';
      const given = /[ ,]response="(\w+)"/.exec(authorization ?? '')?.[1];
      const expected = md5(`${md5('acs:box:cr')}:${nonce}:00000001:${clientNonce}:auth:${md5('GET:/ask?a=1')}`);
      if (given === expected) response.writeHead(200).end();
      else response.writeHead(401, { 'www-authenticate': `Digest realm="box", qop="auth", nonce="${nonce}"` }).end();
    });
    box.listen(0, '127.0.0.1');
    await once(box, 'listening');
    const url = `http://127.0.0.1:${(box.address() as AddressInfo).port}/ask?a=1`;
    await new Cpe().post(inform('Device.ManagementServer.ConnectionRequestURL', url));
    try {
      expect(await acs.connectionRequest(device)).toBe(200);
      expect(await acs.connectionRequest(device, { username: 'acs', password: 'guess' })).toBe(401);
      expect(heard.map((one) => [one.url, one.authorization !== undefined])).toEqual([
        ['/ask?a=1', false],
        ['/ask?a=1', true],
        ['/ask?a=1', false],
        ['/ask?a=1', true],
      ]);
      expect(events.slice(2).map(formatAcsEvent)).toEqual([
        `ACS  -> connection request to ${device}: 200`,
        `ACS  -> connection request to ${device}: 401`,
      ]);
    } finally {
      box.closeAllConnections();
      box.close();
    }
    expect(await acs.connectionRequest(device).catch(errorCode)).toBe('ACS_CONNECTION_REQUEST');
  });
});
