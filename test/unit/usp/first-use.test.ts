import { X509Certificate } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '#base';
import { createPki } from '#lab';
import { Certificates } from '../../../src/usp/trust/certificates.ts';
import { FirstUse, type Newcomer } from '../../../src/usp/trust/first-use.ts';
import { noTrust, type TrustConfig } from '../../../src/usp/trust/trust-config.ts';
import { FakeBus } from '../../support/fake-bus.ts';
import { HandClock } from '../../support/hand-clock.ts';
import { type ModelFixture, openModel } from '../../support/model-fixture.ts';

// The certificate that a controller shows first, where nobody known has issued it.
const role = 'Device.LocalAgent.ControllerTrust.Role.';
const tandem = `
config usp 'usp'

config role 'nobody'
	option name 'Untrusted'

config role 'full'
	option name 'Full'

config controller 'a'
	option enable '1'
	option endpoint_id 'proto::a'
	option role 'full'
`;
const now = Date.parse('2026-06-01T00:00:00Z');
const pki = createPki('Somebody', new Date(now));
const issue = (extra: object = {}): X509Certificate =>
  new X509Certificate(
    pki.issue({ commonName: 'c', uri: ['urn:bbf:usp:id:proto::a'], usage: 'server', ...extra }).certPem,
  );
const own = issue();
const selfSigned = 'DEPTH_ZERO_SELF_SIGNED_CERT';

let open: ModelFixture;
let certificates: Certificates;
let config: TrustConfig;
let firstUse: FirstUse;
beforeEach(async () => {
  config = { ...noTrust, untrusted: [`${role}1`], tofu: { allowed: true, inactivitySeconds: 60 } };
  open = await openModel({ bus: new FakeBus({ 'service event': () => ({}) }), packages: { tandem } });
  const { model } = open;
  certificates = new Certificates(model, () => {});
  firstUse = new FirstUse({ model, clock: new HandClock(now), log: silentLog, certificates, config: () => config });
});
afterEach(() => open[Symbol.asyncDispose]());

const row = 'Device.LocalAgent.Controller.1.';
const newcomer = (over: Partial<Newcomer> = {}): Newcomer => ({
  path: row,
  endpointId: 'proto::a',
  assigned: [`${role}2`],
  credentials: [],
  ...over,
});
async function value(name: string): Promise<string | undefined> {
  const [reading] = await open.model.get({ protocol: 'usp' }, [row + name]);
  return reading!.result.ok ? reading!.result.value[0]?.parameters[0]?.value : undefined;
}
const credential = 'Device.LocalAgent.Certificate.1';

describe('trust on first use', () => {
  it("keeps the certificate as the controller's, with the untrusted role in place of any, and for nobody else", async () => {
    expect(await firstUse.meet(newcomer(), own.raw, selfSigned)).toBe(true);
    expect(await value('Credential')).toBe(credential);
    expect(await value('AssignedRole')).toBe(`${role}1`);
    expect(certificates.of([credential])[0]!.raw).toEqual(own.raw);
    expect(certificates.all()).toEqual([]);
    expect(firstUse.known({ credentials: [credential] })).toBe(own.toString());
    expect(firstUse.known({ credentials: [] })).toBeUndefined();
  });

  it.each([
    ['of who has a certificate', () => ({ controller: newcomer({ credentials: [credential] }) })],
    ['that does not name the controller', () => ({ certificate: issue({ uri: ['urn:bbf:usp:id:proto::b'] }) })],
    ['that names nobody', () => ({ certificate: issue({ uri: [] }) })],
    ['that is over', () => ({ certificate: issue({ notBefore: new Date(0), notAfter: new Date(now - 1000) }) })],
    ['that was revoked', () => ({ problem: 'CERT_REVOKED' })],
    ['of another host', () => ({ problem: 'ERR_TLS_CERT_ALTNAME_INVALID' })],
    ['without a problem', () => ({ problem: undefined })],
  ])('is not given to one %s', async (_, make) => {
    const {
      controller = newcomer(),
      certificate = own,
      ...rest
    } = make() as {
      controller?: Newcomer;
      certificate?: X509Certificate;
      problem?: string | undefined;
    };
    const problem = 'problem' in rest ? rest.problem : selfSigned;
    expect(await firstUse.meet(controller, certificate.raw, problem)).toBe(false);
    expect(await value('Credential')).toBe('');
    expect(await value('AssignedRole')).toBe(`${role}2`);
  });

  it('is not there where it is not allowed', async () => {
    config = { ...config, tofu: { allowed: false, inactivitySeconds: 0 } };
    expect(await firstUse.meet(newcomer(), own.raw, selfSigned)).toBe(false);
    expect(await value('Credential')).toBe('');
  });

  it('waits for a message as long as it is the only reason to trust', async () => {
    const chain = [own.raw];
    const untrusted = newcomer({ assigned: [`${role}1`] });
    expect(firstUse.inactivityMs(untrusted, chain)).toBe(0);
    await firstUse.meet(newcomer(), own.raw, selfSigned);
    expect(firstUse.inactivityMs(untrusted, chain)).toBe(60_000);
    expect(firstUse.inactivityMs(newcomer(), chain)).toBe(0);
    expect(firstUse.inactivityMs(untrusted, [issue().raw])).toBe(0);
    expect(firstUse.inactivityMs(untrusted, [])).toBe(0);
    config = { ...config, tofu: { allowed: true, inactivitySeconds: 0 } };
    expect(firstUse.inactivityMs(untrusted, chain)).toBe(0);
  });

  it('is kept over a restart', async () => {
    await firstUse.meet(newcomer(), own.raw, selfSigned);
    await open.model[Symbol.asyncDispose]();
    open = await openModel({ bus: new FakeBus({ 'service event': () => ({}) }), packages: {}, root: open.root });
    const after = new Certificates(open.model, () => {});
    expect(after.all()).toEqual([]);
    expect(after.cameFirst(after.of([credential])[0]!)).toBe(true);
  });
});
