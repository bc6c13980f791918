import { expect, it } from 'vitest';
import { formatControllerEvent } from '#lab';

it('who looks on at the controller sees no secret', () => {
  const paramSettings = [
    { param: 'KeyPassphrase', value: 'correct horse', required: true },
    { param: 'ModeEnabled', value: 'WPA2-Personal', required: true },
  ];
  const updateObjs = [{ objPath: 'Device.WiFi.AccessPoint.1.Security.', paramSettings }];
  const body = { kind: 'request', request: { set: { allowPartial: false, updateObjs } } } as const;
  expect(formatControllerEvent({ kind: 'request', agent: 'os::1', body })).toBe(
    'USP  -> Set Device.WiFi.AccessPoint.1.Security.KeyPassphrase=******** Device.WiFi.AccessPoint.1.Security.ModeEnabled=WPA2-Personal',
  );
});
