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

  it('is withheld of what a search may mean that could not be looked up, and not given', () => {
    const searches = ['Device.WiFi.SSID.[SSID=="a]b"].', 'Device.WiFi.AccessPoint.1.SSIDReference+.SSID'];
    for (const search of searches) {
      const role = [permission(2, search, 'r---'), permission(1, 'Device.', 'rw-n')];
      const unknown = accessOf([role]);
      expect(unknown.allows('Param', 'r', 'Device.WiFi.SSID.1.SSID')).toBe(true);
      expect(unknown.allows('Param', 'w', 'Device.WiFi.SSID.1.SSID')).toBe(false);
      const nothing = accessOf([role], { found: new Map([[search, new Set<string>()]]) });
      expect(nothing.allows('Param', 'w', 'Device.WiFi.SSID.1.SSID')).toBe(true);
    }
    const granting = accessOf([[permission(1, searches[0]!, 'rw--')]]);
    expect(granting.allows('Param', 'w', 'Device.WiFi.SSID.1.SSID')).toBe(false);
    const elsewhere = accessOf([[permission(2, searches[0]!, 'r---'), permission(1, 'Device.', 'rw-n')]]);
    expect(elsewhere.allows('Param', 'w', 'Device.WiFi.Radio.1.Enable')).toBe(true);
  });

  it('never gives a right that a malformed permission does not spell out', () => {
    const access = accessOf([[permission(1, 'Device.', 'wr')]]);
    expect(access.allows('Param', 'r', 'Device.X')).toBe(false);
    expect(access.allows('Param', 'w', 'Device.X')).toBe(false);
  });

  it('takes objects without their last dot, and what is below them (TR-369 "Role Definition")', () => {
    const role = [permission(1, 'Device', 'rwxn'), permission(2, 'Device.LocalAgent.ControllerTrust', '----')];
    const access = accessOf([role]);
    expect(access.allows('Param', 'r', 'Device.LocalAgent.EndpointID')).toBe(true);
    expect(access.allows('Param', 'r', 'Device.LocalAgent.ControllerTrust.Role.1.Name')).toBe(false);
    expect(access.allows('Obj', 'r', 'Device.LocalAgent.ControllerTrust.')).toBe(false);
    expect(access.allows('Param', 'r', 'Device.LocalAgent.ControllerTrustX')).toBe(true);
  });

  it('hides a part of the supported data model only where it is withheld of every row', () => {
    const of = (targets: string, param: string) =>
      accessOf([[permission(2, targets, param), permission(1, 'Device.', 'r---')]]);
    expect(of('Device.WiFi.SSID.1.', '----').allows('Param', 'r', 'Device.WiFi.SSID.{i}.SSID')).toBe(true);
    expect(of('Device.WiFi.SSID.*.', '----').allows('Param', 'r', 'Device.WiFi.SSID.{i}.SSID')).toBe(false);
    expect(of('Device.WiFi.SSID.1.', 'rw--').allows('Param', 'w', 'Device.WiFi.SSID.{i}.SSID')).toBe(true);
  });

  it('shows what is secured to the secured ones of the roles, and only what they may read', () => {
    const [all, wifi] = [[permission(1, 'Device.', 'r---')], [permission(1, 'Device.WiFi.', 'r---')]];
    expect(accessOf([all, wifi]).showsSecured!('Device.WiFi.X')).toBe(false);
    const access = accessOf([all, wifi], { secured: [wifi] });
    expect(access.showsSecured!('Device.WiFi.X')).toBe(true);
    expect(access.showsSecured!('Device.Users.X')).toBe(false);
  });
});
