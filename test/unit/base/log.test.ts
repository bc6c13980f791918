import { expect, it } from 'vitest';
import { explain, formatRecord, isLogLevel, type LogFields } from '#base';

const line = (fields: LogFields): string => formatRecord({ level: 'warn', facility: 'usp', message: 'said', fields });

it('is one line of bounded length, whatever a peer has sent', () => {
  const forged = 'x\nerror usp: forged\u2028more';
  expect(line({ from: forged, reason: new Error(forged), list: [forged] }).split('\n')).toHaveLength(1);
  expect(line({ from: 'os::00D09E-LAB0001', none: undefined, count: 1 })).toBe(
    'warn usp: said from=os::00D09E-LAB0001 count=1',
  );
  const huge = 'a'.repeat(5 << 20);
  for (const value of [huge, `${huge} "`, '"'.repeat(5 << 20), new Error(huge), { huge }, [huge]])
    expect(line({ value }).length).toBeLessThan(3000);
});

it('says a cause once', () => {
  const cause = new Error('line 3: no quote');
  expect(explain(new Error('package: line 3: no quote', { cause }))).toBe('package: line 3: no quote');
  expect(explain(new Error('package', { cause }))).toBe('package: line 3: no quote');
});

it('has four levels', () => {
  expect(['debug', 'info', 'warn', 'error', 'loud', '', 'toString', undefined].filter(isLogLevel)).toHaveLength(4);
});
