import { createHash } from 'node:crypto';
import { afterEach, expect, it } from 'vitest';
import { ReachBench } from '../../support/reach-bench.ts';
import { settled } from '../../support/settle.ts';

const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
const urlPath = 'Device.ManagementServer.ConnectionRequestURL';

let at: ReachBench | undefined;
afterEach(async () => {
  await at?.[Symbol.asyncDispose]();
  at = undefined;
});
async function bench(): Promise<{ made: ReachBench; ask: (more?: Knock) => { status: number; nonce: string } }> {
  const made = new ReachBench();
  at = made;
  await made.begin('');
  const target = new URL((await made.informed(1)).parameters.get(urlPath)!).pathname;
  const ask = ({ authorization, path = target }: Knock = {}) => {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization: authorization(path) };
    const answer = made.heard!({ method: 'GET', target: path, headers, remoteAddress: '192.0.2.66' });
    const [, nonce = ''] = /nonce="([^"]+)"/.exec(answer.headers['www-authenticate'] ?? '') ?? [];
    return { status: answer.status, nonce };
  };
  return { made, ask };
}
interface Knock {
  readonly authorization?: (uri: string) => string;
  readonly path?: string;
}
const digest =
  (nonce: string, { username = 'acs', password = 'cr-secret', realm = 'tandem', qop = 'auth', given = '' } = {}) =>
  (uri: string): string => {
    const asked = given || uri;
    const middle = qop === '' ? '' : `00000001:c1:${qop}:`;
    const response = md5(`${md5(`${username}:${realm}:${password}`)}:${nonce}:${middle}${md5(`GET:${asked}`)}`);
    const more = qop === '' ? '' : `, qop=${qop}, nc=00000001, cnonce="c1"`;
    return `Digest username="${username}", realm="${realm}", nonce="${nonce}", uri="${asked}", response="${response}"${more}`;
  };

it('is answered before the session begins, and begins it without any wait', async () => {
  const { made, ask } = await bench();
  expect(ask({ authorization: digest(ask().nonce) }).status).toBe(200);
  // The clock of this test stands still: whatever waits would wait for ever.
  expect(made.informs).toHaveLength(1);
  await made.informed(2);
});

it('is refused with anything that is not right, and the log says what', async () => {
  const { made, ask } = await bench();
  const wrong: readonly [Parameters<typeof digest>[1], string][] = [
    [{ username: 'other' }, '"user name"'],
    [{ password: 'guess' }, 'password'],
    [{ realm: 'other' }, 'request'],
    [{ qop: 'auth-int' }, 'request'],
    [{ given: '/' }, 'request'],
  ];
  for (const [options] of wrong) expect(ask({ authorization: digest(ask().nonce, options) }).status).toBe(401);
  const told = made.lines.filter((line) => line.includes('a connection request is refused'));
  expect(told.map((line) => /wrong=("[^"]*"|\S+)/.exec(line)![1])).toEqual(wrong.map(([, said]) => said));
  expect(told.every((line) => line.includes('from=192.0.2.66'))).toBe(true);
  // Enough is enough: of a flood of guesses the log tells no more for a while.
  for (let turn = 0; turn < 50; turn++) ask({ authorization: digest(ask().nonce, { password: 'guess' }) });
  expect(made.lines.filter((line) => line.includes('is refused'))).toHaveLength(5);
  expect(made.lines.some((line) => line.includes('cr-secret') || line.includes('guess'))).toBe(false);
  await settled();
  await made.informed(1);
});

it('keeps its challenges apart: each is good once, and many of them push out none but the oldest', async () => {
  const { made, ask } = await bench();
  const nonces = Array.from({ length: 70 }, () => ask().nonce);
  expect(new Set(nonces).size).toBe(70);
  expect(ask({ authorization: digest(nonces[0]!) }).status).toBe(401);
  expect(ask({ authorization: digest(nonces[69]!) }).status).toBe(200);
  expect(ask({ authorization: digest(nonces[69]!) }).status).toBe(401);
  await made.informed(2);
});

it('is 503 when there have been too many, and heard again after a while', async () => {
  const { made, ask } = await bench();
  const knock = (): number => ask({ authorization: digest(ask().nonce) }).status;
  const statuses = Array.from({ length: 35 }, knock);
  expect(statuses.filter((status) => status === 200)).toHaveLength(30);
  expect(statuses.slice(30)).toEqual([503, 503, 503, 503, 503]);
  await settled();
  made.clock.advance(2000);
  expect(knock()).toBe(200);
  expect(knock()).toBe(503);
});

it('is heard with the credentials that the ACS has set a moment ago, and no longer with the others', async () => {
  const { made, ask } = await bench();
  await made.set('Device.ManagementServer.ConnectionRequestPassword', 'another', 'cwmp');
  await settled();
  expect(ask({ authorization: digest(ask().nonce) }).status).toBe(401);
  expect(ask({ authorization: digest(ask().nonce, { password: 'another' }) }).status).toBe(200);
});

it('has a path of its own on each device, and the same after a restart', async () => {
  const { made } = await bench();
  const url = made.informs[0]!.parameters.get(urlPath)!;
  expect(new URL(url).pathname).toMatch(/^\/[0-9a-f]{32}$/);
  await made.client[Symbol.asyncDispose]();
  await made.start();
  made.client.inform();
  expect((await made.informed(2)).parameters.get(urlPath)).toBe(url);
});

it('has a port that is tried again when somebody else has it', async () => {
  const made = new ReachBench();
  at = made;
  made.portTaken = true;
  await made.begin('');
  await made.informed(1);
  expect(made.client.status().connectionRequestUrl).toBe('');
  made.portTaken = false;
  made.clock.advance(60_000);
  await expect.poll(() => made.heard).toBeDefined();
  made.client.inform();
  expect((await made.informed(2)).parameters.get(urlPath)).toContain('http://192.168.1.2:7547/');
});

it('has no port any more when it is switched off, and the ACS is told no URL', async () => {
  const { made } = await bench();
  await made.set('Device.ManagementServer.HTTPConnectionRequestEnable', 'false');
  await expect.poll(() => made.heard).toBeUndefined();
  expect(await made.value(urlPath)).toBe('');
});
