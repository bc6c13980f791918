import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ok, Secret } from '#base';
import type { HttpHead, HttpStreams, Staging } from '#platform';
import { HttpFiles, readConfiguration } from '#services';
import { MemoryStaging } from '../../support/memory-staging.ts';
import { TransferBench } from '../../support/transfer-desk.ts';

const escaped = (text: string): string => text.replace(/[&<>]/g, (one) => `&#${one.charCodeAt(0)};`);
/** What XML can carry. */
const text = fc.string({ unit: 'grapheme', maxLength: 80 }).map((one) => one.replace(/[^\t\n\u0020-\ud7ff]/g, ''));
const value = fc.oneof(
  text,
  fc.integer().map(String),
  fc.constantFrom(
    '3 Vendor Configuration File',
    '2 Vendor Log File',
    'X 00D09E a',
    '4 Vendor Log File 7',
    '2 Immediately',
    '1 At Any Time',
    'https://f/a',
    '-1',
    '4294967295',
    '4294967296',
    '1e3',
    '0x10',
  ),
);
const names = [
  'CommandKey',
  'FileType',
  'URL',
  'Username',
  'Password',
  'FileSize',
  'TargetFileName',
  'DelaySeconds',
  'TimeWindowList',
  'Operations',
];
const leaf = fc
  .tuple(fc.constantFrom(...names, 'Other'), value)
  .map(([name, one]) => `<${name}>${escaped(one)}</${name}>`);
const window = fc
  .array(fc.tuple(fc.constantFrom('WindowStart', 'WindowEnd', 'WindowMode', 'MaxRetries'), value), { maxLength: 5 })
  .map((fields) => `<T>${fields.map(([name, one]) => `<${name}>${escaped(one)}</${name}>`).join('')}</T>`);
const windows = fc.array(window, { maxLength: 3 }).map((all) => `<TimeWindowList>${all.join('')}</TimeWindowList>`);
const operation = fc
  .tuple(fc.constantFrom('c:InstallOpStruct', 'UninstallOpStruct', 'x'), fc.array(leaf, { maxLength: 3 }))
  .map(([type, fields]) => `<Operations xsi:type="${type}">${fields.join('')}</Operations>`);
const order = fc
  .tuple(
    fc.constantFrom('Download', 'Upload', 'ScheduleDownload', 'CancelTransfer', 'ChangeDUState'),
    fc.array(fc.oneof({ weight: 5, arbitrary: leaf }, windows, operation), { maxLength: 9 }),
  )
  .map(([method, parts]) => `<c:${method}>${parts.join('')}</c:${method}>`);

describe('orders of an ACS', () => {
  it('whatever they say, are queued or refused with a fault of theirs, and the queue stays whole', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(order, { maxLength: 6 }), async (orders) => {
        await using bench = new TransferBench();
        bench.quiet = false;
        for (const one of orders) {
          const answer = await bench.call(one);
          const code = /<FaultCode>(\d+)/.exec(answer)?.[1];
          expect(['9003', '9004', '9010', '9021', undefined]).toContain(code);
        }
        const listed = await bench.call('<c:GetAllQueuedTransfers/>');
        const count = /AllQueuedTransferStruct\[(\d+)\]/.exec(listed)?.[1];
        expect(Number(count)).toBe(listed.match(/<AllQueuedTransferStruct>/g)?.length ?? 0);
        for (const transfer of JSON.parse(bench.state.entries.get('cwmp-transfers') ?? '{"transfers":[]}').transfers) {
          for (const { beginMs, endMs } of transfer.windows) expect(beginMs).toBeLessThan(endMs);
        }
      }),
      { numRuns: 150 },
    );
  });
});

describe('configuration files', () => {
  it('of any text are read or refused, and what is read is read back as itself', () => {
    const word = fc.constantFrom(
      'package',
      'config',
      'option',
      'list',
      'a',
      'b',
      "'",
      '"',
      '\\',
      '#',
      ';',
      '\n',
      '\t',
      ' ',
      'tandem',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(word, { maxLength: 40 }).map((words) => words.join(' ')),
        ),
        (given) => {
          const read = readConfiguration(given);
          if (!read.ok) {
            expect(read.fault.kind).toBe('corrupted');
            return;
          }
          expect(read.value.has('tandem')).toBe(false);
          const again = readConfiguration([...read.value].map(([name, body]) => `package ${name}\n${body}`).join(''));
          expect(again).toEqual(ok(read.value));
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('a file that comes in pieces', () => {
  const contents = fc.uint8Array({ minLength: 1, maxLength: 60 });
  /** What the server does with a request: how much it sends before the connection breaks, whether the file is another one by then, whether it can ranges. */
  const try_ = fc.record({
    cutAfter: fc.option(fc.nat(60), { nil: undefined }),
    replacedBy: fc.option(contents, { nil: undefined }),
    ranges: fc.boolean(),
    validator: fc.constantFrom('strong', 'weak', 'none'),
  });

  it('is in the end what the server had when it last began to send it, whatever broke on the way', async () => {
    await fc.assert(
      fc.asyncProperty(contents, fc.array(try_, { maxLength: 8 }), async (first, tries) => {
        let now: Uint8Array = first;
        let version = 1;
        const left = [...tries];
        const streams: HttpStreams = {
          exchange: async (_, { headers, sink }) => {
            const next = left.shift();
            if (next?.replacedBy) {
              now = next.replacedBy;
              version++;
            }
            const etag = `"v${version}"`;
            const asked = /^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1];
            const can = next?.ranges !== false && asked !== undefined && headers['if-range'] === etag;
            const from = can ? Number(asked) : 0;
            const told = next?.validator ?? 'strong';
            const validator: Record<string, string> =
              told === 'none' ? {} : { etag: told === 'strong' ? etag : `W/${etag}` };
            if (can && from >= now.length) {
              const head = { status: 416, headers: { 'content-range': `bytes */${now.length}` }, wwwAuthenticate: [] };
              sink?.(head);
              return head;
            }
            const rest = now.subarray(from);
            const head: HttpHead = {
              status: can ? 206 : 200,
              headers: {
                ...validator,
                'content-length': String(rest.length),
                ...(can && { 'content-range': `bytes ${from}-${now.length - 1}/${now.length}` }),
              },
              wwwAuthenticate: [],
            };
            const target = sink!(head);
            const sent = next?.cutAfter === undefined ? rest : rest.subarray(0, next.cutAfter);
            if (target) {
              for (const byte of sent) await target.write(Uint8Array.of(byte));
              await target.close();
            }
            if (sent.length < rest.length) throw Object.assign(new Error('cut'), { code: 'HTTP_BROKEN' });
            return head;
          },
          [Symbol.dispose]: () => {},
        };
        const staging: Staging & MemoryStaging = new MemoryStaging();
        const files = new HttpFiles({ open: () => streams, staging, clientNonce: () => 'n', allowPlain: false });
        const from = { url: 'https://f/a', username: '', password: new Secret('') };
        const limits = { announcedBytes: 0, limitBytes: 1000 };
        for (let n = 0; n <= tries.length; n++) {
          const got = await files.fetch(from, 't1', limits, new AbortController().signal);
          if (!got.ok) continue;
          expect(staging.files.get('t1')).toEqual(Buffer.from(now));
          return;
        }
        expect.unreachable('the last try has nothing to break it');
      }),
      { numRuns: 400 },
    );
  });
});

describe('a queue that is cut off anywhere', () => {
  type Step =
    | { readonly kind: 'order'; readonly delaySeconds: number }
    | { readonly kind: 'advance'; readonly seconds: number }
    | { readonly kind: 'finish'; readonly fault: 'none' | 'contact' | 'corrupted' }
    | { readonly kind: 'cut' | 'acknowledge' | 'refuse' | 'session' | 'full' }
    | { readonly kind: 'cancel'; readonly which: number };
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('order' as const), delaySeconds: fc.nat(120) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('advance' as const), seconds: fc.nat(200) }) },
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant('finish' as const),
        fault: fc.constantFrom('none' as const, 'none' as const, 'contact' as const, 'corrupted' as const),
      }),
    },
    { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('cut', 'acknowledge', 'refuse', 'session', 'full') }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('cancel' as const), which: fc.nat(20) }) },
  ) as fc.Arbitrary<Step>;

  it('reports what was ordered and not cancelled once, and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        await using bench = new TransferBench();
        const ordered = new Set<string>();
        const told: string[] = [];
        const acknowledge = async (): Promise<void> => {
          for (const text of await bench.acknowledge()) told.push(/<CommandKey>(.*?)</.exec(text)![1]!);
        };
        const { write } = bench.state;
        for (const one of steps) {
          switch (one.kind) {
            case 'order': {
              const key = `k${ordered.size + told.length}x${bench.emitted.length}`;
              const body = `<CommandKey>${key}</CommandKey><FileType>3 Vendor Configuration File</FileType><URL>https://f/a</URL><DelaySeconds>${one.delaySeconds}</DelaySeconds>`;
              if (!(await bench.call(`<c:Download>${body}</c:Download>`)).includes('FaultCode')) ordered.add(key);
              break;
            }
            case 'advance':
              await bench.advance(one.seconds * 1000);
              break;
            case 'finish':
              await bench.settle();
              if (bench.files.running > 0) {
                const fault = {
                  kind: one.fault === 'none' ? 'failed' : one.fault,
                  message: '',
                  retryable: one.fault === 'contact',
                } as const;
                bench.files.finish(one.fault === 'none' ? ok(undefined) : { ok: false, fault });
              }
              await bench.settle();
              break;
            case 'cut':
              await bench.transfers[Symbol.asyncDispose]();
              bench.start();
              break;
            case 'acknowledge':
              await acknowledge();
              break;
            case 'refuse':
              for (const request of bench.requests()) request.refused(8002);
              break;
            case 'session':
              bench.quiet = !bench.quiet;
              if (bench.quiet) bench.transfers.consider();
              break;
            case 'full':
              bench.state.write = bench.state.write === write ? () => Promise.reject(new Error('full')) : write;
              break;
            case 'cancel': {
              const key = [...ordered][one.which];
              if (key === undefined || bench.state.write !== write) break;
              const answer = await bench.call(`<c:CancelTransfer><CommandKey>${key}</CommandKey></c:CancelTransfer>`);
              if (!answer.includes('FaultCode') && !told.includes(key)) ordered.delete(key);
              break;
            }
          }
        }
        // Whatever hindered it is over: in the end everything is told.
        bench.quiet = true;
        bench.state.write = write;
        bench.transfers.consider();
        for (let n = 0; n < 200 && (bench.transfers.list().length > 0 || bench.files.running > 0); n++) {
          await bench.advance(120_000);
          while (bench.files.running > 0) {
            bench.files.finish();
            await bench.settle();
          }
          await acknowledge();
        }
        expect(told.sort()).toEqual([...ordered].sort());
        expect(bench.state.entries.has('cwmp-transfers')).toBe(false);
      }),
      { numRuns: 120 },
    );
  }, 60_000);
});
