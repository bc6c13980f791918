import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileMappings, openSchema } from '#model';

/** `npm run coverage-page`: docs/coverage.md, made from the shipped mappings and the schema alone. */
export function coveragePage(datamodel: string): string {
  const directory = join(datamodel, 'openwrt');
  const mappings = readdirSync(directory)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((file) => ({ file, text: readFileSync(join(directory, file), 'utf8') }));
  const schema = openSchema(readFileSync(join(datamodel, 'tr181.bin')));
  const { objects, problems } = compileMappings(schema, mappings, {});
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  const sorted = [...objects]
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .filter(({ parameters }) => parameters.size > 0);
  const total = sorted.reduce((sum, { parameters }) => sum + parameters.size, 0);
  const writable = sorted.reduce(
    (sum, { parameters }) => sum + [...parameters.values()].filter((parameter) => parameter.writable).length,
    0,
  );
  const lines = [
    '# What is mapped',
    '',
    `Made from the mappings by \`npm run coverage-page\`. ${total} parameters of ${sorted.length} objects, ${writable} of them can be written; \`W\` marks`,
    'those. Beside them are what the model derives (`…NumberOfEntries`, `Alias`) and what code declares (`tandem schema --coverage` counts both).',
    '',
    '| object | rows from | parameters |',
    '|---|---|---|',
    ...sorted.map(({ path, rows, add, parameters }) => {
      const names = [...parameters].map(([name, parameter]) => (parameter.writable ? `${name} W` : name));
      const from = describe(rows);
      return `| \`${path}\`${add ? ' (rows can be added)' : ''} | ${from} | ${names.join(', ')} |`;
    }),
    '',
    '## Good to know',
    "- `WiFi.AccessPoint.{i}.AC.{i}.`: stock OpenWrt has no option for what is written there (`wmm` is for all of them, hostapd's `wmm_ac_…` are not what TR-181",
    "  has parameters for), so `AckPolicy` is read only: mac80211 asks for acknowledgements unless told otherwise by hand. `Stats` are mac80211's queues of the stations",
    '  that are associated now, where debugfs is there: they fall when one leaves. Histograms of queue lengths nobody keeps.',
    '- `Firewall…Rule.SourceInterface`, `DestInterface` and `DMZ.Interface` are zones: they read as the first interface of the zone, and others of it are refused. Without a',
    '  source a rule of fw4 is about what the device itself sends, without a destination about what it receives.',
    '- `WiFi.Radio.{i}.TransmitPower` takes what is a whole dBm of the most that the radio can send (`TransmitPowerSupported`), and -1 for as much as it may; only while the',
    '  radio is on is that known.',
    '- `TemperatureSensor.{i}.`: extremes are of what the agent has seen, once a minute from the first question on, until `Reset()` or its restart. Alarms are not kept: a',
    '  threshold of USP (`LocalAgent.Threshold.{i}.`) on `Value` tells of them.',
    '- `Ethernet.Interface.{i}.` are ports: those of a DSA switch, network cards that no such switch is connected to, and those that /etc/board.json has of a swconfig switch. netifd does not know the latter: their links are what LuCI (`getSwconfigPortState`) tells, `Unknown` without it, and they are not counted (`Stats.`).',
    '- `DHCPv4.Server.Pool.{i}.Option.{i}.` are the items of `dhcp_option` that stand for bytes (`6,192.0.2.1`, `option:ntp-server,…`, `43,01:02`); what dnsmasq says to some',
    '  clients only (`tag:…`), puts together (`vi-encap:…`) or keeps back (`3`) is no row, and stays. A Value is written in the form in which dnsmasq sends just these bytes, and',
    "  refused where there is none (addresses that are no multiple of four bytes, texts with blanks or quotes) or where the option is the server's own (50 to 55, 57, 61, 81, 82).",
    '  dnsmasq sends them to clients that ask for them; those of `dhcp_option_force` are read only. It ends 66 and 67 with a zero, and keeps 58 and 59 below the lease time.',
    '- `DHCPv4.Client.{i}.SentOption.{i}.` refuses what netifd or udhcpc say by themselves (12, 50, 52 to 55, 57, 61); 60 is sent where netifd then takes back',
    '  what udhcpc says there of itself, which older releases do not: `vendorid` is for them.',
    '- `Bridge.{i}.Port.{i}.`: Ethernet interfaces and tagged ones can be added; an SSID is a port by the network that it is in, and the bridge has its management port by itself.',
    '- A row that is the item of a list (`Option`, `SentOption`, `ReqOption`, …) is in its list while it is enabled and complete; otherwise the agent keeps it.',
    '- `DynamicDNS.Server.{i}.` and `Client.{i}.` are two sides of one section: `ServiceName` is one of `SupportedServices`, and a hostname goes with its client.',
    '',
  ];
  return lines.join('\n');
}

type Rows = ReturnType<typeof compileMappings>['objects'][number]['rows'];
function describe(rows: Rows): string {
  switch (rows.kind) {
    case 'sections':
      return `\`config ${rows.type}\` in \`${rows.package}\``;
    case 'section':
      return `\`config ${rows.type}${rows.name ? ` '${rows.name}'` : ''}\` in \`${rows.package}\``;
    case 'listed':
      return `\`list ${rows.option}\`${rows.from ? ` of \`config ${rows.from.type}\` in \`${rows.from.package}\`` : ''}`;
    case 'items':
      return `\`list ${rows.option}\``;
    case 'members':
      return 'the device';
    default:
      return '';
  }
}

if (process.argv.includes('--write')) writeFileSync('docs/coverage.md', coveragePage('datamodel'));
