import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Secret, systemClock } from '#base';
import { createPki } from '#lab';
import { openStream } from '#platform';
import { openXmppSession, type XmppAccount, type XmppSession } from '../../src/cwmp/xmpp/session.ts';
import { hasProsody, type Prosody, startProsody } from '../support/prosody.ts';
import { noUdp, ReachBench } from '../support/reach-bench.ts';

const users = { cpe: 'cpe-secret', acs: 'acs-secret', other: 'other-secret' };
const pki = createPki('XMPP test');
const certificate = () => pki.issue({ commonName: 'xmpp.test', dns: ['xmpp.test'], usage: 'server' });
const request = (username = 'acs', password = 'cr-secret'): string =>
  `<connectionRequest xmlns="urn:broadband-forum-org:cwmp:xmppConnReq-1-0"><username>${username}</username><password>${password}</password></connectionRequest>`;
const jabberId = 'Device.ManagementServer.ConnReqJabberID';
const row = 'Device.XMPP.Connection.1.';

const open: (AsyncDisposable | Disposable)[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) {
    if (Symbol.asyncDispose in one) await one[Symbol.asyncDispose]();
    else one[Symbol.dispose]();
  }
});

/** The device, on the test's clock; its connections are real. */
async function device(
  server: Prosody,
  options: { more?: string; password?: string; ca?: string } = {},
): Promise<ReachBench> {
  const { more = '', password = users.cpe, ca = pki.caPem } = options;
  const bench = new ReachBench(({ clock }) => ({
    ...noUdp,
    openStream: (to, events) => openStream({ ...to, tls: { ca }, clock }, events),
    resolveService: async (name) =>
      name === '_xmpp-client._tcp.xmpp.test' ? [{ host: '127.0.0.1', port: server.port, priority: 1, weight: 1 }] : [],
    allowPlain: false,
  }));
  open.push(bench);
  await bench.begin(
    `\toption xmpp_connection 'main'\n${more}\nconfig xmpp 'main'\n\toption enable '1'\n\toption username 'cpe'\n\toption password '${password}'\n\toption domain 'xmpp.test'\n`,
  );
  await bench.informed(1);
  return bench;
}
/** Somebody else on the same server. */
async function client(server: Prosody, username: keyof typeof users, resource = 'desk'): Promise<Asker> {
  const asker = new Asker();
  const account: XmppAccount = {
    username,
    password: new Secret(users[username]),
    domain: 'xmpp.test',
    resource,
    useTls: true,
  };
  asker.session = await openXmppSession({
    openStream: (to, events) => openStream({ ...to, tls: { ca: pki.caPem } }, events),
    resolveService: async () => [],
    allowPlain: false,
    server: { host: '127.0.0.1', port: server.port },
    account,
    clock: systemClock,
    randomHex: (count) => 'ab'.repeat(count),
    signal: new AbortController().signal,
    stanza: (stanza) => {
      const type = stanza.attributes.find(({ local }) => local === 'type')?.value ?? '';
      const condition = stanza.children.find(({ local }) => local === 'error')?.children[0]?.local;
      asker.answers.push(condition ?? type);
    },
    alive: () => {},
    closed: () => {},
  });
  open.push(asker.session);
  return asker;
}
class Asker {
  session!: XmppSession;
  readonly answers: string[] = [];
  #asked = 0;
  /** @returns `result`, or the condition of the error */
  async ask(to: string, content: string, type = 'get'): Promise<string> {
    const count = this.answers.length;
    this.session.send(`<iq type="${type}" id="q${++this.#asked}" to="${to}">${content}</iq>`);
    await expect.poll(() => this.answers.length).toBe(count + 1);
    return this.answers.at(-1)!;
  }
}

describe.skipIf(!hasProsody)('prosody', () => {
  let server: Prosody;
  beforeAll(async () => {
    server = await startProsody({ certificate: certificate(), users });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('carries a connection request, which is answered before the session begins', async () => {
    const bench = await device(server);
    await expect.poll(() => bench.value(jabberId)).toBe('cpe@xmpp.test/tandem');
    expect(await bench.value(`${row}Status`)).toBe('Enabled');
    expect(await bench.value(`${row}TLSEstablished`)).toBe('true');
    const told = await bench.informed(2);
    expect(told.events).toEqual(['4 VALUE CHANGE']);
    expect(told.parameters.get(jabberId)).toBe('cpe@xmpp.test/tandem');
    const acs = await client(server, 'acs');
    expect(await acs.ask('cpe@xmpp.test/tandem', request())).toBe('result');
    expect((await bench.informed(3)).events).toEqual(['6 CONNECTION REQUEST']);
    expect(Number(await bench.value(`${row}Stats.ReceivedMessages`))).toBeGreaterThanOrEqual(1);
    expect(await acs.ask('cpe@xmpp.test/tandem', '<ping xmlns="urn:xmpp:ping"/>')).toBe('result');
    expect(await acs.ask('cpe@xmpp.test/tandem', '<query xmlns="jabber:iq:version"/>')).toBe('service-unavailable');
    expect(await acs.ask('cpe@xmpp.test/tandem', request(), 'set')).toBe('service-unavailable');
    expect(bench.lines.filter((line) => /cr-secret|cpe-secret/.test(line))).toEqual([]);
  });

  it('lets nobody in with wrong credentials, nor whom the list leaves out', async () => {
    const bench = await device(server, { more: "\tlist xmpp_allowed 'acs@xmpp.test/desk'\n" });
    await expect.poll(() => bench.value(jabberId)).not.toBe('');
    await bench.informed(2);
    const acs = await client(server, 'acs');
    expect(await acs.ask('cpe@xmpp.test/tandem', request('acs', 'guess'))).toBe('not-authorized');
    expect(await acs.ask('cpe@xmpp.test/tandem', request('', ''))).toBe('not-authorized');
    const elsewhere = await client(server, 'acs', 'another');
    expect(await elsewhere.ask('cpe@xmpp.test/tandem', request())).toBe('service-unavailable');
    const other = await client(server, 'other');
    expect(await other.ask('cpe@xmpp.test/tandem', request())).toBe('service-unavailable');
    await bench.informed(2);
    expect(await acs.ask('cpe@xmpp.test/tandem', request())).toBe('result');
    await bench.informed(3);
  });

  it('is not asked again for long with a password that it refuses', async () => {
    const bench = await device(server, { password: 'wrong' });
    await expect.poll(() => bench.value(`${row}Status`)).toBe('Error_AuthenticationFailure');
    await expect.poll(() => bench.clock.nextMs).toBe(30_000);
    expect(await bench.value(jabberId)).toBe('');
  });

  it('is not trusted when its certificate is of another authority', async () => {
    const bench = await device(server, { ca: createPki('Somebody else').caPem });
    await expect.poll(() => bench.value(`${row}Status`)).toBe('Error_Misconfigured');
  });

  it('that has gone is looked for again, and nothing new is told when it is the same JabberID', async () => {
    const own = await startProsody({ certificate: certificate(), users });
    open.push(own);
    const bench = await device(own);
    await expect.poll(() => bench.value(`${row}Status`)).toBe('Enabled');
    await bench.informed(2);
    await own.kill();
    await expect.poll(() => bench.value(`${row}Status`)).toBe('Connecting');
    expect(await bench.value(jabberId)).toBe('cpe@xmpp.test/tandem');
    await expect.poll(() => bench.clock.nextMs).toBe(30_000);
    bench.clock.advance(30_000);
    await expect.poll(() => bench.value(`${row}Status`)).toBe('ServerNotPresent');
    await own.start();
    // The second wait is up to twice as long.
    await expect.poll(() => bench.clock.nextMs).toBe(60_000);
    bench.clock.advance(60_000);
    await expect.poll(() => bench.value(`${row}Status`)).toBe('Enabled');
    await bench.informed(2);
  });

  it('follows what the ACS sets: off, and on with another resource', async () => {
    const bench = await device(server);
    await expect.poll(() => bench.value(jabberId)).toBe('cpe@xmpp.test/tandem');
    await bench.set(`${row}Enable`, 'false');
    await expect.poll(() => bench.value(jabberId)).toBe('');
    expect(await bench.value(`${row}Status`)).toBe('Disabled');
    await bench.set(`${row}Resource`, 'router');
    await bench.set(`${row}Enable`, 'true');
    await expect.poll(() => bench.value(jabberId)).toBe('cpe@xmpp.test/router');
  });
});

describe.skipIf(!hasProsody)('prosody with a single mechanism', () => {
  it.each([
    ['SCRAM-SHA-256', '{ "PLAIN"; "SCRAM-SHA-1" }'],
    ['SCRAM-SHA-1', '{ "PLAIN"; "SCRAM-SHA-256" }'],
    ['PLAIN', '{ "SCRAM-SHA-1"; "SCRAM-SHA-256" }'],
  ])('takes us by %s', async (_, disabled) => {
    const server = await startProsody({
      certificate: certificate(),
      users,
      extra: `disable_sasl_mechanisms = ${disabled}`,
    });
    open.push(server);
    const asker = await client(server, 'cpe', 'one');
    expect(asker.session.jabberId).toBe('cpe@xmpp.test/one');
    expect(asker.session.secure).toBe(true);
  });
});

describe.skipIf(!hasProsody)('prosody that must not be trusted', () => {
  it('with the certificate of another domain', async () => {
    const server = await startProsody({
      certificate: pki.issue({ commonName: 'other.test', dns: ['other.test'], usage: 'server' }),
      users,
    });
    open.push(server);
    const bench = await device(server);
    await expect.poll(() => bench.value(`${row}Status`)).toBe('Error_Misconfigured');
  });

  it('without TLS, even where the connection does not ask for it', async () => {
    const server = await startProsody({ users });
    open.push(server);
    const bench = await device(server);
    await expect.poll(() => bench.value(`${row}Status`)).toBe('Error_Misconfigured');
  });
});
