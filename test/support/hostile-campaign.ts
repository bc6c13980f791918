import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { silentLog } from '#base';
import { installFactory, startRouter } from '#lab';
import { connectUbus, type UbusClient } from '#platform';
import { deviceNode } from '../../bench/figures/figures.ts';
import { startDaemon } from './agent-process.ts';
import { envelope, idOf, informResponse, type Mischief, ScriptedAcs } from './scripted-acs.ts';

/** What a session with such an ACS may add to resident memory. */
export const memoryLimitBytes = 8 << 20;

export interface HostileCase {
  readonly name: string;
  readonly mischief: Mischief;
  /** What the session fails with; absent: it does not. */
  readonly fails?: string;
}

export interface HostileOutcome {
  /** What `tandem status` says of the session: its error, or '' when it has ended well. */
  readonly error: string;
  /** How far resident memory went above what it was before, at its highest. */
  readonly growthBytes: number;
  /** The next session, with an ACS that behaves, has ended well. */
  readonly cameBack: boolean;
}

const with200 = (
  text: string | Buffer | ((body: string) => string),
  headers: Record<string, string> = {},
): Mischief => {
  return (body, response) => void response.writeHead(200, headers).end(typeof text === 'function' ? text(body) : text);
};
/** After a good InformResponse. */
const asking =
  (request: string): Mischief =>
  (body, response) => {
    if (body.includes('<cwmp:Inform>')) response.end(informResponse(body));
    else if (body === '') response.end(envelope(request));
    else response.writeHead(204).end();
  };
const inside = (content: string) => (body: string) =>
  envelope(`<c:InformResponse>${content}</c:InformResponse>`, idOf(body));
const laughs = `<!DOCTYPE l [<!ENTITY a "${'ha'.repeat(1000)}">${Array.from({ length: 9 }, (_, n) => `<!ENTITY ${'bcdefghij'[n]} "${`&${'abcdefghi'[n]};`.repeat(10)}">`).join('')}]>`;

/** Ten gigabytes, as far as they are taken. */
const endless: Mischief = (_, response: ServerResponse) => {
  const piece = Buffer.alloc(64 * 1024, '<a>x</a>');
  let left = 10 * 2 ** 30;
  const more = (): void => {
    while (!response.destroyed && left > 0) {
      left -= piece.length;
      if (response.write(piece)) continue;
      response.once('drain', more);
      return;
    }
  };
  response.writeHead(200);
  more();
};

const entries = (count: number): string =>
  Array.from(
    { length: count },
    (_, n) =>
      `<ParameterValueStruct><Name>Device.WiFi.SSID.1.X${n}</Name><Value e:type="xsd:string">${n}</Value></ParameterValueStruct>`,
  ).join('');

export const hostileCases: readonly HostileCase[] = [
  { name: '10 GB in chunks', mischief: endless, fails: 'HTTP_TOO_LARGE' },
  {
    name: 'gzip, a thousand to one',
    mischief: with200(gzipSync(Buffer.alloc(64 << 20, ' ')), { 'content-encoding': 'gzip' }),
    fails: 'HTTP_TOO_LARGE',
  },
  { name: 'entities of entities', mischief: with200(laughs), fails: 'SOAP_DOCTYPE' },
  { name: 'elements without end', mischief: with200(inside('<a/>'.repeat(250_000))), fails: 'SOAP_TOO_LARGE' },
  { name: 'nested without end', mischief: with200('<a>'.repeat(250_000)), fails: 'SOAP_TOO_LARGE' },
  {
    name: 'as many elements as are read',
    mischief: with200(inside('<a/>'.repeat(16_000))),
    fails: 'CWMP_UNEXPECTED',
  },
  {
    name: 'one text of a megabyte',
    mischief: with200(inside(`<a>${'ä'.repeat(500_000)}</a>`)),
    fails: 'CWMP_UNEXPECTED',
  },
  {
    name: 'one value of a megabyte',
    mischief: asking(
      `<c:SetParameterValues><ParameterList><S><Name>Device.WiFi.SSID.1.SSID</Name><Value>${'x'.repeat(1_000_000)}</Value></S></ParameterList><ParameterKey/></c:SetParameterValues>`,
    ),
  },
  {
    name: '5,000 parameters, none of them there',
    mischief: asking(
      `<c:SetParameterValues><ParameterList>${entries(5000)}</ParameterList><ParameterKey>k</ParameterKey></c:SetParameterValues>`,
    ),
  },
  {
    name: '5,000 names asked for',
    mischief: asking(
      `<c:GetParameterValues><ParameterNames>${'<string>Device.WiFi.</string>'.repeat(5000)}</ParameterNames></c:GetParameterValues>`,
    ),
  },
  {
    name: 'attributes of everything, 5,000 times',
    mischief: asking(
      `<c:GetParameterAttributes><ParameterNames>${'<string>Device.WiFi.</string>'.repeat(5000)}</ParameterNames></c:GetParameterAttributes>`,
    ),
  },
  {
    name: '401 for ever',
    mischief: (_, response) =>
      response.writeHead(401, { 'www-authenticate': `Digest realm="r", nonce="${Math.random()}", qop="auth"` }).end(),
    fails: 'CWMP_AUTH',
  },
  {
    name: 'redirected for ever',
    mischief: (_, response) => response.writeHead(307, { location: '/again' }).end(),
    fails: 'CWMP_REDIRECTS',
  },
  {
    name: 'headers without end',
    mischief: (_, response) => response.writeHead(200, { 'x-flood': 'x'.repeat(1 << 20) }).end(),
    fails: 'HTTP_',
  },
];

const goodSessions = 10;
const settle = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The daemon as it runs on a device, and one session with an ACS that means no good. */
export async function meetHostile(dist: string, { mischief }: HostileCase): Promise<HostileOutcome> {
  const directory = mkdtempSync(join(tmpdir(), 'tandem-hostile-'));
  using acs = new ScriptedAcs();
  const url = await acs.listen();
  const router = await startRouter({ directory, reloadDelayMs: 0 });
  installFactory(router.root, { acs: { url, username: 'cpe', password: 'cpe-password' }, controllers: [] });
  const daemon = await startDaemon(dist, router, deviceNode.environment, deviceNode.flags);
  try {
    await using bus = await connectUbus({ path: router.socketPath, log: silentLog });
    const pid = daemon.child.pid!;
    await ended(bus, 1);
    // By then the daemon has tidied up behind its start and lets its code be optimized, whose memory is not the ACS's doing.
    await settle(3500);
    for (let good = 1; good <= goodSessions; good++) {
      acs.requests = [
        '<c:GetParameterValues><ParameterNames><string>Device.DeviceInfo.</string></ParameterNames></c:GetParameterValues>',
      ];
      await bus.invoke('tandem', 'inform', {});
      await ended(bus, 1 + good);
    }
    acs.mischief = mischief;
    const before = residentKb(pid, 'VmRSS');
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
    await bus.invoke('tandem', 'inform', {});
    const { failed, last_error: error } = await ended(bus, goodSessions + 2);
    const growthBytes = (residentKb(pid, 'VmHWM') - before) * 1024;
    acs.mischief = undefined;
    await bus.invoke('tandem', 'inform', {});
    const after = await ended(bus, goodSessions + 3);
    return { error: failed > 0 ? error : '', growthBytes, cameBack: after.failed === failed };
  } finally {
    await daemon.stop('SIGKILL');
    await router[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** So many sessions have ended, well or not. */
async function ended(bus: UbusClient, count: number): Promise<{ failed: number; last_error: string }> {
  for (;;) {
    const { cwmp } = (await bus.invoke('tandem', 'status', {})) as { cwmp?: Record<string, string> };
    const [, well = '0', failed = '0'] = /(\d+) ended well, (\d+) failed/.exec(cwmp?.sessions ?? '') ?? [];
    if (Number(well) + Number(failed) >= count) return { failed: Number(failed), last_error: cwmp!.last_error! };
    await settle(20);
  }
}

const residentKb = (pid: number, name: 'VmRSS' | 'VmHWM'): number =>
  Number(new RegExp(`${name}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
