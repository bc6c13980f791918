import { describe, expect, it } from 'vitest';
import { Secret } from '#base';
import type { Element } from '../../../src/cwmp/codec/element.ts';
import { isAllowed, judgeXmppRequest } from '../../../src/cwmp/xmpp/connection-request.ts';
import { startSasl } from '../../../src/cwmp/xmpp/sasl.ts';
import { serversOf } from '../../../src/cwmp/xmpp/servers.ts';
import { iqAnswer } from '../../../src/cwmp/xmpp/stanza.ts';
import { XmlStream, xmlStreamLimits } from '../../../src/cwmp/xmpp/xml-stream.ts';

const head =
  '<?xml version="1.0"?><stream:stream xmlns="jabber:client" xmlns:stream="http://etherx.jabber.org/streams" id="x" version="1.0">';
/** What has come in the same piece as the stanza before is not counted. */
const beyond = xmlStreamLimits.characters + 4096;
function read(...pieces: readonly string[]): { stanzas: Element[]; opened: number; closed: number } {
  const seen = { stanzas: [] as Element[], opened: 0, closed: 0 };
  const stream = new XmlStream({
    opened: () => void seen.opened++,
    stanza: (stanza) => void seen.stanzas.push(stanza),
    closed: () => void seen.closed++,
  });
  for (const piece of pieces) stream.write(Buffer.from(piece));
  return seen;
}

describe('an XML stream', () => {
  it('gives its stanzas one by one, between blanks that keep it alive', () => {
    const { stanzas, opened, closed } = read(
      head,
      ' \n ',
      '<iq type="get" id="1"><a xmlns="urn:a">te&lt;xt</a></iq> <message/>',
      '</stream:stream>',
    );
    expect({ opened, closed }).toEqual({ opened: 1, closed: 1 });
    expect(stanzas.map(({ local }) => local)).toEqual(['iq', 'message']);
    expect(stanzas[0]).toMatchObject({ uri: 'jabber:client', children: [{ uri: 'urn:a', local: 'a', text: 'te<xt' }] });
  });

  it.each([
    ['a document type', `<!DOCTYPE a [<!ENTITY b "c">]>${head}`],
    ['an entity of its own', `${head}<iq>&b;</iq>`],
    ['a comment', `${head}<!-- a -->`],
    ['a processing instruction', `${head}<?a b?>`],
    ['another root', '<html xmlns="jabber:client">'],
    ['a prefix without namespace', `${head}<a:iq/>`],
    ['an end that does not fit', `${head}<iq></message>`],
    ['depth', `${head}${'<a>'.repeat(xmlStreamLimits.depth)}`],
    ['many elements', `${head}<iq>${'<a/>'.repeat(xmlStreamLimits.elements)}`],
    ['many attributes', `${head}<iq ${Array.from({ length: 20 }, (_, at) => `a${at}=""`).join(' ')}>`],
    ['a large stanza', `${head}<iq><a>${'x'.repeat(beyond)}`],
    ['a large attribute', `${head}<iq a="${'x'.repeat(beyond)}`],
    ['endless blanks', `${head}${' '.repeat(beyond)} `],
    ['a second root', `${head}</stream:stream><a/>`],
  ])('is refused with %s', (_, text) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ code: 'XMPP_XML' }));
  });

  it('is refused when it is not UTF-8', () => {
    const stream = new XmlStream({ opened: () => {}, stanza: () => {}, closed: () => {} });
    expect(() => stream.write(Buffer.from([0x3c, 0xff]))).toThrow(expect.objectContaining({ code: 'XMPP_XML' }));
  });

  it('is as long as it likes as long as no stanza is', () => {
    const stanza = `<iq><a>${'x'.repeat(1000)}</a></iq>`;
    expect(read(head, stanza.repeat(500)).stanzas).toHaveLength(500);
  });

  it('tells nothing of what stands behind the stanza with which it was stopped', () => {
    const seen: string[] = [];
    const stream: XmlStream = new XmlStream({
      opened: () => {},
      stanza: ({ local }) => {
        seen.push(local);
        stream.stop();
      },
      closed: () => {},
    });
    stream.write(Buffer.from(`${head}<proceed xmlns="urn:ietf:params:xml:ns:xmpp-tls"/><injected/><injected/>`));
    stream.write(Buffer.from('<injected/>'));
    expect(seen).toEqual(['proceed']);
  });
});

describe('SASL', () => {
  const credentials = { username: 'user', password: new Secret('pencil') };
  const offered = ['PLAIN', 'SCRAM-SHA-1', 'SCRAM-SHA-256', 'X-OTHER'];

  it('answers as RFC 5802 section 5 has it', async () => {
    const sasl = startSasl(['SCRAM-SHA-1'], credentials, true, 'fyko+d2lbbFgONRv9qkxdawL');
    expect(sasl.first).toBe('n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL');
    expect(await sasl.challenge('r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096')).toBe(
      'c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=',
    );
    expect(() => sasl.success('v=rmF9pqV8S7suAoZWja4dJRkFsKQ=')).not.toThrow();
    expect(() => sasl.success('v=rmF9pqV8S7suAoZWja4dJRkFsKQ=')).not.toThrow();
  });

  it('answers as RFC 7677 section 3 has it', async () => {
    const sasl = startSasl(offered, credentials, false, 'rOprNGfwEbeRWgbNEkqO');
    expect(sasl.mechanism).toBe('SCRAM-SHA-256');
    expect(
      await sasl.challenge('r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096'),
    ).toBe(
      'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
    );
    expect(() => sasl.success('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=')).not.toThrow();
  });

  it.each(['', 'v=', 'v=rmF9pqV8S7suAoZWja4dJRkFsKA=', 'e=other-error'])(
    'does not trust a server that proves nothing (%s)',
    async (text) => {
      const sasl = startSasl(['SCRAM-SHA-1'], credentials, true, 'fyko+d2lbbFgONRv9qkxdawL');
      expect(() => sasl.success(text)).toThrow(expect.objectContaining({ code: 'XMPP_AUTH' }));
      await sasl.challenge('r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096');
      expect(() => sasl.success(text)).toThrow(expect.objectContaining({ code: 'XMPP_AUTH' }));
    },
  );

  it.each([
    ['another nonce', 'r=other,s=QSXCR+Q6sek8bf92,i=4096'],
    ['nothing added to ours', 'r=ours,s=QSXCR+Q6sek8bf92,i=4096'],
    ['too few iterations', 'r=ours1,s=QSXCR+Q6sek8bf92,i=1'],
    ['iterations for hours', 'r=ours1,s=QSXCR+Q6sek8bf92,i=999999999'],
    ['an extension that must be understood', 'm=x,r=ours1,s=QSXCR+Q6sek8bf92,i=4096'],
    ['no salt', 'r=ours1,s=,i=4096'],
  ])('refuses a challenge with %s', async (_, text) => {
    const sasl = startSasl(['SCRAM-SHA-1'], credentials, true, 'ours');
    await expect(sasl.challenge(text)).rejects.toMatchObject({ code: 'XMPP_AUTH' });
  });

  it('sends a password only where nobody listens', () => {
    expect(startSasl(['PLAIN'], credentials, true, 'n').first).toBe('\0user\0pencil');
    expect(() => startSasl(['PLAIN'], credentials, false, 'n')).toThrow(
      expect.objectContaining({ code: 'XMPP_MECHANISM' }),
    );
    expect(() => startSasl(['X-OTHER', 'ANONYMOUS'], credentials, true, 'n')).toThrow();
  });

  it('escapes what has a meaning in SCRAM, and prepares names', () => {
    const odd = { username: 'a=b,c\u00ad\u00a0d\u2168', password: new Secret('') };
    expect(startSasl(['SCRAM-SHA-1'], odd, true, 'n').first).toBe('n,,n=a=3Db=2Cc dIX,r=n');
  });
});

describe('who may ask for a session', () => {
  it('is as TR-181 has it: a full JabberID for itself, a bare one for all of its resources', () => {
    const allowed = ['ACS1@tr069.example.com', 'ACS2@tr069.example.com/resource1'];
    for (const inside of [
      'ACS1@tr069.example.com/resource1',
      'acs1@TR069.example.com/resource2',
      'ACS2@tr069.example.com/resource1',
    ]) {
      expect(isAllowed(inside, allowed)).toBe(true);
    }
    for (const outside of [
      'ACS2@tr069.example.com/resource2',
      'ACS@tr069.example.com/resource',
      'ACS2@tr069.example.com',
      'ACS2@tr069.example.com/Resource1',
      '',
    ]) {
      expect(isAllowed(outside, allowed)).toBe(false);
    }
    expect(isAllowed('anybody@anywhere', [])).toBe(true);
  });

  const ns = 'urn:broadband-forum-org:cwmp:xmppConnReq-1-0';
  const asked = (username: string, password: string, uri = ns): Element => {
    const leaf = (local: string, text: string): Element => ({ uri, local, attributes: [], children: [], text });
    return { ...leaf('connectionRequest', ''), children: [leaf('username', username), leaf('password', password)] };
  };
  const judge = (
    request: Element,
    more: { username?: string; password?: string; mayGuess?: boolean; accepted?: boolean } = {},
  ) =>
    judgeXmppRequest('acs@x', request, {
      credentials: () => ({ username: more.username ?? 'acs', password: new Secret(more.password ?? 'secret') }),
      allowed: () => [],
      mayGuess: () => more.mayGuess ?? true,
      accepted: () => more.accepted ?? true,
    });

  it('is who knows the credentials', () => {
    expect(judge(asked('acs', 'secret'))).toBeUndefined();
    expect(judge(asked('acs', 'secret', 'urn:other'))).toBe('not-authorized');
    expect(judge(asked('acs', 'Secret'))).toBe('not-authorized');
    expect(judge(asked('', ''), { username: '', password: '' })).toBe('not-authorized');
    expect(judge(asked('acs', ''), { password: '' })).toBe('not-authorized');
  });
  it('is told nothing of the credentials when there have been too many', () => {
    expect(judge(asked('acs', 'secret'), { mayGuess: false })).toBe('service-unavailable');
    expect(judge(asked('acs', 'secret'), { accepted: false })).toBe('service-unavailable');
  });

  it('is answered without a chance to write stanzas of their own', () => {
    const iq: Element = {
      ...{ uri: 'jabber:client', local: 'iq', children: [], text: '' },
      attributes: [
        { uri: '', local: 'id', value: '"/><a>&' },
        { uri: '', local: 'from', value: "x'<y" },
      ],
    };
    expect(iqAnswer(iq)).toBe('<iq type="result" id="&#34;/&#62;&#60;a&#62;&#38;" to="x&#39;&#60;y"/>');
    expect(iqAnswer(iq, 'not-authorized')).toContain(
      '<error type="auth"><not-authorized xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></iq>',
    );
  });
});

describe('servers', () => {
  const target = (host: string, priority: number, weight: number) => ({ host, port: 5222, priority, weight });
  const hosts = async (
    algorithm: 'DNS-SRV' | 'DNS' | 'ServerTable',
    records: ReturnType<typeof target>[],
    random = () => 0,
  ) =>
    (
      await serversOf({ algorithm, domain: 'd.test', table: records }, { resolveService: async () => records }, random)
    ).map(({ host }) => host);

  it('are tried by priority, and among equals by weight', async () => {
    const records = [target('c', 20, 0), target('a', 10, 1), target('b', 10, 99)];
    expect(await hosts('DNS-SRV', records, () => 0.5)).toEqual(['b', 'a', 'c']);
    expect(await hosts('ServerTable', records, () => 0)).toEqual(['a', 'b', 'c']);
    expect(await hosts('DNS', records)).toEqual(['d.test']);
  });
  it('are the domain itself when there are no records, and none when the records say so', async () => {
    expect(await hosts('DNS-SRV', [])).toEqual(['d.test']);
    await expect(hosts('DNS-SRV', [target('.', 0, 0)])).rejects.toMatchObject({ code: 'XMPP_NO_SERVER' });
    await expect(hosts('ServerTable', [])).rejects.toMatchObject({ code: 'XMPP_NO_SERVER' });
  });
});
