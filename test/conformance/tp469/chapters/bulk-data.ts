import { type Bench, type Params, subscriptions } from '../bench.ts';
import { Collector, type Report } from '../side/collector.ts';
import type { At } from '../side/link.ts';
import { MqttBroker } from '../side/mqtt-broker.ts';
import { NotRunnable, type Test } from '../verdict.ts';

const upTime = { name: 'UpTime', reference: 'Device.DeviceInfo.UpTime' };
type Encoding = 'JSON' | 'CSV';

/** A profile that is made and enabled. @returns its path and interval in seconds */
async function profile(t: Bench, params: Params, parameter: { name: string; reference: string }, uri = false) {
  const least = Number(await t.value('Device.BulkData.MinReportingInterval').catch(() => '0')) || 0;
  const seconds = Math.max(60, least);
  const [row] = await t.added(['Device.BulkData.Profile.', { ReportingInterval: String(seconds), ...params }]);
  await t.added([`${row}Parameter.`, { Name: parameter.name, Reference: parameter.reference }]);
  if (uri) {
    await t.added([`${row}HTTP.RequestURIParameter.`, { Name: 'UpTime', Reference: 'Device.LocalAgent.UpTime' }]);
  }
  const enable = async (): Promise<void> => {
    await t.borrowed('Device.BulkData.', { Enable: 'true' });
    await t.setTo(row!, { 'Enable!': 'true' });
  };
  return { row: row!, seconds, enable };
}

async function collector(t: Bench, secure: boolean): Promise<Collector> {
  const given = t.serverTls;
  if (secure && !given) throw new NotRunnable('the judge has no certificate for HTTPS');
  const listen = t.descriptor.use?.collector;
  const one = new Collector(t.time, listen?.host ?? '127.0.0.1', secure ? given : undefined);
  await one.start(listen?.port ?? 0);
  t.later(() => one[Symbol.asyncDispose]());
  return one;
}

/** Two reports, within two intervals and ten seconds. */
async function two(t: Bench, { reports }: Collector, seconds: number): Promise<readonly At<Report>[]> {
  await t.time.until(() => reports[1], 2 * seconds + 10);
  t.metric(1, reports.length >= 2, `${reports.length} reports instead of two`);
  return reports.slice(0, 2);
}

/** Names and values of a report. */
function contentOf(t: Bench, encoding: Encoding, body: string): Record<string, string> {
  if (encoding === 'JSON') return ofJson(t, body);
  const rows = csv(body);
  const [head, ...lines] = rows;
  t.metric(2, head !== undefined && lines.length > 0, 'the CSV has no rows');
  // A row for each parameter, or one with a column for each.
  const [nameAt, valueAt] = [head.indexOf('ParameterName'), head.indexOf('ParameterValue')];
  if (nameAt >= 0 && valueAt >= 0) return Object.fromEntries(lines.map((line) => [line[nameAt]!, line[valueAt] ?? '']));
  return Object.fromEntries(head.map((name, index) => [name, lines[0]![index] ?? '']));
}

function ofJson(t: Bench, body: string): Record<string, string> {
  let parsed: { Report?: unknown };
  try {
    parsed = JSON.parse(body) as { Report?: unknown };
  } catch {
    t.metric(2, false, 'it is no JSON');
  }
  const list = parsed.Report;
  t.metric(2, Array.isArray(list) && list.length > 0, 'there is no Report in it');
  const names: Record<string, string> = {};
  const walk = (value: unknown, path: string): void => {
    if (value !== null && typeof value === 'object') {
      for (const [key, one] of Object.entries(value)) walk(one, path === '' ? key : `${path}.${key}`);
    } else names[path] = String(value);
  };
  walk(list[0], '');
  return names;
}

/** RFC 4180 */
function csv(text: string): string[][] {
  const rows: string[][] = [];
  for (const line of text.split(/\r?\n/)) {
    if (line === '') continue;
    const cells: string[] = [];
    for (const match of line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)) {
      cells.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
    }
    rows.push(cells);
  }
  return rows;
}

const isMeta = (name: string): boolean => name === 'CollectionTime' || name.startsWith('ReportTimestamp');

/** Who reports: OUI, product class and serial number, or the Endpoint ID. */
async function identifies(t: Bench, metric: number, { url }: Report): Promise<void> {
  const query = url.searchParams;
  const device = ['oui', 'pc', 'sn'].every((name) => query.has(name));
  t.metric(
    metric,
    device || query.get('eid') === t.peer.agentId,
    `the URI names neither oui, pc and sn nor eid: ${url.search}`,
  );
}

const anyEncoding = (t: Bench): Encoding => (t.descriptor.features.includes(32) ? 'JSON' : 'CSV');

interface HttpCase {
  readonly secure: boolean;
  readonly encoding?: Encoding;
  readonly uri?: boolean;
}

async function overHttp(t: Bench, { secure, encoding = anyEncoding(t), uri = false }: HttpCase): Promise<void> {
  const one = await collector(t, secure);
  const { seconds, enable } = await profile(
    t,
    { Protocol: 'HTTP', EncodingType: encoding, 'HTTP.URL': one.url },
    upTime,
    uri,
  );
  await enable();
  for (const { what } of await two(t, one, seconds)) {
    if (uri)
      t.metric(2, /^[0-9]+$/.test(what.url.searchParams.get('UpTime') ?? ''), `UpTime is not in ${what.url.search}`);
    const names = Object.keys(contentOf(t, encoding, what.body)).filter((name) => !isMeta(name));
    if (!uri) t.equal(3, names, ['UpTime'], 'the names in the report');
    await identifies(t, uri ? 3 : 4, what);
  }
}

/** What a path that is not one parameter brings. */
interface Names {
  readonly name: string;
  readonly reference: (controller: string) => string;
  readonly check: (t: Bench, names: readonly string[], controller: string) => Promise<void>;
}
const wildcard: Names = {
  name: 'Enabled',
  reference: () => 'Device.LocalAgent.Controller.*.BootParameter.*.Enable',
  async check(t: Bench, names) {
    const fitting = names.filter((name) => /^Enabled\.[1-9][0-9]*\.[1-9][0-9]*$/.test(name));
    t.metric(2, fitting.length >= 2, `the names are ${names.join(', ')}`);
  },
};
const objectPath: Names = {
  name: 'TestController',
  reference: (controller) => controller,
  async check(t: Bench, names, controller) {
    const wanted = Object.keys(await t.values(controller)).map(
      (name) => `TestController.${name.slice(controller.length)}`,
    );
    const strange = names.filter((name) => !name.startsWith('TestController.'));
    t.equal(2, strange, [], 'the names that are not below TestController');
    t.equal(
      2,
      wanted.filter((name) => !names.includes(name)),
      [],
      'what is missing',
    );
  },
};

async function twoBootParameters(t: Bench): Promise<void> {
  await t.bootParameters(
    { Enable: 'true', ParameterName: 'Device.LocalAgent.SoftwareVersion' },
    { Enable: 'true', ParameterName: 'Device.LocalAgent.EndpointID' },
  );
}

async function overHttpWith(t: Bench, names: Names): Promise<void> {
  await twoBootParameters(t);
  const controller = await t.controllerPath();
  const one = await collector(t, false);
  const encoding = anyEncoding(t);
  const { seconds, enable } = await profile(
    t,
    { Protocol: 'HTTP', EncodingType: encoding, 'HTTP.URL': one.url },
    { name: names.name, reference: names.reference(controller) },
  );
  await enable();
  for (const { what } of await two(t, one, seconds)) {
    const told = Object.keys(contentOf(t, encoding, what.body)).filter((name) => !isMeta(name));
    await names.check(t, told, controller);
    await identifies(t, 3, what);
  }
}

async function pushed(
  t: Bench,
  name: string,
  reference: string,
  check: (names: readonly string[]) => void,
): Promise<void> {
  const encoding = anyEncoding(t);
  const { row, seconds, enable } = await profile(
    t,
    { Protocol: 'USPEventNotif', EncodingType: encoding },
    { name, reference },
  );
  await t.added([subscriptions, { Enable: 'true', NotifType: 'Event', ReferenceList: `${row}Push!` }]);
  const from = t.peer.notifications.length;
  await enable();
  const ours = () => t.heard(({ event }) => event?.eventName === 'Push!', from);
  await t.time.until(() => ours()[1], 2 * seconds + 10);
  t.metric(1, ours().length >= 2, `${ours().length} Push! events instead of two`);
  for (const { what } of ours().slice(0, 2)) {
    check(Object.keys(contentOf(t, encoding, what.event!.params.Data ?? '')).filter((one) => !isMeta(one)));
  }
}

const http = (number: string, title: string, needs: number[], options: HttpCase): Test => ({
  number,
  title,
  needs,
  run: (t: Bench) => overHttp(t, options),
});

export const bulkDataTests: readonly Test[] = [
  http('10.1', 'JSON over HTTP', [32], { secure: false, encoding: 'JSON' }),
  http('10.2', 'JSON over HTTPS', [32], { secure: true, encoding: 'JSON' }),
  http('10.3', 'CSV over HTTP', [33], { secure: false, encoding: 'CSV' }),
  http('10.4', 'CSV over HTTPS', [33], { secure: true, encoding: 'CSV' }),
  http('10.5', 'Parameters in the URI over HTTP', [32], { secure: false, uri: true }),
  http('10.6', 'Parameters in the URI over HTTPS', [32], { secure: true, uri: true }),
  {
    number: '10.7',
    title: 'A report is tried again',
    needs: [32],
    async run(t: Bench) {
      const one = await collector(t, false);
      const { seconds, enable } = await profile(
        t,
        {
          Protocol: 'HTTP',
          EncodingType: anyEncoding(t),
          'HTTP.URL': one.url,
          'HTTP.RetryEnable': 'true',
          'HTTP.RetryMinimumWaitInterval': '5',
          'HTTP.RetryIntervalMultiplier': '2000',
        },
        upTime,
      );
      one.status = 503;
      await enable();
      await t.time.until(() => one.reports[0], seconds + 10);
      t.metric(1, one.reports.length > 0, 'no report came');
      await t.time.until(() => one.reports[2], 40);
      one.status = 200;
      await t.time.until(() => one.reports[3], 45);
      t.metric(2, one.reports.length >= 4, `${one.reports.length - 1} retries instead of three`);
      for (const [index, [low, high]] of [
        [4.5, 11],
        [9.5, 21],
        [19.5, 41],
      ].entries()) {
        const waited = (one.reports[index + 1]!.at - one.reports[index]!.at) / 1000;
        t.metric(2, waited > low! && waited < high!, `retry ${index + 1} came after ${waited.toFixed(1)} s`);
      }
      for (const { what } of one.reports) await identifies(t, 3, what);
      // The next one is that of the next interval.
      const next = await t.time.until(() => one.reports[4], seconds + 10);
      t.metric(
        4,
        next === undefined || next.at - one.reports[3]!.at > 1000,
        'it was sent again after it had been taken',
      );
    },
  },
  { number: '10.8', title: 'A wildcard', needs: [32], run: (t: Bench) => overHttpWith(t, wildcard) },
  { number: '10.9', title: 'An object path', needs: [32], run: (t: Bench) => overHttpWith(t, objectPath) },
  {
    number: '10.10',
    title: 'Push!',
    needs: [34],
    run: (t: Bench) =>
      pushed(t, upTime.name, upTime.reference, (names) => t.equal(3, names, ['UpTime'], 'the names in the report')),
  },
  {
    number: '10.11',
    title: 'Push! with a wildcard',
    needs: [34],
    async run(t: Bench) {
      await twoBootParameters(t);
      await pushed(t, wildcard.name, wildcard.reference(''), (names) => {
        const fitting = names.filter((name) => /^Enabled\.[1-9][0-9]*\.[1-9][0-9]*$/.test(name));
        t.metric(3, fitting.length >= 2, `the names are ${names.join(', ')}`);
      });
    },
  },
  {
    number: '10.12',
    title: 'Push! with an object path',
    needs: [34],
    run: (t: Bench) =>
      pushed(t, 'Controller', 'Device.LocalAgent.Controller.', (names) => {
        t.metric(3, names.length > 0, 'the report is empty');
        t.equal(
          3,
          names.filter((name) => !name.startsWith('Controller')),
          [],
          'the names not below Controller',
        );
      }),
  },
  {
    number: '10.13',
    title: 'Over MQTT',
    needs: [41],
    async run(t: Bench) {
      const encoding = anyEncoding(t);
      const { broker, reference } = await mqtt(t);
      const from = broker.packets.length;
      const { seconds, enable } = await profile(
        t,
        {
          Protocol: 'MQTT',
          EncodingType: encoding,
          'MQTT.Reference': reference,
          'MQTT.PublishTopic': 'mqtt-bulkdata',
        },
        upTime,
      );
      await enable();
      const ours = () => broker.of('publish', from).filter(({ what }) => what.topic === 'mqtt-bulkdata');
      await t.time.until(() => ours()[1], 2 * seconds + 10);
      t.metric(1, ours().length >= 2, `${ours().length} reports instead of two`);
      for (const { what } of ours().slice(0, 2)) {
        const names = Object.keys(contentOf(t, encoding, what.payload.toString('utf8'))).filter(
          (name) => !isMeta(name),
        );
        t.equal(3, names, ['UpTime'], 'the names in the report');
      }
    },
  },
];

/** The broker that carries the messages, or one for the reports alone. */
async function mqtt(t: Bench): Promise<{ readonly broker: MqttBroker; readonly reference: string }> {
  if (t.link instanceof MqttBroker) {
    const [client] = await t.rows('Device.MQTT.Client.');
    return { broker: t.link, reference: (client ?? '').replace(/\.$/, '') };
  }
  const host = t.descriptor.use?.collector?.host ?? '127.0.0.1';
  const broker = new MqttBroker({ version: 5, host, port: 0, controllers: {}, agentTopic: 'unused', time: t.time });
  // An agent may want something to listen to before it stays.
  broker.manners.connack = { userProperties: [['subscribe-topic', 'judge/bulk']] };
  await broker.start();
  t.later(() => broker[Symbol.asyncDispose]());
  const [row] = await t.added([
    'Device.MQTT.Client.',
    {
      Name: 'judge-bulk',
      BrokerAddress: host,
      BrokerPort: String(broker.port),
      TransportProtocol: 'TCP/IP',
      ProtocolVersion: '5.0',
      ClientID: 'judge-bulk',
    },
  ]);
  await t.setTo(row!, { 'Enable!': 'true' });
  return { broker, reference: row!.replace(/\.$/, '') };
}
