import { createHmac, randomBytes } from 'node:crypto';
import type { AcsAnswer, AcsCredentials, AcsInform, AcsRpc } from '../acs/index.ts';
import type { Lab } from '../lab.ts';
import type { Pki } from '../pki/index.ts';
import { type LightweightHeard, type LightweightReceiver, startLightweightReceiver } from './lightweight.ts';
import { LabNat } from './nat.ts';
import { type LabStunServer, startStunServer } from './stun-server.ts';
import { LabXmppServer } from './xmpp-server.ts';

const server = 'Device.ManagementServer.';
const udpAddress = `${server}UDPConnectionRequestAddress`;
const jabberId = `${server}ConnReqJabberID`;
const domain = 'xmpp.lab';

/** How the session came about that a connection request has asked for. */
export interface Reached {
  /** Where the request went: `host:port` or a JabberID. */
  readonly at: string;
  readonly inform: AcsInform;
}

/** Connection requests of the lab's ACS that find their way through a NAT; what they need is started and configured when they are first asked for. */
export class LabReach implements AsyncDisposable {
  readonly #lab: Lab;
  readonly #pki: Pki;
  #stun: { readonly server: LabStunServer; readonly nat: LabNat } | undefined;
  #xmpp: LabXmppServer | undefined;
  #lightweight: LightweightReceiver | undefined;
  #timestamp = 0;

  constructor(lab: Lab, pki: Pki) {
    this.#lab = lab;
    this.#pki = pki;
  }

  /** Where the device itself hears UDP Connection Requests, behind the NAT: `host:port`. */
  get udpInside(): string | undefined {
    return this.#stun?.nat.first;
  }

  /** TR-069 Annex G, through a NAT of the lab's. */
  async overUdp(): Promise<Reached> {
    const { acs, device } = this.#lab;
    if (!this.#stun) {
      const own = await startStunServer();
      this.#stun = { server: own, nat: await new LabNat(own.address).start() };
      const { address, port } = this.#stun.nat.address;
      const values = { STUNServerAddress: address, STUNServerPort: String(port), STUNEnable: 'true' };
      const active = { name: udpAddress, notification: 2 as const };
      await this.#call({ rpc: 'SetParameterAttributes', attributes: [active] }, set(server, values));
    }
    const at = await this.#told(udpAddress);
    const [address = '', port = ''] = at.split(':');
    const seen = acs.informs.length;
    // Later than the one before, also within a second.
    this.#timestamp = Math.max(Math.floor(Date.now() / 1000), this.#timestamp + 1);
    const request = udpConnectionRequest(at, this.#lab.connectionRequestCredentials(), this.#timestamp);
    // TR-069 G.2.2.3: the same datagram more than once, as any of them can be lost.
    for (let turn = 0; turn < 3; turn++) this.#stun.server.send(request, { address, port: Number(port) });
    acs.events.emit({ kind: 'connection-request', device, over: 'UDP', status: 'sent' });
    return { at, inform: await this.#asked(seen) };
  }

  /** TR-069 Annex K. */
  async overXmpp(): Promise<Reached> {
    const { acs, device } = this.#lab;
    if (!this.#xmpp) {
      const password = randomBytes(12).toString('hex');
      const { certPem: cert, keyPem: key } = this.#pki.issue({ commonName: domain, dns: [domain], usage: 'server' });
      this.#xmpp = await new LabXmppServer({ domain, cert, key, users: { cpe: password } }).start();
      const table = 'Device.XMPP.Connection.';
      const [made] = await this.#call({ rpc: 'AddObject', path: table });
      const row = `${table}${made?.instance}.`;
      const [added] = await this.#call({ rpc: 'AddObject', path: `${row}Server.` });
      const address = { ServerAddress: '127.0.0.1', Port: String(this.#xmpp.port), Enable: 'true' };
      const account = { Username: 'cpe', Password: password, Domain: domain, ServerConnectAlgorithm: 'ServerTable' };
      await this.#call(
        set(`${row}Server.${added?.instance}.`, address),
        set(row, { ...account, UseTLS: 'true', Enable: 'true' }),
        set(server, { ConnReqXMPPConnection: row.slice(0, -1), ConnReqAllowedJabberIDs: `acs@${domain}` }),
      );
    }
    const at = await this.#told(jabberId);
    const seen = acs.informs.length;
    const { username, password } = this.#lab.connectionRequestCredentials();
    const ns = 'urn:broadband-forum-org:cwmp:xmppConnReq-1-0';
    const request = `<connectionRequest xmlns="${ns}"><username>${username}</username><password>${password}</password></connectionRequest>`;
    const status = await this.#xmpp.ask(at, request);
    acs.events.emit({ kind: 'connection-request', device, over: 'XMPP', status });
    if (status !== 'result') throw new Error(`the device answered with ${status}`);
    return { at, inform: await this.#asked(seen) };
  }

  /** Has changes of a parameter told in datagrams (TR-069 Annex M, notification 5); each is an event of the ACS. */
  async lightweight(parameter: string): Promise<void> {
    const { acs, device, acsPassword } = this.#lab;
    const settings: AcsRpc[] = [];
    if (!this.#lightweight) {
      this.#lightweight = await startLightweightReceiver(acsPassword, ({ parameters, signed }: LightweightHeard) =>
        acs.events.emit({ kind: 'lightweight', device, parameters, signed }),
      );
      const { address, port } = this.#lightweight.address;
      const to = { UDPLightweightNotificationHost: address, UDPLightweightNotificationPort: String(port) };
      settings.push(set(server, { LightweightNotificationProtocolsUsed: 'UDP', ...to }));
    }
    await this.#call(...settings, {
      rpc: 'SetParameterAttributes',
      attributes: [{ name: parameter, notification: 5 }],
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lightweight?.[Symbol.asyncDispose]();
    await this.#stun?.nat[Symbol.asyncDispose]();
    await this.#stun?.server[Symbol.asyncDispose]();
    await this.#xmpp?.[Symbol.asyncDispose]();
  }

  /** All in one session. @throws Error for a fault */
  async #call(...rpcs: readonly AcsRpc[]): Promise<AcsAnswer[]> {
    const answers = rpcs.map((rpc) => this.#lab.acs.call(this.#lab.device, rpc));
    // One that fails before the others are waited for.
    for (const answer of answers) answer.catch(() => {});
    await this.#lab.requestConnection();
    const given = await Promise.all(answers);
    const fault = given.find((answer) => answer.fault)?.fault;
    if (fault) throw new Error(`fault ${fault.code} ${fault.text}`);
    return given;
  }

  /** The value that was told last, once there is one. */
  async #told(path: string): Promise<string> {
    const has = ({ parameters }: AcsInform): boolean => (parameters.get(path) ?? '') !== '';
    await this.#lab.acs.inform(has);
    return this.#lab.acs.informs.findLast(has)!.parameters.get(path)!;
  }

  #asked(from: number): Promise<AcsInform> {
    return this.#lab.acs.inform(({ events }) => events.some(({ code }) => code === '6 CONNECTION REQUEST'), from);
  }
}

function set(object: string, values: Readonly<Record<string, string>>): AcsRpc {
  const named = Object.entries(values).map(([name, value]) => ({ name: object + name, value }));
  return { rpc: 'SetParameterValues', values: named, parameterKey: 'lab' };
}

/** TR-069 G.2.2.3. */
function udpConnectionRequest(authority: string, { username, password }: AcsCredentials, ts: number): Buffer {
  const id = randomBytes(4).readUInt32BE();
  const cn = randomBytes(8).toString('hex');
  const sig = createHmac('sha1', password).update(`${ts}${id}${username}${cn}`).digest('hex');
  const query = `ts=${ts}&id=${id}&un=${encodeURIComponent(username)}&cn=${cn}&sig=${sig}`;
  return Buffer.from(`GET http://${authority}?${query} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
}
