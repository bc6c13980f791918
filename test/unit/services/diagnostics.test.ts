import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemClock } from '#base';
import type { Model } from '#model';
import { ProgramError, type ProgramOutput } from '#platform';
import type { Diagnostic } from '../../../src/services/diagnostics/diagnostic.ts';
import { ipPing, readPing } from '../../../src/services/diagnostics/ip-ping.ts';
import { readCell } from '../../../src/services/diagnostics/neighboring-wifi.ts';
import { nsLookup, readLookup } from '../../../src/services/diagnostics/ns-lookup.ts';
import { readRoute, traceRoute } from '../../../src/services/diagnostics/trace-route.ts';
import { FakeBus } from '../../support/fake-bus.ts';

describe('what ping says', () => {
  it('is read of BusyBox', () => {
    const text =
      'PING acs.example (192.0.2.10): 56 data bytes\n\n--- acs.example ping statistics ---\n3 packets transmitted, 2 packets received, 33% packet loss\nround-trip min/avg/max = 0.204/12.871/15.539 ms\n';
    expect(readPing(text)).toEqual({
      address: '192.0.2.10',
      sent: 3,
      received: 2,
      times: { minimum: 204, average: 12_871, maximum: 15_539 },
    });
  });
  it('is read of iputils', () => {
    const text =
      'PING ::1(::1) 56 data bytes\n\n--- ::1 ping statistics ---\n2 packets transmitted, 2 received, 0% packet loss, time 1002ms\nrtt min/avg/max/mdev = 0.020/0.030/0.041/0.010 ms\n';
    expect(readPing(text)).toMatchObject({ address: '::1', received: 2, times: { minimum: 20, maximum: 41 } });
  });
  it('has no times when nothing came back, and nothing when nothing was sent', () => {
    expect(readPing('5 packets transmitted, 0 packets received, 100% packet loss')).toMatchObject({
      received: 0,
      times: undefined,
    });
    expect(readPing("ping: bad address 'x'")).toBeUndefined();
  });
});

describe('what traceroute says', () => {
  it('is read hop by hop', () => {
    const text = `traceroute to acs.example (192.0.2.10), 30 hops max, 46 byte packets
 1  gateway.example (192.0.2.1)  0.412 ms  0.377 ms  0.391 ms
 2  *  *  *
 3  198.51.100.7 (198.51.100.7)  3.1 ms !H  *  4.6 ms
10  192.0.2.10 (192.0.2.10)  12.204 ms  11.871 ms  12.539 ms
`;
    expect(readRoute(text)).toEqual({
      target: '192.0.2.10',
      hops: [
        { host: 'gateway.example', address: '192.0.2.1', errorCode: 0, times: [0, 0, 0] },
        { host: '', address: '', errorCode: 0, times: [] },
        { host: '198.51.100.7', address: '198.51.100.7', errorCode: 1, times: [3, 5] },
        { host: '192.0.2.10', address: '192.0.2.10', errorCode: 0, times: [12, 12, 13] },
      ],
    });
  });
});

describe('what nslookup says', () => {
  const server = 'Server:\t\t127.0.0.1\nAddress:\t127.0.0.1:53\n\n';
  it.each([
    [
      'of BusyBox, an answer for each family',
      `${server}Non-authoritative answer:\nName:\tacs.example\nAddress: 192.0.2.10\n\nNon-authoritative answer:\nName:\tacs.example\nAddress: 2001:db8::10\n`,
      {
        status: 'Success',
        answer: 'NonAuthoritative',
        name: 'acs.example',
        addresses: ['192.0.2.10', '2001:db8::10'],
        server: '127.0.0.1',
      },
    ],
    [
      'of BIND, with authority',
      'Server:\t\t2001:db8::53\nAddress:\t2001:db8::53#53\n\nName:\tacs.example\nAddress: 192.0.2.10\n',
      {
        status: 'Success',
        answer: 'Authoritative',
        name: 'acs.example',
        addresses: ['192.0.2.10'],
        server: '2001:db8::53',
      },
    ],
    [
      'no such name',
      `${server}** server can't find nowhere.example: NXDOMAIN\n`,
      { status: 'Error_HostNameNotResolved', answer: 'None', name: '', addresses: [], server: '127.0.0.1' },
    ],
    [
      'no server',
      ';; connection timed out; no servers could be reached\n',
      { status: 'Error_DNSServerNotAvailable', answer: 'None', name: '', addresses: [], server: '' },
    ],
  ])('%s', (_, text, expected) => {
    expect(readLookup(text)).toEqual(expected);
  });
});

describe('a cell of a Wi-Fi scan', () => {
  const sae = { enabled: true, wpa: [2, 3], authentication: ['psk', 'sae'], ciphers: ['ccmp'] };
  it.each([
    [sae, 'WPA2-PSK-WPA3-SAE', 'AES'],
    [{ ...sae, wpa: [3] }, 'WPA3-SAE', 'AES'],
    [{ ...sae, wpa: [1, 2], ciphers: ['tkip', 'ccmp'] }, 'WPA-WPA2', 'TKIP,AES'],
    [{ ...sae, wpa: [2], authentication: ['802.1x'] }, 'WPA2-Enterprise', 'AES'],
    [{ enabled: true, wep: ['open'] }, 'WEP', ''],
    [{ enabled: false }, 'None', ''],
  ])('%o is %s', (encryption, mode, ciphers) => {
    expect(readCell({ bssid: 'dc:39:6f:21:7a:c4', encryption })).toMatchObject({
      BSSID: 'DC:39:6F:21:7A:C4',
      SecurityModeEnabled: mode,
      EncryptionMode: ciphers,
    });
  });
});

describe('any text that a program prints', () => {
  const words = fc.constantFrom(
    'PING ',
    '(',
    ')',
    ' packets transmitted, ',
    ' received',
    '\n',
    ' 1  ',
    ' ms',
    '!',
    'Name:',
    'Address: ',
    '9',
    '1.1.1.1',
    '*',
    'x',
    'round-trip min/avg/max = ',
  );
  it('is read without a throw, in time that grows with its length', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(words, { maxLength: 400 }).map((all) => all.join('')),
        ),
        (text) => {
          readPing(text);
          expect(readRoute(text).hops.length).toBeLessThanOrEqual(text.split('\n').length);
          expect(readLookup(text).addresses.every((address) => text.includes(address))).toBe(true);
        },
      ),
    );
  });
});

describe('a test', () => {
  const run = async (
    diagnostic: Diagnostic,
    args: Record<string, string>,
    answer: Partial<ProgramOutput> | ProgramError = {},
  ) => {
    const called: (readonly string[])[] = [];
    const parts = {
      programs: {
        has: () => true,
        run: async (name: string, words: readonly string[]) => {
          called.push([name, ...words]);
          if (answer instanceof Error) throw answer;
          return { code: 0, stdout: '', stderr: '', ...answer };
        },
      },
      bus: new FakeBus({ 'network.interface.wan status': () => ({ l3_device: 'pppoe-wan' }) }),
      model: {
        get: async (_: unknown, [path]: string[]) => [
          { requested: path, result: { ok: true, value: [{ path: '', parameters: [{ value: 'wan' }] }] } },
        ],
      } as unknown as Model,
      clock: systemClock,
    };
    const result = await diagnostic(parts, args, new AbortController().signal);
    return { called, result };
  };

  it('is made with arguments, not with text for a shell', async () => {
    const args = {
      Host: 'acs.example',
      ProtocolVersion: 'IPv4',
      NumberOfRepetitions: '5',
      Timeout: '1500',
      DataBlockSize: '100',
      Interface: 'Device.IP.Interface.2',
    };
    expect((await run(ipPing, args)).called).toEqual([
      ['ping', '-q', '-c', '5', '-s', '100', '-W', '2', '-4', '-I', 'pppoe-wan', 'acs.example'],
    ]);
    expect((await run(traceRoute, { Host: 'acs.example', MaxHopCount: '4', DSCP: '10' })).called).toEqual([
      ['traceroute', '-q', '3', '-w', '5', '-m', '4', '-t', '40', 'acs.example', '38'],
    ]);
    expect((await run(nsLookup, { HostName: 'acs.example', DNSServer: '192.0.2.53', Timeout: '1' })).called).toEqual([
      ['nslookup', '-timeout=1', '-retry=1', 'acs.example', '192.0.2.53'],
    ]);
  });

  it.each(['-f', '', 'a b', '$(reboot)', 'x;y', '--help', "a'b"])('never hands %s to a program', async (host) => {
    const ping = await run(ipPing, { Host: host });
    expect(ping).toEqual({ called: [], result: { ok: true, value: { Status: 'Error_CannotResolveHostName' } } });
    expect((await run(traceRoute, { Host: host })).called).toEqual([]);
    expect((await run(nsLookup, { HostName: host, NumberOfRepetitions: '1' })).called).toEqual([]);
  });

  it('that can not be made is refused', async () => {
    const absent = new ProgramError('PROGRAM_ABSENT', 'there is no ping here');
    for (const diagnostic of [ipPing, traceRoute, nsLookup]) {
      const { result } = await run(diagnostic, { Host: 'a', HostName: 'a', NumberOfRepetitions: '1' }, absent);
      expect(result).toMatchObject({ ok: false, fault: { kind: 'command-failed' } });
    }
    expect((await run(ipPing, { Host: 'a', DSCP: '8' })).result.ok).toBe(false);
    expect((await run(ipPing, { Host: 'a', NumberOfRepetitions: '100000' })).result).toMatchObject({
      fault: { kind: 'resources' },
    });
  });

  it('says why it has failed', async () => {
    const status = async (diagnostic: Diagnostic, answer: Parameters<typeof run>[2]) => {
      const { result } = await run(diagnostic, { Host: 'a', HostName: 'a', NumberOfRepetitions: '1' }, answer);
      return result.ok ? (result.value['Result.1.Status'] ?? result.value.Status) : result.fault.kind;
    };
    const late = new ProgramError('PROGRAM_TIMEOUT', 'too long');
    expect(await status(ipPing, { stderr: "ping: bad address 'a'" })).toBe('Error_CannotResolveHostName');
    expect(await status(ipPing, { stderr: 'ping: sendto: Network unreachable' })).toBe('Error_NoRouteToHost');
    expect(await status(ipPing, { stdout: '3 packets transmitted, 0 packets received' })).toBe('Complete');
    expect(await status(ipPing, late)).toBe('Error_Other');
    expect(await status(traceRoute, { stderr: 'traceroute: unknown host a' })).toBe('Error_CannotResolveHostName');
    expect(await status(traceRoute, { stdout: 'traceroute to a (1.2.3.4)\n 1  *\n' })).toBe(
      'Error_MaxHopCountExceeded',
    );
    expect(await status(nsLookup, late)).toBe('Error_Timeout');
  });
});
