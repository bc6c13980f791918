import { expect, it } from 'vitest';
import { requestOf } from '../../../src/cli/index.ts';

it('the last dot of an object may be left out', () => {
  expect(requestOf('add', ['Device.WiFi.SSID', 'SSID=a=b']).args).toEqual({
    path: 'Device.WiFi.SSID.',
    values: { SSID: 'a=b' },
  });
  expect(requestOf('del', ['Device.WiFi.SSID.1']).args).toEqual({ path: 'Device.WiFi.SSID.1.' });
  expect(requestOf('instances', ['Device.WiFi.']).args).toEqual({ path: 'Device.WiFi.' });
});

it('an equals sign in a search is not the one before the value', () => {
  const path = 'Device.IP.Interface.[Name=="wan"].Enable';
  expect(requestOf('set', [`${path}=false`]).args).toEqual({ values: { [path]: 'false' } });
});

it.each([
  ['status', ['now']],
  ['inform', ['now']],
  ['transfers', ['now']],
  ['schema', ['Device.', 'Device.WiFi.']],
  ['set', ['Device.A=1', 'Device.A=2']],
  ['set', ['Device.A']],
  ['get', []],
  ['get it', []],
])('%s %j is wrong usage', (command, words) => {
  expect(() => requestOf(command, words)).toThrow();
});
