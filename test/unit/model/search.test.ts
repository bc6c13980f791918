import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parsePath } from '../../../src/model/path/index.ts';
import { openSchema } from '../../../src/model/schema/index.ts';
import { checkTerm, matchesTerm } from '../../../src/model/validate/index.ts';

const view = openSchema(readFileSync('datamodel/tr181.bin')).view('usp');

function term(text: string) {
  const parsed = parsePath(`T.[${text}].`, 'usp');
  const segment = parsed.ok ? parsed.value.segments[1] : undefined;
  if (segment?.kind !== 'search') throw new Error(`${text} is no search`);
  return segment.terms[0]!;
}
function matches(path: string, value: string, expression: string): boolean | string {
  const { type } = view.parameter(path)!;
  const parsed = term(expression);
  const checked = checkTerm(type, parsed);
  return checked.ok ? matchesTerm(type, value, parsed) : checked.fault.kind;
}

const text = 'Device.IP.Interface.{i}.Name';
const flag = 'Device.IP.Interface.{i}.Enable';
const count = 'Device.IP.Interface.{i}.Stats.BytesSent';
const time = 'Device.IP.Interface.{i}.IPv6Address.{i}.ValidLifetime';
const list = 'Device.PeriodicStatistics.SampleSet.{i}.SampleSeconds';
const binary = 'Device.USB.USBHosts.Host.{i}.Device.{i}.DeviceClass';
const reference = 'Device.DHCPv4.Client.{i}.Interface';

describe('search terms (TR-369 section 2.5.4)', () => {
  it.each<[string, string, string, boolean | string]>([
    [text, 'eth0', 'A=="eth0"', true],
    [text, 'eth0', 'A=="ETH0"', false],
    [text, 'eth0', 'A!="eth1"', true],
    [text, 'eth0', 'A<"eth1"', 'path-syntax'],
    [text, '5', 'A==5', 'path-syntax'],
    [text, 'eth0', 'A~="eth0"', 'path-syntax'],
    [flag, 'true', 'A==true', true],
    [flag, 'true', 'A==1', true],
    [flag, 'false', 'A!=1', true],
    [flag, 'true', 'A=="true"', 'path-syntax'],
    [flag, 'true', 'A>0', 'path-syntax'],
    [flag, 'true', 'A==yes', 'path-syntax'],
    [count, '123', 'A==+0123', true],
    [count, '9007199254740993', 'A>9007199254740992', true],
    [count, '9007199254740993', 'A==9007199254740992', false],
    [count, '10', 'A<9', false],
    [count, '10', 'A<=10', true],
    [count, '10', 'A>=11', false],
    [count, '10', 'A=="10"', 'path-syntax'],
    [count, '10', 'A==ten', 'path-syntax'],
    [count, '', 'A==0', false],
    [count, '', 'A!=0', true],
    [time, '2021-06-06T07:59:59.5Z', 'A<2021-06-06T08:00:00Z', true],
    [time, '2021-06-06T08:00:00.10Z', 'A==2021-06-06T08:00:00.1Z', true],
    [time, '2021-06-06T08:00:00.10Z', 'A>2021-06-06T08:00:00.09Z', true],
    [time, '0001-01-01T00:00:00Z', 'A<2021-06-06T08:00:00Z', false],
    [time, '0001-01-01T00:00:00Z', 'A!=2021-06-06T08:00:00Z', true],
    [time, '2021-06-06T08:00:00Z', 'A>0001-01-01T00:00:00Z', 'path-syntax'],
    [time, '2021-06-06T08:00:00Z', 'A!=0001-01-01T00:00:00Z', true],
    [list, '5,10', 'A~=5', true],
    [list, '5,10', 'A~=05', true],
    [list, '15,10', 'A~=5', false],
    [list, '', 'A~=5', false],
    [list, '5,10', 'A~="5"', 'path-syntax'],
    [list, '5,10', 'A=="5, 10"', true],
    [list, '5,10', 'A<5', 'path-syntax'],
    [binary, '08', 'A==08', true],
    [binary, '0A', 'A=="0a"', true],
    [reference, 'Device.IP.Interface.1', 'A=="Device.IP.Interface.1."', true],
  ])('%s %j [%s] is %j', (path, value, expression, expected) => {
    expect(matches(path, value, expression)).toBe(expected);
  });
});
