import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret, silentLog } from '#base';
import type { Origin } from '#model';
import { type Challenge, Challenges } from '../../../src/usp/trust/challenges.ts';
import { FakeBus } from '../../support/fake-bus.ts';
import { HandClock } from '../../support/hand-clock.ts';
import { type ModelFixture, openModel } from '../../support/model-fixture.ts';

const role = 'Device.LocalAgent.ControllerTrust.Role.';
const row = 'Device.LocalAgent.ControllerTrust.Challenge.';
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const tandem = `
config usp 'usp'

config role 'untrusted'
	option name 'Untrusted'

config role 'user'
	option name 'User'

config role 'guest'
	option name 'Guest'

config controller 'a'
	option enable '1'
	option endpoint_id 'proto::a'
	option role 'untrusted'
`;

let open: ModelFixture;
let clock: HandClock;
let challenges: Challenges;
let known: Challenge[];
/** On flash, and how often it was written. */
let locks: Readonly<Record<string, number>>;
let writes: number;
const challenge = (number: number, over: Partial<Challenge> = {}): Challenge => ({
  row: `${row}${number}`,
  roles: [`${role}2`],
  type: 'Passphrase',
  value: new Secret(base64('open sesame')),
  valueType: 'text/plain',
  instruction: base64('say it'),
  instructionType: 'text/plain',
  retries: 2,
  lockoutSeconds: 30,
  ...over,
});

beforeEach(async () => {
  clock = new HandClock();
  open = await openModel({ bus: new FakeBus({ 'service event': () => ({}) }), packages: { tandem } });
  known = [challenge(1), challenge(2, { roles: [`${role}3`] })];
  locks = {};
  writes = 0;
  begin();
});
let ids = 0;
function begin(): void {
  ids = 0;
  challenges = new Challenges({
    model: open.model,
    clock,
    log: silentLog,
    randomHex: () => `id${++ids}`,
    locks: {
      read: () => locks,
      keep: async (now) => {
        locks = now;
        writes++;
      },
    },
    challenge: (path) => known.find((one) => one.row === path),
    controller: (id) =>
      id === 'proto::a' || id === 'proto::b'
        ? { path: 'Device.LocalAgent.Controller.1.', assigned: [`${role}1`, `${role}3`] }
        : undefined,
    untrusted: () => [`${role}1`],
  });
}
afterEach(async () => {
  challenges[Symbol.dispose]();
  await open[Symbol.asyncDispose]();
});

const a: Origin = { by: 'usp', peer: 'proto::a' };
const b: Origin = { by: 'usp', peer: 'proto::b' };
async function operate(command: string, args: Record<string, string>, origin: Origin = a) {
  const path = `Device.LocalAgent.ControllerTrust.${command}`;
  const answer = await open.model.operate({ protocol: 'usp' }, { path, args, commandKey: '', origin });
  if (!answer.ok) return answer.fault.kind;
  const { result } = answer.value[0]!;
  return result.ok ? result.value : result.fault.kind;
}
const request = (number: number, origin = a, extra = {}) =>
  operate('RequestChallenge()', { ChallengeRef: `${row}${number}`, ...extra }, origin);
const respond = (ChallengeID: string, text: string, origin = a) =>
  operate('ChallengeResponse()', { ChallengeID, Value: base64(text) }, origin);
const roles = async (): Promise<string | undefined> => {
  const [reading] = await open.model.get({ protocol: 'usp' }, ['Device.LocalAgent.Controller.1.AssignedRole']);
  return reading!.result.ok ? reading!.result.value[0]?.parameters[0]?.value : undefined;
};

describe('a challenge', () => {
  it('that is met gives its role, in place of the untrusted one and besides the others', async () => {
    expect(await request(1)).toEqual({
      Instruction: base64('say it'),
      InstructionType: 'text/plain',
      ValueType: 'text/plain',
      ChallengeID: 'id1',
    });
    expect(await respond('id1', 'open sesame')).toEqual({});
    expect(await roles()).toBe(`${role}3,${role}2`);
    // It is met once.
    expect(await respond('id1', 'open sesame')).toBe('invalid-value');
  });

  it('that is not met can be tried again, as often as Retries says, and is locked then for everybody', async () => {
    await request(1);
    expect(await respond('id1', 'wrong')).toBe('command-failed');
    await request(1, b);
    expect(await respond('id2', 'wrong', b)).toBe('command-failed');
    expect(await roles()).toBe(`${role}1`);
    expect(await request(1)).toBe('busy');
    expect(await respond('id1', 'open sesame')).toBe('invalid-value');
    clock.advance(29_999);
    expect(await request(1)).toBe('busy');
    clock.advance(1);
    await request(1);
    expect(await respond('id3', 'open sesame')).toEqual({});
  });

  it('is locked over a restart too, and whoever keeps failing does not wear out the flash', async () => {
    for (let round = 1; round <= 3; round++) {
      for (let attempt = 0; attempt < 2; attempt++) {
        const { ChallengeID } = (await request(1)) as Record<string, string>;
        await respond(ChallengeID!, 'wrong');
      }
      expect(await request(1)).toBe('busy');
      clock.advance(round < 3 ? 30_000 : 29_000);
    }
    expect(locks).toEqual({ [`${row}1`]: 30 });
    expect(writes).toBe(1);
    challenges[Symbol.dispose]();
    begin();
    expect(await request(1)).toBe('busy');
    expect(await request(2)).toMatchObject({ ChallengeID: 'id1' });
    clock.advance(900_000);
    expect(await request(1)).toMatchObject({ ChallengeID: 'id2' });
    expect(await respond('id2', 'open sesame')).toEqual({});
    expect(locks).toEqual({});
  });

  it('is one at a time for each controller, until it expires', async () => {
    await request(1);
    expect(await request(2)).toBe('denied');
    expect(await request(2, b)).toMatchObject({ ChallengeID: 'id2' });
    clock.advance(900_000);
    expect(await respond('id1', 'open sesame')).toBe('invalid-value');
    expect(await request(2, a, { RequestExpiration: '0' })).toMatchObject({ ChallengeID: 'id3' });
    clock.advance(1e9);
    expect(await respond('id3', 'open sesame')).toEqual({});
  });

  it('is answered by the controller that asked, and by nobody else', async () => {
    await request(1);
    expect(await respond('id1', 'open sesame', b)).toBe('invalid-value');
    expect(await request(1, { by: 'cli' })).toBe('denied');
    expect(await request(1, { by: 'usp', peer: 'proto::stranger' })).toBe('denied');
  });

  it('is not there where it has no value, another type, or no row', async () => {
    known = [challenge(1, { value: new Secret('') }), challenge(2, { type: 'Other' })];
    await request(1);
    expect(await respond('id1', '')).toBe('command-failed');
    expect(await request(2)).toBe('invalid-value');
    expect(await request(3)).toBe('invalid-value');
  });
});
