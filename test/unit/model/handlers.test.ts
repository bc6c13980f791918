import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Files } from '#platform';
import { createHandlers } from '../../../src/model/handlers/index.ts';
import { HandClock } from '../../support/hand-clock.ts';

const filesOf = (texts: Readonly<Record<string, string>>): Files => ({
  readText: (path) => texts[path],
  exists: (path) => path in texts,
  list: (directory) => [
    ...new Set(
      Object.keys(texts)
        .filter((path) => path.startsWith(`${directory}/`))
        .map((path) => path.slice(directory.length + 1).split('/')[0]!),
    ),
  ],
});
const run = (name: 'cpu' | 'processes' | 'sockets' | 'memory', texts: Readonly<Record<string, string>>) =>
  createHandlers(filesOf(texts), new HandClock())[name]();

describe('processes', () => {
  const stat = (name: string) =>
    `42 (${name}) S 1 42 42 0 -1 4194560 240 0 0 0 150 50 0 0 25 5 1 0 300 2048000 400 18446744073709551615\n`;

  it('are read field by field', () => {
    const found = run('processes', {
      '/proc/42/stat': stat('dnsmasq'),
      '/proc/42/cmdline': '/usr/sbin/dnsmasq\0-k\0',
      '/proc/version': 'x',
    });
    expect(found).toEqual({
      42: { command: '/usr/sbin/dnsmasq -k', state: 'Sleeping', cpuTime: 2000, priority: 25, size: 2000 },
    });
  });

  it('may have parentheses and blanks in their names', () => {
    expect(run('processes', { '/proc/42/stat': stat('a) R (b c') })).toMatchObject({
      42: { command: '[a) R (b c]', state: 'Sleeping' },
    });
  });

  it('of which nothing can be read are left out', () => {
    expect(run('processes', { '/proc/42/cmdline': 'x', '/proc/43/stat': 'garbage' })).toEqual({});
    fc.assert(
      fc.property(fc.string(), (text) => Object.keys(run('processes', { '/proc/1/stat': text }) as object).length <= 1),
    );
  });
});

describe('sockets', () => {
  const line = (local: string, remote: string, state: string) =>
    `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000 0 0 1\n`;

  it('listen or are connected, on IPv4 and IPv6', () => {
    const texts = {
      '/proc/net/tcp': `heading\n${line('0100007F:1F90', '00000000:0000', '0A')}${line('0101A8C0:0016', '8801A8C0:D2F0', '01')}${line('0101A8C0:0016', '8801A8C0:D2F1', '06')}`,
      '/proc/net/tcp6': `heading\n${line('B80D0120000000000000000001000000:01BB', '00000000000000000000000000000000:0000', '0A')}`,
    };
    expect(run('sockets', texts)).toEqual([
      { localAddress: '127.0.0.1', localPort: 8080, remoteAddress: '', remotePort: 0, status: 'LISTEN' },
      {
        localAddress: '192.168.1.1',
        localPort: 22,
        remoteAddress: '192.168.1.136',
        remotePort: 54000,
        status: 'ESTABLISHED',
      },
      { localAddress: '2001:db8::1', localPort: 443, remoteAddress: '', remotePort: 0, status: 'LISTEN' },
    ]);
  });

  it('IPv6 addresses are written as RFC 5952 has them', () => {
    const shown = (hex: string) =>
      (
        run('sockets', { '/proc/net/tcp6': `h\n${line(`${hex}:0016`, `${'0'.repeat(32)}:0000`, '0A')}` }) as {
          localAddress: string;
        }[]
      )[0]!.localAddress;
    expect(shown('0'.repeat(32))).toBe('::');
    expect(shown('00000000000000000000000001000000')).toBe('::1');
    expect(shown('000080FE00000000FF020A0001000002'.toUpperCase())).toBe('fe80::a:2ff:200:1');
    expect(shown('01000000000000000000000000000000')).toBe('0:1::');
    expect(shown('0100000001000000010000000100A000')).toBe('0:1:0:1:0:1:a0:1');
  });

  it('of a file that is no table are none', () => {
    fc.assert(
      fc.property(fc.string(), (text) => (run('sockets', { '/proc/net/tcp': text }) as unknown[]).length === 0),
    );
  });
});

describe('load', () => {
  it('is since the look before, for each processor and for all', () => {
    const texts: Record<string, string> = {
      '/proc/stat': 'cpu  10 0 10 80 0 0 0 0\ncpu0 10 0 10 80 0 0 0 0\nbtime 1\n',
    };
    const clock = new HandClock();
    const { cpu } = createHandlers(filesOf(texts), clock);
    expect(cpu()).toEqual({
      all: { user: 10, system: 10, idle: 80, busy: 20 },
      each: { cpu0: { user: 10, system: 10, idle: 80, busy: 20 } },
    });
    texts['/proc/stat'] = 'cpu  60 0 10 130 0 0 0 0\ncpu0 60 0 10 130 0 0 0 0\n';
    expect(cpu()).toMatchObject({ all: { busy: 20 } });
    clock.advance(2000);
    expect(cpu()).toMatchObject({ all: { user: 50, system: 0, idle: 50, busy: 50 } });
  });
});

describe('memory', () => {
  it('is what is not available', () => {
    expect(run('memory', { '/proc/meminfo': 'MemTotal:  1000 kB\nMemFree: 1 kB\nMemAvailable:  250 kB\n' })).toEqual({
      used: 75,
    });
    expect(run('memory', {})).toEqual({});
  });
});
