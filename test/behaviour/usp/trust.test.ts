import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type Controller, createPki, type LabFactory } from '#lab';
import type { Section } from '../../support/agent-config.ts';
import { UspBench } from '../../support/usp-bench.ts';

// Who a controller is, and what follows from it, over TLS with certificates of the lab's own authority.
const bench = new UspBench();
const pki = createPki('Operator');
const device = 'os::00D09E-LAB0001';
const trust = 'Device.LocalAgent.ControllerTrust.';
const names = ['proto::first', 'proto::second'] as const;

const tlsOf = (uri: readonly string[]) => {
  const { certPem: cert, keyPem: key } = pki.issue({ commonName: 'c', uri, ip: ['127.0.0.1'], usage: 'server' });
  return { tls: { cert, key, clientCa: pki.caPem } };
};
const named = (endpointId: string) => tlsOf([`urn:bbf:usp:id:${endpointId}`]);
const first = named(names[0]);
const second = named(names[1]);
const pinOf = (pem: string): string =>
  createHash('sha256')
    .update(new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64');

/** Two controllers, each with its own role: the first may everything, the second may read Wi-Fi and ask for challenges. */
async function begin(
  webSockets: readonly [object, object],
  roles: readonly [string, string] = ['full', 'viewer'],
  sections: readonly Section[] = [],
  factory: Partial<LabFactory> = {},
): Promise<[Controller, Controller]> {
  const all = { targets: 'Device.', param: 'rw-n', obj: 'rw-n', instantiated_obj: 'rw-n', command_event: 'r-xn' };
  const wifi = { targets: 'Device.WiFi.', param: 'r---', obj: 'r---', instantiated_obj: 'r---' };
  const ask = { targets: `${trust}RequestChallenge(),${trust}ChallengeResponse()`, command_event: 'r-x-' };
  const controllers = await bench.begin(
    names.map((endpointId, index) => ({ endpointId, webSocket: webSockets[index]! })),
    (started) => ({
      caPem: pki.caPem,
      client: pki.issue({ commonName: 'LAB0001', uri: [`urn:bbf:usp:id:${device}`], usage: 'client' }),
      identity: 'certificate',
      controllers: started.map(({ endpointId, port }, index) => ({
        endpoint_id: endpointId,
        role: roles[index],
        websocket: { host: '127.0.0.1', port, path: '/usp', encryption: 'tls' in webSockets[index]! },
      })),
      ...factory,
    }),
    [
      ['role', 'full', { name: 'Full', enable: 1 }],
      ['permission', 'full_all', { role: 'full', enable: 1, order: 1, ...all }],
      ['role', 'viewer', { name: 'Viewer', enable: 1 }],
      ['permission', 'viewer_wifi', { role: 'viewer', enable: 1, order: 1, ...wifi }],
      ['role', 'nobody', { name: 'Untrusted', enable: 1 }],
      ['permission', 'nobody_ask', { role: 'nobody', enable: 1, order: 1, ...ask }],
      ...sections,
    ],
  );
  await Promise.all(controllers.map((controller) => controller.connected(device)));
  return [controllers[0]!, controllers[1]!];
}

async function get(controller: Controller, path: string): Promise<Record<string, string> | number> {
  const answer = await controller.ask(device, { get: { paramPaths: [path], maxDepth: 0 } }, 'getResp');
  if (!answer.ok) throw new Error(answer.fault.errMsg);
  const { errCode, resolvedPathResults } = answer.value.reqPathResults[0]!;
  return errCode > 0 ? errCode : Object.assign({}, ...resolvedPathResults.map(({ resultParams }) => resultParams));
}
async function set(controller: Controller, path: string, value: string): Promise<number> {
  const dot = path.lastIndexOf('.') + 1;
  const paramSettings = [{ param: path.slice(dot), value, required: true }];
  const updateObjs = [{ objPath: path.slice(0, dot), paramSettings }];
  const answer = await controller.ask(device, { set: { allowPartial: false, updateObjs } }, 'setResp');
  return answer.ok ? 0 : answer.fault.errCode;
}
async function operate(controller: Controller, command: string, inputArgs: Record<string, string> = {}) {
  const request = { operate: { command, commandKey: '', sendResp: true, inputArgs } };
  const answer = await controller.ask(device, request, 'operateResp');
  if (!answer.ok) return answer.fault.errCode;
  const { cmdFailure, reqOutputArgs } = answer.value.operationResults[0]!;
  return cmdFailure?.errCode ?? reqOutputArgs?.outputArgs ?? {};
}
const ssid = 'Device.WiFi.SSID.1.SSID';
const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('a controller whose certificate nobody known has issued', () => {
  const stranger = createPki('Somebody').issue({
    commonName: 'c',
    uri: [`urn:bbf:usp:id:${names[1]}`],
    usage: 'server',
  });
  const unknown = { tls: { cert: stranger.certPem, key: stranger.keyPem, clientCa: pki.caPem } };

  it('is trusted on first use where that is allowed, with the untrusted role, until its certificate is deleted', async () => {
    const [first, second] = await begin(
      [named(names[0]), unknown],
      ['full', 'full'],
      [
        ['usp', 'usp', { untrusted_role: 'nobody', tofu: 1 }],
        ['controller_mtp', 'controller_2_mtp_1', { retry_minimum_wait: 1, retry_multiplier: 1000 }],
        ['challenge', 'pin', { enable: 1, role: 'viewer', value: base64('1234') }],
      ],
    );
    const row = 'Device.LocalAgent.Controller.2.';
    const certificate = 'Device.LocalAgent.Certificate.1';
    expect(await get(first, `${row}Credential`)).toEqual({ Credential: certificate });
    expect(await get(first, `${row}AssignedRole`)).toEqual({ AssignedRole: `${trust}Role.3` });
    expect(await get(second, ssid)).toBe(7026);
    const challenge = await operate(second, `${trust}RequestChallenge()`, { ChallengeRef: `${trust}Challenge.1` });
    const { ChallengeID } = challenge as Record<string, string>;
    expect(
      await operate(second, `${trust}ChallengeResponse()`, { ChallengeID: ChallengeID!, Value: base64('1234') }),
    ).toEqual({});
    await expect.poll(() => get(second, ssid)).toEqual({ SSID: 'OpenWrt' });
    expect(await set(first, `${trust}TOFUAllowed`, 'false')).toBe(0);
    expect(await operate(first, `${certificate}.Delete()`)).toEqual({});
    expect(await get(first, `${row}Credential`)).toEqual({ Credential: '' });
  });
});

describe('what the operator says of certificates', () => {
  const list = '/etc/revoked.pem';
  it.each([
    ['a revocation list', { crl: list }, /revoked/],
    ['pins', { pin: [pinOf(first.tls.cert)] }, /pinned/],
  ])('keeps the agent from a controller: %s', async (_, options, reason) => {
    const endpoints = names.map((endpointId, index) => ({ endpointId, webSocket: [first, second][index]! }));
    const [one] = await bench.begin(
      endpoints,
      (started) => {
        writeFileSync(join(bench.router.root, list), pki.revoke([second.tls.cert]));
        return {
          caPem: pki.caPem,
          client: pki.issue({ commonName: 'LAB0001', uri: [`urn:bbf:usp:id:${device}`], usage: 'client' }),
          controllers: started.map(({ endpointId, port }) => ({
            endpoint_id: endpointId,
            websocket: { host: '127.0.0.1', port, path: '/usp', encryption: true },
          })),
        };
      },
      [['usp', 'usp', options]],
    );
    await one!.connected(device);
    await expect.poll(() => bench.agent.said(), { timeout: 20_000 }).toMatch(reason);
    expect(bench.agent.said()).not.toMatch(/connected controller=proto::second/);
    expect(await get(one!, 'Device.LocalAgent.EndpointID')).toEqual({ EndpointID: device });
  });
});

describe('two controllers with different roles at once', () => {
  it('see and may each what their role says', async () => {
    const [first, second] = await begin([named(names[0]), named(names[1])]);
    expect(await get(first, ssid)).toEqual({ SSID: 'OpenWrt' });
    expect(await get(second, ssid)).toEqual({ SSID: 'OpenWrt' });
    expect(await set(second, ssid, 'Mine')).toBe(7006);
    expect(await set(first, ssid, 'Ours')).toBe(0);
    expect(await get(second, ssid)).toEqual({ SSID: 'Ours' });
    expect(await get(second, 'Device.LocalAgent.EndpointID')).toBe(7026);
    expect(await get(second, 'Device.LocalAgent.')).toBe(7026);
    expect(await operate(second, 'Device.Reboot()')).toBe(7006);

    const supported = await second.ask(
      device,
      {
        getSupportedDm: {
          objPaths: ['Device.'],
          firstLevelOnly: false,
          returnCommands: true,
          returnEvents: true,
          returnParams: true,
          returnUniqueKeySets: true,
        },
      },
      'getSupportedDmResp',
    );
    const objects = supported.ok ? supported.value.reqObjResults[0]!.supportedObjs : [];
    expect(objects.length).toBeGreaterThan(5);
    expect(objects.every(({ supportedObjPath }) => supportedObjPath.startsWith('Device.WiFi.'))).toBe(true);
    expect(objects.flatMap(({ supportedCommands }) => supportedCommands)).toEqual([]);
  });

  it('of which one is given access to what is secured while it is connected', async () => {
    const [first, second] = await begin([named(names[0]), named(names[1])]);
    const passphrase = 'Device.WiFi.AccessPoint.1.Security.KeyPassphrase';
    expect(await set(first, passphrase, 'correct horse')).toBe(0);
    expect(await get(second, passphrase)).toEqual({ KeyPassphrase: '' });
    const rows = await get(first, `${trust}Role.[Name=="Viewer"].Alias`);
    expect(rows).toMatchObject({ Alias: expect.any(String) });
    expect(await set(first, `${trust}SecuredRoles`, `${trust}Role.2`)).toBe(0);
    expect(await get(second, passphrase)).toEqual({ KeyPassphrase: 'correct horse' });
    expect(await get(first, passphrase)).toEqual({ KeyPassphrase: '' });
  });
});

describe('a controller that nothing makes sure of', () => {
  it('has the untrusted role, whatever is assigned to it, and is told nothing', async () => {
    const usp: Section = ['usp', 'usp', { untrusted_role: 'viewer' }];
    const [first, second] = await begin([tlsOf([]), {}], ['full', 'full'], [usp]);
    for (const controller of [first, second]) {
      expect(await get(controller, ssid)).toEqual({ SSID: 'OpenWrt' });
      expect(await set(controller, ssid, 'Mine')).toBe(7006);
      expect(await get(controller, 'Device.LocalAgent.EndpointID')).toBe(7026);
      expect(controller.notifications).toEqual([]);
    }
    expect(bench.agent.said()).toContain('nothing makes sure of a controller');
  });

  it('is not connected to when its certificate is of another one', async () => {
    const [first, second] = await begin([named(names[0]), named('proto::other')]);
    while (!bench.agent.said().includes('the certificate is of another endpoint')) await sleep(20);
    expect(second.records).toEqual([]);
    expect(await get(first, ssid)).toEqual({ SSID: 'OpenWrt' });
  });
});

describe('a controller that is banned', () => {
  it('is neither listened to nor told anything', async () => {
    const [first, second] = await begin([named(names[0]), named(names[1])]);
    expect(await get(second, ssid)).toEqual({ SSID: 'OpenWrt' });
    expect(await set(first, `${trust}BannedRole`, `${trust}Role.3`)).toBe(0);
    expect(await set(first, 'Device.LocalAgent.Controller.2.AssignedRole', `${trust}Role.3`)).toBe(0);
    const asked = get(second, ssid).then(() => 'answered');
    while (!bench.agent.said().includes('a record is not listened to')) await sleep(20);
    expect(await Promise.race([asked, sleep(0, 'nothing')])).toBe('nothing');
    expect(await set(first, 'Device.LocalAgent.Controller.2.AssignedRole', `${trust}Role.2`)).toBe(0);
    expect(await get(second, ssid)).toEqual({ SSID: 'OpenWrt' });
  });
});

describe('a controller that is known and has no role', () => {
  it('is shown with the untrusted one, and gets another by a challenge', async () => {
    const sections: Section[] = [
      ['usp', 'usp', { untrusted_role: 'nobody' }],
      [
        'challenge',
        'pin',
        { enable: 1, role: 'viewer', value: base64('1234'), instruction: base64('the PIN on the label'), retries: 3 },
      ],
    ];
    const [first, second] = await begin([named(names[0]), named(names[1])], ['full', ''], sections);
    expect(await get(second, ssid)).toBe(7026);
    const assigned = 'Device.LocalAgent.Controller.2.AssignedRole';
    expect(await get(first, assigned)).toEqual({ AssignedRole: `${trust}Role.3` });
    const asked = await operate(second, `${trust}RequestChallenge()`, { ChallengeRef: `${trust}Challenge.1` });
    expect(asked).toMatchObject({ Instruction: base64('the PIN on the label') });
    const { ChallengeID } = asked as { ChallengeID: string };
    expect(await operate(second, `${trust}ChallengeResponse()`, { ChallengeID, Value: base64('4321') })).toBe(7022);
    expect(await operate(second, `${trust}ChallengeResponse()`, { ChallengeID, Value: base64('1234') })).toEqual({});
    expect(await get(first, assigned)).toEqual({ AssignedRole: `${trust}Role.2` });
    expect(await get(second, ssid)).toEqual({ SSID: 'OpenWrt' });
    expect(readFileSync(join(bench.router.root, 'etc/config/tandem'), 'utf8')).toContain("option role 'viewer'");
    expect(bench.agent.said()).not.toContain(base64('1234'));
  });

  it('inherits one with the authority of its certificate', async () => {
    const [first, second] = await begin([named(names[0]), named(names[1])], ['full', '']);
    expect(await get(second, ssid)).toBe(7026);
    expect(await operate(first, 'Device.LocalAgent.AddCertificate()', { Certificate: pki.caPem })).toEqual({});
    const createObjs = [
      {
        objPath: `${trust}Credential.`,
        paramSettings: Object.entries({
          Enable: 'true',
          Credential: 'Device.LocalAgent.Certificate.1',
          Role: `${trust}Role.2`,
          AllowedUses: 'MTP-and-USP',
        }).map(([param, value]) => ({ param, value, required: true })),
      },
    ];
    const added = await first.ask(device, { add: { allowPartial: false, createObjs } }, 'addResp');
    expect(added.ok).toBe(true);
    expect(await get(second, ssid)).toEqual({ SSID: 'OpenWrt' });
    expect(await get(first, 'Device.LocalAgent.Controller.2.InheritedRole')).toEqual({
      InheritedRole: `${trust}Role.2`,
    });
    expect(await operate(first, 'Device.LocalAgent.Certificate.1.Delete()')).toEqual({});
    expect(await get(second, ssid)).toBe(7026);
  });
});

describe('a certificate of its own', () => {
  it('is added by the controller whose row it is, and by no other', async () => {
    const [first] = await begin([named(names[0]), named(names[1])]);
    const Certificate = pki.issue({ commonName: 'next', usage: 'server' }).certPem;
    const command = (row: number): string => `Device.LocalAgent.Controller.${row}.AddMyCertificate()`;
    expect(await operate(first, command(2), { Certificate })).toBe(7006);
    expect(await operate(first, command(1), { Certificate })).toEqual({});
    expect(await get(first, 'Device.LocalAgent.Controller.1.Credential')).toEqual({
      Credential: 'Device.LocalAgent.Certificate.1',
    });
  });
});
