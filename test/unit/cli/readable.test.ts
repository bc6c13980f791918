import { expect, it } from 'vitest';
import { readableAnswer, readableFault } from '../../../src/cli/index.ts';

it('a value can neither steer the terminal nor look like a line of its own', () => {
  const parameters = [{ path: 'Device.Hosts.Host.1.HostName', value: 'tv\u001b[2J\nDevice.X=1\u009b' }];
  expect(readableAnswer('get', { parameters })).toBe('Device.Hosts.Host.1.HostName=tv\\x1b[2J\\x0aDevice.X=1\\x9b\n');
  expect(readableFault({ path: 'a\u001b', message: 'b', kind: 'c' })).toBe('a\\x1b: b (c)');
});

it('a path is not said twice', () => {
  expect(readableFault({ path: 'Device.X', message: 'Device.X is not supported', kind: 'unsupported-path' })).toBe(
    'Device.X is not supported (unsupported-path)',
  );
});
