import { describe, expect, it } from 'vitest';
import { accessOf, type Permission } from '#usp';

const permission = (order: number, targets: string, param: string, rest = '----'): Permission => ({
  order,
  targets: targets.split(','),
  rights: { Param: param, Obj: rest, InstantiatedObj: rest, CommandEvent: rest },
});

describe('what roles permit', () => {
  it('is nothing without a role', () => {
    expect(accessOf([]).allows('Param', 'r', 'Device.DeviceInfo.UpTime')).toBe(false);
  });

  it('is what the fitting permission of the highest order says, within a role', () => {
    const access = accessOf([[permission(10, 'Device.WiFi.', 'r---'), permission(1, 'Device.', 'rw-n')]]);
    expect(access.allows('Param', 'w', 'Device.Time.Enable')).toBe(true);
    expect(access.allows('Param', 'w', 'Device.WiFi.SSID.1.SSID')).toBe(false);
    expect(access.allows('Param', 'r', 'Device.WiFi.SSID.1.SSID')).toBe(true);
    expect(access.allows('Param', 'n', 'Device.WiFi.SSID.1.SSID')).toBe(false);
    expect(access.allows('CommandEvent', 'x', 'Device.Reboot()')).toBe(false);
  });

  it('is the union over roles', () => {
    const access = accessOf([[permission(1, 'Device.', 'r---')], [permission(1, 'Device.WiFi.', '-w--')]]);
    expect(access.allows('Param', 'r', 'Device.WiFi.SSID.1.SSID')).toBe(true);
    expect(access.allows('Param', 'w', 'Device.WiFi.SSID.1.SSID')).toBe(true);
    expect(access.allows('Param', 'w', 'Device.Time.Enable')).toBe(false);
  });

  it('takes instances by wildcard, whole parameters, and no more', () => {
    const access = accessOf([[permission(1, 'Device.WiFi.SSID.*.SSID,Device.Time.', 'r---')]]);
    expect(access.allows('Param', 'r', 'Device.WiFi.SSID.12.SSID')).toBe(true);
    expect(access.allows('Param', 'r', 'Device.WiFi.SSID.{i}.SSID')).toBe(true);
    expect(access.allows('Param', 'r', 'Device.WiFi.SSID.12.SSIDX')).toBe(false);
    expect(access.allows('Param', 'r', 'Device.WiFi.SSID.12.Enable')).toBe(false);
    expect(access.allows('Param', 'r', 'Device.TimeX')).toBe(false);
  });

  it('never gives a right that a malformed permission does not spell out', () => {
    const access = accessOf([[permission(1, 'Device.', 'wr')]]);
    expect(access.allows('Param', 'r', 'Device.X')).toBe(false);
    expect(access.allows('Param', 'w', 'Device.X')).toBe(false);
  });
});
