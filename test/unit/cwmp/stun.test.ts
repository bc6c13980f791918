import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Secret } from '#base';
import { LifetimeSearch } from '../../../src/cwmp/stun/lifetime-search.ts';
import {
  attribute,
  connectionRequestBinding,
  decodeStun,
  encodeBindingRequest,
  errorCodeOf,
  mappedAddress,
  newTransactionId,
} from '../../../src/cwmp/stun/message.ts';
import { RequestJudge } from '../../../src/cwmp/stun/request-judge.ts';
import { HandClock } from '../../support/hand-clock.ts';

const hex = (text: string): Buffer => Buffer.from(text.replace(/\s+/g, ''), 'hex');
/** `b7e7a701 bc34d686 fa87dfae`: the transaction of RFC 5769, whose vectors these are. */
const transaction = '2112a442 b7e7a701 bc34d686 fa87dfae';

describe('STUN messages', () => {
  it('writes the request of a CPE byte by byte', () => {
    const request = encodeBindingRequest(newTransactionId(Buffer.alloc(12, 7)), [connectionRequestBinding]);
    expect(request.toString('hex')).toBe(
      `0001001821 12a442${'07'.repeat(12)}c0010014${Buffer.from('dslforum.org/TR-111 ').toString('hex')}`.replace(
        ' ',
        '',
      ),
    );
  });

  it('signs as RFC 3489 does, over zeros to a multiple of 64 bytes', () => {
    const key = Buffer.from('secret');
    const id = newTransactionId(Buffer.alloc(12, 1));
    for (const padded of [true, false]) {
      const signed = encodeBindingRequest(id, [connectionRequestBinding], { key, padded });
      const text = signed.subarray(0, signed.length - 24);
      expect(text.readUInt16BE(2)).toBe(signed.length - 20);
      const zeros = Buffer.alloc(padded ? 64 - (text.length % 64) : 0);
      expect(signed.subarray(-20)).toEqual(createHmac('sha1', key).update(text).update(zeros).digest());
    }
  });

  it('reads the IPv4 and IPv6 responses of RFC 5769 2.2 and 2.3', () => {
    const four = decodeStun(hex(`0101000c ${transaction} 00200008 0001a147 e112a643`));
    expect(mappedAddress(four!)).toEqual({ address: '192.0.2.1', port: 32853 });
    const six = decodeStun(hex(`01010018 ${transaction} 00200014 0002a147 0113a9fa a5d3f179 bc25f4b5 bed2b9d9`));
    expect(mappedAddress(six!)).toEqual({ address: '2001:db8:1234:5678:11:2233:4455:6677', port: 32853 });
  });

  it('takes MAPPED-ADDRESS of a server of RFC 3489, and the other one rather when there are both', () => {
    const old = decodeStun(hex(`0101000c ${transaction} 00010008 00010d96 c0000201`));
    expect(mappedAddress(old!)).toEqual({ address: '192.0.2.1', port: 3478 });
    const both = decodeStun(hex(`01010018 ${transaction} 00010008 00010d96 0a000001 00200008 0001a147 e112a643`));
    expect(mappedAddress(both!)).toEqual({ address: '192.0.2.1', port: 32853 });
  });

  it('reads what is refused', () => {
    const error = decodeStun(hex(`01110008 ${transaction} 00090004 00000401`));
    expect(errorCodeOf(error!)).toBe(401);
    expect(errorCodeOf(decodeStun(hex(`01110008 ${transaction} 00090004 00000163`))!)).toBeUndefined();
  });

  it.each([
    ['nothing', ''],
    ['a cut header', '01010000 2112a442'],
    ['a request', `00010000 ${transaction}`],
    ['less than it says', `01010008 ${transaction}`],
    ['more than it says', `01010000 ${transaction} 00000000`],
    ['an attribute beyond the end', `01010008 ${transaction} 00010008 00010d96`],
    ['half an attribute', `01010002 ${transaction} 0001`],
  ])('does not take %s', (_, text) => {
    expect(decodeStun(hex(text))).toBeUndefined();
  });

  it('has no address in an address of a wrong length or family', () => {
    for (const value of ['00010004 00010d96', '00010008 00030d96 c0000201', '00010008 00010000 c0000201']) {
      const body = hex(value);
      const header = hex(`0101 ${body.length.toString(16).padStart(4, '0')} ${transaction}`);
      expect(mappedAddress(decodeStun(Buffer.concat([header, body]))!)).toBeUndefined();
    }
    expect(attribute.mappedAddress).toBe(1);
  });
});

describe('the search for the lifetime of a binding', () => {
  function run(minimum: number, maximum: number | undefined, lifetime: number): { tries: number[]; result: number } {
    const search = new LifetimeSearch(minimum, maximum);
    const tries: number[] = [];
    for (let next = search.candidate; next !== undefined; next = search.candidate) {
      tries.push(next);
      if (next < lifetime) search.survived(next);
      else search.lost(next);
      expect(search.keepAliveSeconds).toBeLessThan(Math.max(lifetime, minimum + 1));
    }
    return { tries, result: search.keepAliveSeconds };
  }

  it('doubles and halves', () => {
    expect(run(30, undefined, 180)).toEqual({ tries: [60, 120, 240, 180, 150, 165], result: 148 });
  });
  it('stays between the limits', () => {
    expect(run(30, 100, 10_000)).toEqual({ tries: [60, 100], result: 90 });
    expect(run(60, 60, 10_000)).toEqual({ tries: [], result: 60 });
    expect(run(60, 20, 10_000)).toEqual({ tries: [], result: 60 });
    expect(run(30, 300, 10).result).toBe(30);
  });
  it('ends for every NAT', () => {
    for (const lifetime of [1, 29, 30, 31, 59, 61, 119, 300, 601, 3599, 3600, 1e9]) {
      expect(run(30, undefined, lifetime).tries.length).toBeLessThan(16);
    }
  });
});

describe('UDP connection requests', () => {
  const username = 'acs';
  const password = 'pass word';
  function datagram(
    ts: number | string,
    id: string,
    more: { password?: string; username?: string; cn?: string } = {},
  ): Buffer {
    const { username: un = username, cn = '0123456789abcdef' } = more;
    const sig = createHmac('sha1', more.password ?? password)
      .update(`${ts}${id}${un}${cn}`)
      .digest('hex');
    const query = `ts=${ts}&id=${id}&un=${encodeURIComponent(un)}&cn=${cn}&sig=${sig}`;
    return Buffer.from(`GET http://203.0.113.9:50001?${query} HTTP/1.1\r\nHost: 203.0.113.9:50001\r\n\r\n`);
  }
  function judge(lastTimestamp = 0, taken = true) {
    const clock = new HandClock();
    const seen = { accepted: 0, saved: [] as number[] };
    const one = new RequestJudge({
      clock,
      credentials: () => ({ username, password: new Secret(password) }),
      accepted: () => {
        seen.accepted++;
        return taken;
      },
      lastTimestamp,
      saveTimestamp: (timestamp) => void seen.saved.push(timestamp),
    });
    return { one, seen, clock };
  }

  it('takes one that is signed, however often it is repeated, once', () => {
    const { one, seen } = judge();
    for (let turn = 0; turn < 3; turn++) one.received(datagram(1_700_000_000, '77'));
    expect(seen).toEqual({ accepted: 1, saved: [1_700_000_000] });
    one.received(datagram(1_700_000_001, '78'));
    expect(seen.accepted).toBe(2);
  });

  it('takes upper-case signatures and a path', () => {
    const { one, seen } = judge();
    const text = datagram(5, '1')
      .toString()
      .replace(/sig=(\w+)/, (match) => match.toUpperCase().replace('SIG', 'sig'));
    one.received(Buffer.from(text.replace('?', '/?')));
    expect(seen.accepted).toBe(1);
  });

  it('drops what is old, replayed, of another or not signed with our password', () => {
    const { one, seen } = judge(1000);
    one.received(datagram(1000, '1'));
    one.received(datagram(999, '2'));
    one.received(datagram(2000, '3', { password: 'guess' }));
    one.received(datagram(2000, '4', { username: 'other' }));
    const good = datagram(2000, '5').toString();
    for (const bad of [
      good.replace('ts=2000', 'ts=2001'),
      good.replace('id=5', 'id=6'),
      good.replace('GET', 'POST'),
      good.replace('HTTP/1.1', 'HTTP/2'),
      good.replace(/&sig=\w+/, ''),
      good.replace(/sig=\w+/, 'sig='),
      good.replace('ts=2000', 'ts=2000&ts=2000'),
      good.replace('un=acs', 'un=%ff'),
      `${good}${' '.repeat(2048)}`,
      '',
    ]) {
      one.received(Buffer.from(bad));
    }
    expect(seen.accepted).toBe(0);
    one.received(Buffer.from(good));
    one.received(datagram(3000, '5'));
    expect(seen.accepted).toBe(1);
  });

  it('does not count one that was not taken: its repetition is heard', () => {
    const { one, seen } = judge(0, false);
    one.received(datagram(1, '1'));
    one.received(datagram(1, '1'));
    expect(seen).toEqual({ accepted: 2, saved: [] });
  });

  it('computes only so many signatures in a flood, and hears again afterwards', () => {
    const { one, seen, clock } = judge();
    for (let turn = 0; turn < 60; turn++) one.received(datagram(turn + 1, `x${turn}`, { password: 'guess' }));
    one.received(datagram(100, '1'));
    expect(seen.accepted).toBe(0);
    clock.advance(1000);
    one.received(datagram(100, '1'));
    expect(seen.accepted).toBe(1);
  });
});
