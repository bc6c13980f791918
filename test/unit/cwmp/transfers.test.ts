import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ok, refused } from '#base';
import { type FileFault, readEnvelope } from '#cwmp';
import { cwmpXsd, haveCwmpXsd, invalidMessages } from '../../support/cwmp-xsd.ts';
import { TransferBench, wrapped } from '../../support/transfer-desk.ts';

let bench: TransferBench;
const emitted: string[] = [];
beforeEach(() => {
  bench = new TransferBench();
});
afterEach(async () => {
  emitted.push(...bench.emitted);
  await bench[Symbol.asyncDispose]();
});

const leaf = (name: string, value: string | number): string => `<${name}>${value}</${name}>`;
interface Order {
  key?: string;
  type?: string;
  url?: string;
  size?: number;
  delay?: number | string;
}
const download = ({
  key = 'k',
  type = '3 Vendor Configuration File',
  url = 'https://f/a',
  size = 0,
  delay = 0,
}: Order = {}) =>
  `<c:Download>${leaf('CommandKey', key)}${leaf('FileType', type)}${leaf('URL', url)}${leaf('Username', 'u')}${leaf('Password', 'p')}${leaf('FileSize', size)}<TargetFileName/>${leaf('DelaySeconds', delay)}<SuccessURL/><FailureURL/></c:Download>`;
const upload = (type: string, key = 'k') =>
  `<c:Upload>${leaf('CommandKey', key)}${leaf('FileType', type)}${leaf('URL', 'https://f/up')}<Username/><Password/>${leaf('DelaySeconds', 0)}</c:Upload>`;
const window = (start: number | string, end: number | string, mode = '2 Immediately', retries: number | string = 0) =>
  `<TimeWindowStruct>${leaf('WindowStart', start)}${leaf('WindowEnd', end)}${leaf('WindowMode', mode)}<UserMessage/>${leaf('MaxRetries', retries)}</TimeWindowStruct>`;
const schedule = (windows: string, key = 'k') =>
  `<c:ScheduleDownload>${leaf('CommandKey', key)}${leaf('FileType', '3 Vendor Configuration File')}${leaf('URL', 'https://f/a')}<Username/><Password/>${leaf('FileSize', 0)}<TargetFileName/><TimeWindowList>${windows}</TimeWindowList></c:ScheduleDownload>`;
const cancel = (key: string) => `<c:CancelTransfer>${leaf('CommandKey', key)}</c:CancelTransfer>`;
const listed = async (): Promise<string[]> =>
  [...(await bench.call('<c:GetQueuedTransfers/>')).matchAll(/<CommandKey>(.*?)<\/CommandKey><State>(\d)/g)].map(
    ([, key, state]) => `${key} ${state}`,
  );
const fault = (text: string): string | undefined => /<FaultCode>(\d+)/.exec(text)?.[1];
const failing = (kind: FileFault['kind'], retryable = false) =>
  refused<FileFault>({ kind, message: 'said', retryable });
const saved = () => JSON.parse(bench.state.entries.get('cwmp-transfers') ?? '{}');

describe('a download', () => {
  it('is on flash before it is answered, and moved, installed and reported after', async () => {
    bench.quiet = false;
    const answered = await bench.call(download({ size: 7 }));
    expect(answered).toContain(
      '<Status>1</Status><StartTime>0001-01-01T00:00:00Z</StartTime><CompleteTime>0001-01-01T00:00:00Z</CompleteTime>',
    );
    expect(saved().transfers).toMatchObject([{ commandKey: 'k', url: 'https://f/a' }]);
    await bench.settle();
    expect(bench.files.running).toBe(0);
    bench.quiet = true;
    bench.transfers.consider();
    await bench.settle();
    expect(await listed()).toEqual(['k 2']);
    await bench.advance(2000);
    bench.files.finish();
    await bench.settle();
    bench.files.finish();
    await bench.settle();
    expect(bench.files.steps).toEqual([
      'keep 0',
      'download configuration https://f/a u:p 7',
      `install configuration '' by cwmp acs.example`,
    ]);
    expect(await listed()).toEqual(['k 3']);
    expect(bench.reported).toBe(1);
    expect(bench.transfers.events).toEqual([
      { code: '7 TRANSFER COMPLETE', commandKey: '' },
      { code: 'M Download', commandKey: 'k' },
    ]);
    expect(JSON.stringify(saved())).not.toContain('"p"');
    const [told] = await bench.acknowledge();
    expect(told).toContain('<FaultStruct><FaultCode>0</FaultCode><FaultString></FaultString></FaultStruct>');
    expect(told).toContain('<StartTime>2026-01-01T00:00:00Z</StartTime><CompleteTime>2026-01-01T00:00:02Z<');
    expect(bench.transfers.events).toEqual([]);
    expect(bench.state.entries.has('cwmp-transfers')).toBe(false);
  });

  it('has a URL with ampersands that are not escaped, and credentials that begin and end with blanks', async () => {
    bench.quiet = false;
    await bench.call(
      download({ url: 'https://f/a?b=1&c=2&amp;d=3' }).replace('>u<', '> u <').replace('>p<', '> p&lt; <'),
    );
    expect(saved().transfers).toMatchObject([{ url: 'https://f/a?b=1&c=2&d=3', username: ' u ', password: ' p< ' }]);
  });

  it('is not installed within a session that began meanwhile', async () => {
    await bench.call(download());
    await bench.settle();
    bench.quiet = false;
    bench.files.finish();
    await bench.settle();
    expect(bench.files.steps.at(-1)).toMatch(/^download/);
    bench.quiet = true;
    bench.transfers.consider();
    await bench.settle();
    expect(bench.files.steps.at(-1)).toMatch(/^install/);
  });

  it('waits for its delay, also over a restart, and is told when it could not be begun within an hour', async () => {
    await bench.call(download({ delay: 600 }));
    await bench.advance(599_999);
    expect(bench.files.running).toBe(0);
    await bench.transfers[Symbol.asyncDispose]();
    bench.start();
    await bench.advance(1);
    expect(bench.files.running).toBe(1);
    await bench.transfers[Symbol.asyncDispose]();
    await bench.advance(3600_000);
    bench.start();
    await bench.settle();
    const [told] = await bench.acknowledge();
    expect(fault(told!)).toBe('9010');
    expect(told).toContain('<StartTime>0001-01-01T00:00:00Z');
  });

  it.each([
    ['ahead', 20 * 365 * 86_400_000],
    ['back', -86_400_000],
  ])('waits as long as it was told to when the clock is set %s', async (_, byMs) => {
    await bench.call(download({ key: 'first', delay: 600 }));
    await bench.advance(1000);
    bench.clock.set(bench.clock.now() + byMs);
    await bench.call(download({ key: 'second', delay: 599 }));
    await bench.advance(598_999);
    expect(bench.files.running).toBe(0);
    await bench.advance(1);
    expect(bench.files.running).toBe(1);
    expect(await listed()).toEqual(['first 2', 'second 1']);
    const [first, second] = saved().transfers.map(({ windows }: { windows: { endMs: number }[] }) => windows[0]!.endMs);
    expect(second - first).toBe(0);
  });

  it('that was in progress when the power went begins again', async () => {
    await bench.call(download());
    await bench.settle();
    await bench.transfers[Symbol.asyncDispose]();
    bench.start();
    await bench.settle();
    expect(bench.files.steps.filter((step) => step.startsWith('download'))).toHaveLength(2);
    expect(bench.files.steps).toContain('keep 1');
    expect(await bench.acknowledge()).toEqual([]);
  });

  it('is tried again by the retry table where that may help, and no longer than an hour', async () => {
    bench.files.outcomes.push(...Array.from({ length: 6 }, () => failing('contact', true)));
    await bench.call(download());
    await bench.settle();
    for (const waitMs of [7500, 15_000, 30_000, 60_000, 120_000]) {
      expect(bench.clock.nextMs).toBe(waitMs);
      await bench.advance(waitMs);
    }
    expect(bench.files.steps.filter((step) => step.startsWith('download'))).toHaveLength(6);
    expect(fault((await bench.acknowledge())[0]!)).toBe('9015');
  });

  it.each([
    ['authentication', 9012],
    ['access', 9016],
    ['incomplete', 9017],
    ['corrupted', 9018],
    ['space', 9010],
    ['failed', 9010],
  ] as const)('that fails for good (%s) is told with %i', async (kind, code) => {
    bench.files.outcomes.push(failing(kind));
    await bench.call(download());
    await bench.settle();
    const [told] = await bench.acknowledge();
    expect(fault(told!)).toBe(String(code));
    expect(told).toContain('<CompleteTime>0001-01-01T00:00:00Z</CompleteTime>');
    expect(told).toContain('<FaultString>said</FaultString>');
  });

  it('of a server that sends a byte now and then ends', async () => {
    await bench.call(download());
    await bench.settle();
    await bench.advance(6 * 3600_000);
    expect(bench.files.running).toBe(0);
    expect(fault((await bench.acknowledge())[0]!)).toBe('9010');
  });
});

describe('orders that are refused at once', () => {
  it.each([
    [download({ key: 'x'.repeat(33) }), '9003'],
    [download({ url: '' }), '9003'],
    [download({ url: `https://f/${'x'.repeat(1024)}` }), '9003'],
    [download({ url: 'no url' }), '9003'],
    [download({ url: 'https://user:secret@f/a' }), '9003'],
    [download({ type: '7 Unheard Of' }), '9003'],
    [download({ type: '' }), '9003'],
    [download({ delay: 'soon' }), '9003'],
    [download({ delay: -1 }), '9003'],
    [download({ delay: 4_294_967_296 }), '9003'],
    [download({ size: 2 << 20 }), '9010'],
    [upload('3 Vendor Configuration File'), '9003'],
    [upload('3 Vendor Configuration File 9'), '9003'],
    [schedule(''), '9003'],
    [schedule(window(1, 2) + window(3, 4) + window(5, 6)), '9003'],
    [schedule(window(5, 5)), '9003'],
    [schedule(window(0, 10) + window(9, 20)), '9003'],
    [schedule(window(0, 10, '5 Whenever')), '9003'],
    [schedule(window(0, 10, '2 Immediately', -2)), '9003'],
    ['<c:CancelTransfer/>', '9003'],
    ['<c:ChangeDUState/>', '9003'],
    ['<c:SetVouchers/>', '9000'],
    ['<c:GetOptions/>', '9000'],
  ])('%.90s', async (body, code) => {
    expect(fault(await bench.call(body))).toBe(code);
    expect(await listed()).toEqual([]);
  });

  it.each([
    ['unsupported-protocol', '9013'],
    ['unsupported-type', '9010'],
  ] as const)('where the device says %s', async (kind, code) => {
    bench.files.problem = { kind, message: '', retryable: false };
    expect(fault(await bench.call(download()))).toBe(code);
  });

  it('the seventeenth, and what can not be stored', async () => {
    for (let n = 0; n < 16; n++) expect(fault(await bench.call(download({ delay: 60 })))).toBeUndefined();
    expect(fault(await bench.call(download({ delay: 60 })))).toBe('9004');
    expect(await listed()).toHaveLength(16);
    for (const key of ['k']) await bench.call(cancel(key));
    bench.state.write = () => Promise.reject(new Error('flash is full'));
    expect(fault(await bench.call(download()))).toBe('9004');
    expect(await listed()).toEqual([]);
  });
});

describe('time windows', () => {
  it('begin a download at once, or somewhere in their first half', async () => {
    await bench.call(schedule(window(100, 200), 'now'));
    await bench.call(schedule(window(400, 800, '1 At Any Time'), 'any'));
    await bench.advance(99_999);
    expect(bench.files.running).toBe(0);
    await bench.advance(1);
    expect(await listed()).toEqual(['now 2', 'any 1']);
    bench.files.outcomes.push(ok(undefined));
    bench.files.finish();
    await bench.settle();
    await bench.advance(400_000 - 1);
    expect(bench.files.running).toBe(0);
    await bench.advance(1);
    expect(bench.files.running).toBe(1);
    expect(bench.transfers.events).toEqual([
      { code: '7 TRANSFER COMPLETE', commandKey: '' },
      { code: 'M ScheduleDownload', commandKey: 'now' },
    ]);
  });

  it('end a download, which goes on in the second one, and is told as missed after that', async () => {
    await bench.call(schedule(window(0, 100) + window(500, 600)));
    await bench.settle();
    await bench.advance(100_000);
    expect(bench.files.running).toBe(0);
    await bench.advance(400_000);
    expect(bench.files.running).toBe(1);
    await bench.advance(100_000);
    expect(fault((await bench.acknowledge())[0]!)).toBe('9020');
  });

  it('allow as many tries as the ACS says, each for itself', async () => {
    bench.files.outcomes.push(...Array.from({ length: 3 }, () => failing('contact', true)));
    await bench.call(schedule(window(0, 100, '2 Immediately', 1) + window(500, 600)));
    await bench.settle();
    await bench.advance(7500);
    await bench.advance(90_000);
    expect(bench.files.steps.filter((step) => step.startsWith('download'))).toHaveLength(2);
    await bench.advance(402_500);
    expect(bench.files.steps.filter((step) => step.startsWith('download'))).toHaveLength(3);
    expect(fault((await bench.acknowledge())[0]!)).toBe('9015');
  });

  it('wait until the device is idle, or for somebody to agree', async () => {
    await bench.call(schedule(window(0, 1000, '3 When Idle'), 'idle'));
    await bench.call(schedule(window(0, 1000, '4 Confirmation Needed'), 'asks'));
    await bench.advance(120_000);
    expect(bench.files.running).toBe(0);
    expect(await bench.transfers.confirm('idle')).toBe(false);
    expect(await bench.transfers.confirm('asks')).toBe(true);
    await bench.settle();
    expect(await listed()).toEqual(['idle 1', 'asks 2']);
    bench.files.outcomes.push(ok(undefined));
    bench.files.finish();
    await bench.settle();
    bench.idle = true;
    await bench.advance(60_000);
    expect(await listed()).toEqual(['asks 3', 'idle 2']);
  });

  it('that nobody agreed in pass', async () => {
    await bench.call(schedule(window(0, 1000, '4 Confirmation Needed')));
    await bench.settle();
    await bench.advance(1000_000);
    expect(fault((await bench.acknowledge())[0]!)).toBe('9020');
  });
});

describe('cancelling', () => {
  it('takes away what waits or is on its way, without a report', async () => {
    await bench.call(download({ key: 'a' }));
    await bench.call(download({ key: 'b', delay: 60 }));
    await bench.settle();
    expect(await listed()).toEqual(['a 2', 'b 1']);
    expect(fault(await bench.call(cancel('a')))).toBeUndefined();
    expect(fault(await bench.call(cancel('b')))).toBeUndefined();
    await bench.settle();
    expect(bench.files.running).toBe(0);
    expect(await listed()).toEqual([]);
    expect(bench.reported).toBe(0);
  });

  it('is too late for what is being installed or has been done, and of no effect for a key that is not known', async () => {
    expect(fault(await bench.call(cancel('nobody')))).toBeUndefined();
    await bench.call(download());
    await bench.settle();
    bench.files.finish();
    await bench.settle();
    expect(fault(await bench.call(cancel('k')))).toBe('9021');
    bench.files.finish();
    await bench.settle();
    expect(fault(await bench.call(cancel('k')))).toBe('9021');
    expect(await listed()).toEqual(['k 3']);
  });
});

describe('reports', () => {
  const done = async (key: string): Promise<void> => {
    bench.files.outcomes.push(ok(undefined), ok(undefined));
    await bench.call(download({ key }));
    await bench.settle();
  };

  it('are told until they are acknowledged, over restarts, each with its own events', async () => {
    await done('a');
    await done('b');
    await bench.transfers[Symbol.asyncDispose]();
    bench.start();
    expect(bench.transfers.events.map(({ code, commandKey }) => `${code} ${commandKey}`)).toEqual([
      '7 TRANSFER COMPLETE ',
      'M Download a',
      'M Download b',
    ]);
    expect(bench.requests()).toHaveLength(2);
    expect((await bench.acknowledge()).map((text) => /<CommandKey>(.)/.exec(text)![1])).toEqual(['a', 'b']);
    expect(bench.requests()).toEqual([]);
  });

  it('carry to an ACS of CWMP 1.0 only the faults that it knows', async () => {
    bench.files.outcomes.push(failing('corrupted'));
    await bench.call(download());
    await bench.settle();
    const [request] = bench.requests();
    expect(fault(bench.written(request!, 'urn:dslforum-org:cwmp-1-0'))).toBe('9010');
    expect(fault(bench.written(request!, 'urn:dslforum-org:cwmp-1-1'))).toBe('9018');
  });

  it('that the ACS refuses are told again in a later session, and begin none themselves', async () => {
    await done('a');
    expect(bench.transfers.pressing).toHaveLength(2);
    for (let n = 0; n < 5; n++) {
      const [request] = bench.requests();
      request!.refused(8002);
      expect(bench.transfers.pressing).toEqual([]);
      expect(bench.transfers.events).toHaveLength(2);
    }
    await bench.acknowledge();
    expect(bench.transfers.events).toEqual([]);
  });

  it('whose acknowledgement can not be stored do not bring about one session after the other', async () => {
    await done('a');
    const { remove } = bench.state;
    bench.state.remove = () => Promise.reject(new Error('flash is full'));
    await bench.acknowledge();
    expect(bench.transfers.events).toHaveLength(2);
    expect(bench.transfers.pressing).toEqual([]);
    bench.state.remove = remove;
    await bench.acknowledge();
    expect(bench.transfers.events).toEqual([]);
  });

  it('of a result that can not be stored are made as soon as it can, and nothing is done twice', async () => {
    await bench.call(download());
    await bench.settle();
    const { write } = bench.state;
    bench.state.write = () => Promise.reject(new Error('flash is full'));
    bench.files.outcomes.push(ok(undefined));
    bench.files.finish();
    await bench.settle();
    expect(bench.transfers.events).toEqual([]);
    bench.state.write = write;
    await bench.advance(600_000);
    expect(bench.transfers.events).toHaveLength(2);
    expect(bench.files.steps.filter((step) => step.startsWith('download'))).toHaveLength(1);
  });

  it('are of no concern to another ACS', async () => {
    await done('a');
    await bench.transfers.forgetReports();
    expect(bench.transfers.events).toEqual([]);
    expect(bench.state.entries.has('cwmp-transfers')).toBe(false);
  });
});

describe('what only some ACS know', () => {
  const methodsOf = (): string[] => bench.requests().map(({ method }) => method);
  const finished = { code: 0, text: '', startMs: 0, completeMs: 1000 };
  const own = {
    announceUrl: '',
    transferUrl: 'https://f/own',
    isDownload: true,
    fileType: '1 Firmware Upgrade Image',
    fileSize: 5,
    targetFileName: '',
  };

  it('is sent after the ACS was asked what it knows, and given up when it does not', async () => {
    expect(await bench.transfers.requestDownload('2 Web Content', [{ name: 'Version', value: '<2>' }])).toBe(true);
    expect(bench.transfers.events).toEqual([{ code: '9 REQUEST DOWNLOAD', commandKey: '' }]);
    expect(methodsOf()).toEqual(['GetRPCMethods', 'RequestDownload']);
    const [ask, request] = bench.requests();
    expect(bench.written(request!)).toContain('<Name>Version</Name><Value>&lt;2&gt;</Value>');
    bench.written(ask!);
    const list = '<c:GetRPCMethodsResponse><MethodList><string>Inform</string></MethodList></c:GetRPCMethodsResponse>';
    await ask!.delivered(readEnvelope(wrapped(list)));
    expect(request!.pointless!()).toBe(true);
    await bench.settle();
    expect(bench.transfers.events).toEqual([]);
    await bench.transfers.requestDownload('2 Web Content', []);
    expect(methodsOf()).toEqual(['RequestDownload']);
    expect(bench.requests('another.example').map(({ method }) => method)).toEqual(['GetRPCMethods', 'RequestDownload']);
  });

  it('is told of transfers of its own by the policy alone', async () => {
    expect(await bench.transfers.completed(own, finished)).toBe(false);
    const enabled = { Enable: 'true', TransferTypeFilter: 'Download', ResultTypeFilter: 'Failure', FileTypeFilter: '' };
    bench.policy = enabled;
    expect(await bench.transfers.completed(own, finished)).toBe(false);
    expect(await bench.transfers.completed({ ...own, isDownload: false }, { ...finished, code: 9010 })).toBe(false);
    bench.policy = { ...enabled, ResultTypeFilter: 'Both', FileTypeFilter: '2 Web Content' };
    expect(await bench.transfers.completed(own, finished)).toBe(false);
    bench.policy = { ...enabled, ResultTypeFilter: 'Both', FileTypeFilter: '2 Web Content,1 Firmware Upgrade Image' };
    expect(await bench.transfers.completed(own, finished)).toBe(true);
    expect(bench.transfers.events).toEqual([{ code: '10 AUTONOMOUS TRANSFER COMPLETE', commandKey: '' }]);
    await bench.transfers[Symbol.asyncDispose]();
    bench.start();
    expect((await bench.acknowledge()).at(-1)).toContain('<TransferURL>https://f/own</TransferURL><IsDownload>1<');
  });

  it('is asked where somebody is to be sent next', async () => {
    const kicked = bench.transfers.kicked({ command: 'login', referer: 'r', arg: 'a', next: 'n' });
    await bench.settle();
    const request = bench.requests().at(-1)!;
    expect(bench.written(request)).toContain('<Command>login</Command><Referer>r</Referer><Arg>a</Arg><Next>n</Next>');
    const answer = '<c:KickedResponse><NextURL>https://portal.example/</NextURL></c:KickedResponse>';
    await request.delivered(readEnvelope(wrapped(answer)));
    expect(await kicked).toBe('https://portal.example/');
    const again = bench.transfers.kicked({ command: '', referer: '', arg: '', next: '' });
    await bench.settle();
    bench.requests().at(-1)!.refused(8000);
    expect(await again).toBeUndefined();
    expect(bench.transfers.events).toEqual([]);
  });
});

describe('software modules', () => {
  const uuid = '1f3f0a4e-8d4c-4d5b-9a2e-0123456789ab';
  const operation = (kind: string, inner: string): string =>
    `<Operations xsi:type="c:${kind}OpStruct">${inner}</Operations>`;

  it('are refused one by one, in one message, where there are none', async () => {
    const operations =
      operation('Install', leaf('URL', 'https://f/unit')) +
      operation('Install', leaf('URL', 'gopher://f/unit')) +
      operation('Update', leaf('UUID', uuid) + leaf('Version', '2')) +
      operation('Uninstall', leaf('UUID', 'no-uuid'));
    expect(await bench.call(`<c:ChangeDUState>${operations}${leaf('CommandKey', 'du')}</c:ChangeDUState>`)).toContain(
      '<cwmp:ChangeDUStateResponse></cwmp:ChangeDUStateResponse>',
    );
    bench.transfers.consider();
    await bench.settle();
    expect(bench.transfers.events).toEqual([
      { code: '11 DU STATE CHANGE COMPLETE', commandKey: '' },
      { code: 'M ChangeDUState', commandKey: 'du' },
    ]);
    const [told] = await bench.acknowledge();
    expect([...told!.matchAll(/<FaultCode>(\d+)/g)].map(([, code]) => code)).toEqual(['9023', '9013', '9028', '9022']);
    expect(told).toContain(`<UUID>${uuid}</UUID>`);
    expect(told).toContain('<CommandKey>du</CommandKey>');
  });

  it('are done in turn by what installs them, and kept until then', async () => {
    const done: string[] = [];
    bench.units = async ({ operation: kind, url }) => {
      done.push(`${kind} ${url}`);
      const outcome = { code: 0, text: '', startMs: 0, completeMs: 1000 };
      const state = 'Installed' as const;
      return {
        uuid,
        unit: 'Device.SoftwareModules.DeploymentUnit.1.',
        version: '1',
        state,
        resolved: true,
        executionUnits: '',
        outcome,
      };
    };
    bench.quiet = false;
    const operations =
      operation('Install', leaf('URL', 'https://f/1')) + operation('Install', leaf('URL', 'https://f/2'));
    await bench.call(`<c:ChangeDUState>${operations}</c:ChangeDUState>`);
    await bench.transfers[Symbol.asyncDispose]();
    bench.start();
    await bench.settle();
    expect(done).toEqual([]);
    bench.quiet = true;
    bench.transfers.consider();
    await bench.settle();
    expect(done).toEqual(['Install https://f/1', 'Install https://f/2']);
    expect(await bench.acknowledge()).toHaveLength(1);
  });

  it('that change by themselves are told, as far as the policy wants to hear of them', async () => {
    const outcome = { code: 0, text: '', startMs: 0, completeMs: 1000 };
    const result = {
      operation: 'Update',
      uuid,
      unit: 'D',
      version: '2',
      state: 'Installed',
      resolved: true,
      executionUnits: '',
      outcome,
    } as const;
    const failed = (code: number) => ({ ...result, unit: `F${code}`, outcome: { ...outcome, code } });
    const changes = [result, { ...result, operation: 'Install' }, failed(9017), failed(9018)];
    const told = async (policy: Readonly<Record<string, string>>): Promise<boolean> => {
      bench.policy = { OperationTypeFilter: 'Update', ResultTypeFilter: 'Both', FaultCodeFilter: '9018', ...policy };
      return bench.transfers.unitsChanged(changes);
    };
    expect(await told({ Enable: 'false' })).toBe(false);
    expect(await told({ Enable: 'true', OperationTypeFilter: '' })).toBe(false);
    expect(await told({ Enable: 'true', ResultTypeFilter: 'Failure', FaultCodeFilter: '' })).toBe(false);
    expect(bench.transfers.events).toEqual([]);
    expect(await told({ Enable: 'true' })).toBe(true);
    const message = (await bench.acknowledge()).at(-1)!;
    expect(message.match(/<DeploymentUnitRef>\w+/g)).toEqual(['<DeploymentUnitRef>D', '<DeploymentUnitRef>F9018']);
    expect(await told({ Enable: 'true', ResultTypeFilter: 'Success' })).toBe(true);
    expect(bench.transfers.events).toEqual([{ code: '12 AUTONOMOUS DU STATE CHANGE COMPLETE', commandKey: '' }]);
    expect((await bench.acknowledge()).at(-1)).toContain('<OperationPerformed>Update</OperationPerformed>');
  });
});

describe.skipIf(!haveCwmpXsd)('every message that was written above', () => {
  afterAll(() => emitted.splice(0));
  it(`is valid by ${cwmpXsd || 'the CWMP schema'}`, () => {
    const messages = [...new Set(emitted.filter((text) => !text.includes('soap-env:Fault')))];
    expect(messages.length).toBeGreaterThan(15);
    expect(invalidMessages(messages)).toEqual([]);
  });
});
