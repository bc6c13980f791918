import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readMessage, writeMessage } from '#usp';
import type { Requests } from '../../../src/usp/codec/types.ts';
import { formatMessage } from '../../../src/usp/trace/format-message.ts';

const format = (request: Partial<Requests>): string =>
  formatMessage(readMessage(writeMessage('1', { kind: 'request', request })), (_, name) => /pass/i.test(name)).join(
    '\n',
  );

describe('a traced message', () => {
  it('never holds a secret, wherever it stands, and never moves the cursor', () => {
    const secret = 'Tr0ub4dor&3';
    const text = fc.string({ unit: 'binary', maxLength: 30 }).filter((other) => !other.includes(secret));
    fc.assert(
      fc.property(text, text, (path, other) => {
        const settings = [{ param: 'KeyPassphrase', value: secret, required: true }];
        const shown = [
          format({ set: { allowPartial: true, updateObjs: [{ objPath: path, paramSettings: settings }] } }),
          format({ add: { allowPartial: true, createObjs: [{ objPath: path, paramSettings: settings }] } }),
          format({
            operate: {
              command: path,
              commandKey: other,
              sendResp: true,
              inputArgs: { 'X.Password': secret, URL: `https://user:${secret}@files.example/a`, other },
            },
          }),
          format({
            add: {
              allowPartial: false,
              createObjs: [
                {
                  objPath: 'Device.LocalAgent.Subscription.',
                  paramSettings: [
                    { param: 'TriggerConfigSettings', value: `Device.X.Password="${secret}"`, required: true },
                  ],
                },
              ],
            },
          }),
        ].join('\n');
        expect(shown).not.toContain(secret);
        expect(shown).toMatch(/^[^\u0000-\u0009\u000b-\u001f\u007f-\u009f]*$/u);
      }),
    );
  });

  it('is cut where it is long', () => {
    const paramPaths = Array.from({ length: 5000 }, (_, n) => `Device.${'x'.repeat(1000)}.${n}`);
    const lines = format({ get: { paramPaths, maxDepth: 0 } }).split('\n');
    expect(lines).toHaveLength(401);
    expect(lines.every((line) => line.length < 450)).toBe(true);
    expect(lines.at(-1)).toMatch(/^… \d+ lines more$/);
  });
});
