import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createPki, type Issued } from '#lab';
import { certificatesIn, nameOnOneLine, names, parseCertificate, pathTo } from '../../../src/usp/trust/certificate.ts';
import {
  type Claim,
  type Credential,
  type Grounds,
  judgeCertificate,
  judgeTransport,
} from '../../../src/usp/trust/judge.ts';

const now = Date.parse('2026-06-01T00:00:00Z');
const pki = createPki('Operator', new Date(now));
const other = createPki('Somebody', new Date(now));
const ca = new X509Certificate(pki.caPem);
const urn = (endpoint: string): string => `urn:bbf:usp:id:${endpoint}`;
const of = ({ certPem }: Issued): X509Certificate => new X509Certificate(certPem);
const issue = (uri: readonly string[], extra: object = {}): X509Certificate =>
  of(pki.issue({ commonName: 'controller', uri, usage: 'both', ...extra }));
const own = issue([urn('proto::c')]);
const nameless = issue([]);
const foreign = of(other.issue({ commonName: 'c', uri: [urn('proto::c')], usage: 'both' }));

const role = 'Device.LocalAgent.ControllerTrust.Role.';
const credential = (certificate: X509Certificate, uses: Credential['uses'], ...roles: string[]): Credential => ({
  certificate,
  uses,
  roles,
});
const claim = (...credentials: X509Certificate[]): Claim => ({ endpointId: 'proto::c', credentials });
const grounds = (over: Partial<Grounds> = {}): Grounds => ({
  policy: 'certificate',
  credentials: [],
  anchors: () => [ca],
  now,
  ...over,
});

describe('the Endpoint ID in a certificate', () => {
  it.each([
    ['the URN', [urn('proto::c')], 'proto::c', 'yes'],
    ['one of several', [urn('proto::x'), urn('proto::c')], 'proto::c', 'yes'],
    ['a URN in capitals, as far as those may be', ['URN:BBF:USP:ID:proto::c'], 'proto::c', 'yes'],
    ['another one', [urn('proto::x')], 'proto::c', 'other'],
    ['a longer one', [urn('proto::cc')], 'proto::c', 'other'],
    ['no one', ['https://c.example/'], 'proto::c', 'none'],
    [
      'one with a comma, which the text of a certificate quotes',
      [urn('os::1,URI:urn:bbf:usp:id:proto::c')],
      'proto::c',
      'other',
    ],
  ])('%s', (_, uri, endpoint, expected) => {
    expect(names(issue(uri), endpoint)).toBe(expected);
  });

  it('is a host name for the scheme fqdn only', () => {
    const host = issue([], { dns: ['c.example'] });
    expect(names(host, 'fqdn::c.example')).toBe('yes');
    expect(names(host, 'fqdn::C.example')).toBe('yes');
    expect(names(host, 'proto::c.example')).toBe('none');
    expect(names(host, 'fqdn::d.example')).toBe('none');
  });
});

describe('a path to what is trusted', () => {
  it('is there for what an authority has issued, and for what is trusted itself', () => {
    expect(pathTo([own], [ca], now)).toHaveLength(2);
    expect(pathTo([own], [own], now)).toHaveLength(1);
  });
  it('is not there for anybody else, even of the same name', () => {
    expect(pathTo([foreign], [ca], now)).toBeUndefined();
    const twin = createPki('Operator', new Date(now)).issue({ commonName: 'c', usage: 'both' });
    expect(pathTo([of(twin)], [ca], now)).toBeUndefined();
    expect(pathTo([own, foreign], [], now)).toBeUndefined();
    // One that is no authority issues nothing.
    expect(pathTo([foreign, own], [own], now)).toBeUndefined();
  });
  it('asks for dates, unless the time is not known', () => {
    const expired = issue([urn('proto::c')], { notBefore: new Date(now - 2e9), notAfter: new Date(now - 1e9) });
    expect(pathTo([expired], [ca], now)).toBeUndefined();
    expect(pathTo([expired], [ca], undefined)).toHaveLength(2);
    expect(pathTo([own], [ca], now + 40 * 365 * 86_400_000)).toBeUndefined();
  });
});

describe('what a connection makes sure of', () => {
  const direct = (chain: readonly X509Certificate[]) => ({ encrypted: true, chain, end: 'controller' as const });
  it('is the controller that its certificate names', () => {
    expect(judgeTransport(grounds(), claim(), direct([own, ca]))).toEqual({ inherited: [] });
    expect(judgeTransport(grounds(), claim(), direct([issue([urn('proto::x')]), ca]))).toBe('other');
  });
  it('is nobody without a name, without TLS, or behind a broker, unless the policy is content with less', () => {
    const weak = [
      direct([nameless, ca]),
      { ...direct([]), encrypted: false },
      { ...direct([own, ca]), end: 'broker' as const },
    ];
    for (const evidence of weak) expect(judgeTransport(grounds(), claim(), evidence)).toBeUndefined();
    const host = grounds({ policy: 'host' });
    expect(weak.map((evidence) => judgeTransport(host, claim(), evidence) !== undefined)).toEqual([true, false, true]);
    const none = grounds({ policy: 'none' });
    expect(weak.map((evidence) => judgeTransport(none, claim(), evidence) !== undefined)).toEqual([true, true, true]);
    const local = { encrypted: false, chain: [], end: 'local' as const };
    expect(judgeTransport(grounds(), claim(), local)).toEqual({ inherited: [] });
    expect(judgeTransport(host, claim(), direct([issue([urn('proto::x')]), ca]))).toBe('other');
  });
  it('is not the controller that somebody names who is trusted for connections only', () => {
    const foreignCa = new X509Certificate(other.caPem);
    const named = direct([foreign, foreignCa]);
    expect(judgeTransport(grounds(), claim(), named)).toBeUndefined();
    const uses = (use: Credential['uses']) => ({ credentials: [credential(foreignCa, use)] });
    expect(judgeTransport(grounds(uses('MTP-only')), claim(), named)).toBeUndefined();
    expect(judgeTransport(grounds(uses('MTP-and-broker')), claim(), named)).toBeUndefined();
    expect(judgeTransport(grounds(uses('MTP-and-USP')), claim(), named)).toEqual({ inherited: [] });
  });
  it('is nobody whose certificate only says that a trusted authority has issued it', () => {
    // Who may add certificates adds an authority of the same name: TLS is content, and what is sent along is the real one.
    const twin = createPki('Operator', new Date(now));
    const forged = of(twin.issue({ commonName: 'c', uri: [urn('proto::c')], usage: 'both' }));
    const chain = direct([forged, ca]);
    expect(judgeTransport(grounds(), claim(), chain)).toBeUndefined();
    const credentials = [credential(ca, 'MTP-and-USP', `${role}2`), credential(ca, 'MTP-and-broker', `${role}3`)];
    expect(judgeTransport(grounds({ credentials }), claim(), chain)).toBeUndefined();
    expect(judgeTransport(grounds({ credentials }), claim(forged), chain)).toEqual({ inherited: [] });
    expect(judgeTransport(grounds({ credentials }), claim(), { ...chain, end: 'broker' })).toBeUndefined();
    // However long the chain that is sent, and whatever is at its end.
    expect(judgeTransport(grounds(), claim(), direct([forged, ...Array(8).fill(nameless), ca]))).toBeUndefined();
  });
  it('is more than that the host is the configured one, for who connects to the agent', () => {
    const caller = { ...direct([nameless, ca]), end: 'caller' as const };
    expect(judgeTransport(grounds({ policy: 'host' }), claim(), caller)).toBeUndefined();
    expect(judgeTransport(grounds({ policy: 'host' }), claim(), { ...caller, chain: [own] })).toEqual({
      inherited: [],
    });
  });
  it('is the controller whose Credential it is, whatever it names', () => {
    expect(judgeTransport(grounds(), claim(nameless), direct([nameless]))).toEqual({ inherited: [] });
    expect(judgeTransport(grounds(), claim(own), direct([nameless]))).toBeUndefined();
  });
  it('brings the roles of the first credential in its chain, for what that may be used', () => {
    const of = (...credentials: Credential[]) => judgeTransport(grounds({ credentials }), claim(), direct([own, ca]));
    expect(of(credential(ca, 'MTP-and-USP', `${role}2`))).toEqual({ inherited: [`${role}2`] });
    expect(of(credential(ca, 'MTP-only', `${role}2`))).toEqual({ inherited: [] });
    expect(of(credential(ca, 'MTP-and-USP', `${role}2`), credential(own, 'MTP-and-USP', `${role}3`))).toEqual({
      inherited: [`${role}3`],
    });
  });
  it('is whom a trusted broker says', () => {
    const broker = { ...direct([nameless, ca]), end: 'broker' as const };
    const credentials = [credential(ca, 'MTP-and-broker', `${role}4`)];
    expect(judgeTransport(grounds({ credentials }), claim(), broker)).toEqual({ inherited: [`${role}4`] });
    expect(judgeTransport(grounds({ credentials }), claim(), direct([nameless, ca]))).toBeUndefined();
  });
});

describe('what a certificate by itself makes sure of', () => {
  it('is the controller that it names, if somebody trusted says so', () => {
    expect(judgeCertificate(grounds(), claim(), [own])).toEqual({ inherited: [] });
    expect(judgeCertificate(grounds(), claim(), [foreign])).toBeUndefined();
    expect(judgeCertificate(grounds({ policy: 'none' }), claim(), [foreign])).toBeUndefined();
    expect(judgeCertificate(grounds(), claim(), [nameless])).toBe('other');
    expect(judgeCertificate(grounds(), claim(), [])).toBeUndefined();
  });
  it('is the controller whose Credential it is', () => {
    expect(judgeCertificate(grounds({ anchors: () => [] }), claim(foreign), [foreign])).toEqual({ inherited: [] });
  });
  it('is nobody where the authority may not say so', () => {
    const foreignCa = new X509Certificate(other.caPem);
    const credentials = [credential(foreignCa, 'MTP-only', `${role}2`)];
    expect(judgeCertificate(grounds({ credentials }), claim(), [foreign])).toBeUndefined();
    const usable = [credential(foreignCa, 'MTP-and-USP', `${role}2`)];
    expect(judgeCertificate(grounds({ credentials: usable }), claim(), [foreign])).toEqual({ inherited: [`${role}2`] });
  });
});

describe('certificates as text', () => {
  it('are one at a time, or none', () => {
    expect(parseCertificate(pki.caPem)?.raw).toEqual(ca.raw);
    expect(parseCertificate(pki.caPem + pki.caPem)).toBeUndefined();
    expect(parseCertificate('')).toBeUndefined();
    expect(parseCertificate(pki.caPem.replace('MII', 'AII'))).toBeUndefined();
    expect(certificatesIn(`x${pki.caPem}y${other.caPem}`)).toHaveLength(2);
  });
  it('have issuers on one line', () => {
    expect(nameOnOneLine('C=DE\nO=Operator\nCN=Root')).toBe('CN=Root,O=Operator,C=DE');
  });
});
