import { describe, expect, it } from 'vitest';
import { type Log, silentLog } from '#base';
import type { Programs } from '#platform';
import { FollowUps, followUp } from '../../../src/model/engine/follow-ups.ts';
import { sha512Crypt } from '../../../src/model/mapping/crypt.ts';
import { MemoryState } from '../../support/memory-state.ts';

const passwd = (value: string) => followUp('passwd', ['root'], '$value\n$value\n', value);

/** A device on which the program ends with these codes, one after the other; then with 0. */
function device(state = new MemoryState(), codes: (number | 'breaks')[] = []) {
  const ran: string[] = [];
  const said: string[] = [];
  const programs: Programs = {
    has: () => true,
    run: async (name, args, { input = '' }) => {
      ran.push(`${[name, ...args].join(' ')} < ${JSON.stringify(input)}`);
      const code = codes.shift() ?? 0;
      if (code === 'breaks') throw new Error('it can not be started');
      return { code, stdout: '', stderr: input };
    },
  };
  const log = {
    ...silentLog,
    error: (text: string, fields: unknown) => said.push(`${text} ${JSON.stringify(fields)}`),
  };
  const followUps = new FollowUps(state, programs, log as unknown as Log);
  const commit = async (...values: string[]): Promise<void> => {
    const change = followUps.owe(values.map(passwd));
    if (change?.text !== undefined) await state.write(change.name, change.text);
    await followUps.pay(values.length > 0);
  };
  return { state, ran, said, followUps, commit };
}

describe('what a write has left to do', () => {
  it('is done when it has been committed, with the value on standard input, and then forgotten', async () => {
    const { followUps, commit, ran, state } = device();
    await followUps.recover();
    await commit('se$ame $value');
    expect(ran).toEqual(['passwd root < "se$ame $value\\nse$ame $value\\n"']);
    expect([...state.entries]).toEqual([]);
    expect(state.writes).toBe(1);
  });

  it('is not looked for by a write that leaves nothing', async () => {
    const { followUps, commit, ran, state } = device();
    await followUps.recover();
    await commit();
    expect([ran, state.writes]).toEqual([[], 0]);
  });

  it('is done by the next start when the power has gone in between', async () => {
    const state = new MemoryState();
    const before = device(state);
    const { name, text } = before.followUps.owe([passwd('sesame')])!;
    await state.write(name, text!);
    const after = device(state);
    await after.followUps.recover();
    expect(after.ran).toEqual(['passwd root < "sesame\\nsesame\\n"']);
    expect([...state.entries]).toEqual([]);
  });

  it('waits while a transaction that was cut off has not been undone: it may be of that one', async () => {
    const state = new MemoryState();
    const { name, text } = device(state).followUps.owe([passwd('of nobody')])!;
    await state.write(name, text!);
    const after = device(state);
    // The start could not undo it; the next write does before anything else.
    await state.remove(name);
    await after.commit('sesame');
    expect(after.ran).toEqual(['passwd root < "sesame\\nsesame\\n"']);
  });

  it.each([[1], ['breaks' as const]])(
    'that fails (%s) is tried once more at the next start, then given up',
    async (how) => {
      const state = new MemoryState();
      const { followUps, commit, ran } = device(state, [how]);
      await followUps.recover();
      await commit('sesame');
      expect(ran).toHaveLength(1);
      const after = device(state, [how]);
      await after.followUps.recover();
      expect(after.ran).toHaveLength(1);
      expect([...state.entries]).toEqual([]);
      const [failed] = after.said;
      expect(failed).toContain('passwd');
      expect(after.said.join()).not.toContain('sesame');
    },
  );

  it('that fails gives way to a later one of the same program and arguments', async () => {
    const { followUps, commit, ran, state } = device(undefined, [1]);
    await followUps.recover();
    await commit('first');
    await commit('second');
    expect(ran.slice(1)).toEqual(['passwd root < "second\\nsecond\\n"']);
    expect([...state.entries]).toEqual([]);
  });
});

describe('the hash of a password', () => {
  // Made with another implementation of crypt(3).
  it.each([
    [
      'Hello world!',
      '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1',
    ],
    ['x', '$6$abcdefgh$D7W7qyozKBT.t6FD3DVYHvADbIO0eSyI4.p20LaEUjro8PqTGYYo/EQcuNjhFbzo9Yg5ir1KIEqFY/yJpgFph0'],
    [
      'x'.repeat(63),
      '$6$abcdefgh$bMOJyN8Vo4eeKrTwkjFfsrDjwegAYpLQENwT5DBtnQfzWnb/MXYHD6qrhcx64J3SxUb95AqvOwG6j5gASEKQc.',
    ],
    [
      'x'.repeat(64),
      '$6$abcdefgh$J74PEApZRYnxFxfV7YR9J1SNDZA/y9/0zjoD/.pAGZufEnXskYcAOuzejxsvcHUUKaiVU43hXJUUM0/I8NBis1',
    ],
    ['pässwörd ☃', '$6$a./Z9$iw83Duw0EIpimHWmyoS0UJIBJAw4GJKx3HlLf4QofZAutdG4IyKmgzodUe9F70P5vwM4fYv3d7PZNr.KysQxQ.'],
  ])('of %j', (password, hash) => {
    expect(sha512Crypt(password, hash.split('$')[2]!)).toBe(hash);
  });
});
