import { X509Certificate } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPki } from '#lab';
import type { Origin } from '#model';
import { Certificates } from '../../../src/usp/trust/certificates.ts';
import { FakeBus } from '../../support/fake-bus.ts';
import { type ModelFixture, openModel } from '../../support/model-fixture.ts';

const tandem = `
config usp 'usp'

config controller 'a'
	option enable '1'
	option endpoint_id 'proto::a'

config credential 'c'
	option enable '1'
`;
const table = 'Device.LocalAgent.Certificate.';
const pki = createPki('Operator');
const ca = new X509Certificate(pki.caPem);
const leaf = pki.issue({ commonName: 'c', usage: 'both' }).certPem;
const cli: Origin = { by: 'cli' };

let open: ModelFixture;
let certificates: Certificates;
let changes: number;
beforeEach(async () => {
  changes = 0;
  open = await openModel({ bus: new FakeBus({ 'service event': () => ({}) }), packages: { tandem } });
  certificates = new Certificates(open.model, () => changes++);
});
afterEach(() => open[Symbol.asyncDispose]());

async function operate(path: string, args: Record<string, string> = {}) {
  const answer = await open.model.operate({ protocol: 'usp' }, { path, args, commandKey: '', origin: cli });
  if (!answer.ok) return answer.fault.kind;
  const { result } = answer.value[0]!;
  return result.ok ? result.value : result.fault.kind;
}
const add = (pem: string, Alias = '') =>
  operate('Device.LocalAgent.AddCertificate()', { Certificate: pem, ...(Alias && { Alias }) });
async function values(path: string): Promise<Record<string, string>> {
  const [reading] = await open.model.get({ protocol: 'usp' }, [path]);
  if (!reading!.result.ok) return {};
  return Object.fromEntries(
    reading!.result.value.flatMap(({ path: at, parameters }) =>
      parameters.map(({ info, value }) => [at.replace('Device.LocalAgent.', '') + info.name, value]),
    ),
  );
}
const set = async (path: string, name: string, value: string): Promise<boolean> => {
  const write = { op: 'set', path, parameters: [{ name, value, required: true }] } as const;
  return (await open.model.write({ protocol: 'usp' }, [write], { origin: cli, partial: false })).committed;
};

describe('Device.LocalAgent.Certificate.', () => {
  it('has what was added, by serial number and issuer, and shows no more of it', async () => {
    expect(await add(pki.caPem, 'operator')).toEqual({});
    expect(await values(table)).toEqual({
      'Certificate.1.Alias': 'operator',
      'Certificate.1.Enable': 'true',
      'Certificate.1.SerialNumber': ca.serialNumber,
      'Certificate.1.Issuer': 'CN=Operator',
    });
    expect(certificates.of([`${table}1`])[0]!.raw).toEqual(ca.raw);
    expect((await values('Device.LocalAgent.')).CertificateNumberOfEntries).toBe('1');
    expect(changes).toBe(1);
  });

  it('takes a certificate once, one at a time, and nothing else', async () => {
    await add(pki.caPem, 'operator');
    expect(await add(pki.caPem)).toBe('command-failed');
    expect(await add(leaf, 'operator')).toBe('command-failed');
    expect(await add(leaf + pki.caPem)).toBe('invalid-value');
    expect(await add('not PEM')).toBe('invalid-value');
    expect(await operate('Device.LocalAgent.AddCertificate()')).toBe('command-arguments');
    expect(Object.keys(await values(table))).toHaveLength(4);
  });

  it('tells fingerprints', async () => {
    await add(pki.caPem);
    const told = await operate(`${table}1.GetFingerprint()`, { FingerprintAlgorithm: 'SHA-256' });
    expect(told).toEqual({ Fingerprint: ca.fingerprint256.replaceAll(':', '') });
    for (const FingerprintAlgorithm of ['MD5', 'constructor', 'toString', '__proto__'])
      expect(await operate(`${table}1.GetFingerprint()`, { FingerprintAlgorithm })).toBe('command-arguments');
    expect((await values('Device.LocalAgent.')).SupportedFingerprintAlgorithms).toBe(
      'SHA-1,SHA-224,SHA-256,SHA-384,SHA-512',
    );
  });

  it('does not count while it is not enabled', async () => {
    await add(pki.caPem);
    expect(await set(`${table}1.`, 'Enable', 'false')).toBe(true);
    expect(certificates.of([`${table}1`])).toEqual([]);
    expect(changes).toBe(2);
  });

  it('takes its references with it, and neither row nor number comes back', async () => {
    await add(pki.caPem);
    await add(leaf);
    const holder = 'Device.LocalAgent.Controller.1.';
    expect(await set(holder, 'Credential', `${table}1,${table}2`)).toBe(true);
    expect(await set('Device.LocalAgent.ControllerTrust.Credential.1.', 'Credential', `${table}1`)).toBe(true);
    expect(await operate(`${table}1.Delete()`)).toEqual({});
    expect((await values(holder))['Controller.1.Credential']).toBe(`${table}2`);
    expect((await values('Device.LocalAgent.ControllerTrust.'))['ControllerTrust.Credential.1.Credential']).toBe('');
    expect(Object.keys(await values(table))[0]).toBe('Certificate.2.Alias');
    await add(pki.caPem);
    expect(Object.keys(await values(table))[4]).toBe('Certificate.3.Alias');
  });

  it('is kept over a restart', async () => {
    await add(leaf, 'kept');
    await open.model[Symbol.asyncDispose]();
    const again = await openModel({
      bus: new FakeBus({ 'service event': () => ({}) }),
      packages: {},
      root: open.root,
    });
    const after = new Certificates(again.model, () => {});
    expect(
      after
        .of([`${table}1`])[0]!
        .toString()
        .replaceAll('\n', ''),
    ).toBe(leaf.replaceAll('\n', ''));
    await again[Symbol.asyncDispose]();
  });

  it('can not be added to or deleted from as other tables can', async () => {
    await add(leaf);
    const write = async (one: Parameters<typeof open.model.write>[1][number]) =>
      (await open.model.write({ protocol: 'usp' }, [one], { origin: cli, partial: false })).committed;
    expect(await write({ op: 'add', path: table, parameters: [] })).toBe(false);
    expect(await write({ op: 'delete', path: `${table}1.` })).toBe(false);
  });
});
