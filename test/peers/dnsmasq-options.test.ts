import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { itemCodes } from '../../src/model/mapping/dhcp-items.ts';
import { hasDhcp } from '../support/dhcp-link.ts';

// What DHCPv4.Server.Pool.{i}.Option.{i}. writes, by a real dnsmasq: that it starts with it, and what is on the wire.
const dnsmasq = itemCodes.dnsmasq!;
const tags = Array.from({ length: 254 }, (_, at) => at + 1);
let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tandem-options-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const kinds: readonly ((at: number, last: boolean) => number)[] = [
  () => 0,
  () => 255,
  (at) => 97 + ((at * 7) % 26),
  (at) => 48 + (at % 10),
  (_, last) => (last ? 98 : 53),
];
const hexOf = (length: number, byte: (at: number, last: boolean) => number): string =>
  Buffer.from(Array.from({ length }, (_, at) => byte(at, at === length - 1)))
    .toString('hex')
    .toUpperCase();

function configuration(items: readonly string[]): string {
  const file = join(directory, 'conf');
  writeFileSync(file, items.map((item) => `dhcp-option=lan,${item}\n`).join(''));
  return file;
}

// T1 and T2 are made of the lease's time, and the names of RFC 2132's 66 and 67 end in a zero for old PXE clients.
const differently = new Set([58, 59, 66, 67]);

describe.skipIf(!hasDhcp)('a real dnsmasq (needs dnsmasq, udhcpc and network namespaces)', () => {
  it('every option that is not refused lets dnsmasq start, whatever its bytes', () => {
    const items = tags.flatMap((tag) =>
      [1, 2, 3, 4, 5, 16, 252, 255].flatMap((length) =>
        kinds.flatMap((byte) => dnsmasq.write(`${tag}:${hexOf(length, byte)}`) ?? []),
      ),
    );
    expect(items.length).toBeGreaterThan(8000);
    const { status, stderr } = spawnSync('dnsmasq', ['--test', '-C', configuration(items)]);
    expect({ status, said: stderr.toString().trim() }).toEqual({ status: 0, said: 'dnsmasq: syntax check OK.' });
  });

  it('what it sends are the bytes of Value', async () => {
    const wanted = new Map<number, { readonly hex: string; readonly item: string }>();
    for (const tag of tags.filter((one) => !differently.has(one))) {
      const lengths = [
        [16, 5, 4, 3, 2, 1],
        [1, 4, 16, 2],
        [4, 5, 3, 1],
      ][tag % 3]!;
      for (const length of lengths) {
        const hex = hexOf(length, kinds[1 + (tag % 4)]!);
        const item = dnsmasq.write(`${tag}:${hex}`);
        if (item !== undefined && !wanted.has(tag)) wanted.set(tag, { hex: hex.toLowerCase(), item });
      }
    }
    expect(wanted.size).toBeGreaterThan(210);
    const search = `119:${'03656E67076578616D706C65036F726700C004'}`;
    wanted.set(119, { hex: search.slice(4).toLowerCase(), item: dnsmasq.write(search)! });
    const sent = await offered(configuration([...wanted.values()].map(({ item }) => item)));
    const different = [...wanted].flatMap(([tag, { hex, item }]) =>
      sent[tag] === hex ? [] : [`${item} is sent as ${sent[tag]}`],
    );
    expect(different).toEqual([]);
  });
});

/** What is offered to a client that asks for everything, by tag: at the ends of a cable between two network namespaces. */
async function offered(file: string): Promise<Record<string, string>> {
  const script = `set -e
ip link add lan0 type veth peer name host0
ip address add 192.0.2.1/24 dev lan0
ip link set lan0 up
unshare -n sleep 60 &
host=$!
server=
trap 'kill $server $host; wait $server || true' EXIT
until [ "$(readlink /proc/$host/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.02; done
ip link set host0 netns $host
nsenter -t $host -n ip address add 192.0.2.2/24 dev host0
nsenter -t $host -n ip link set host0 up
dnsmasq --keep-in-foreground --conf-file=${file} --port=0 --user=root --pid-file= --log-facility=${directory}/log \\
  --interface=lan0 --no-ping --dhcp-range=set:lan,192.0.2.100,192.0.2.150,1h --dhcp-leasefile=${directory}/leases &
server=$!
nsenter -t $host -n ${process.execPath} ${join(import.meta.dirname, '../support/dhcp-probe.cjs')} 192.0.2.2 192.0.2.1
`;
  return await new Promise((resolve, reject) => {
    const child = spawn('unshare', ['-n', 'sh', '-c', script], { stdio: ['ignore', 'pipe', 'pipe'] });
    let answer = '';
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      answer += chunk;
    });
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk;
    });
    child.once('close', () => (answer === '' ? reject(new Error(said)) : resolve(JSON.parse(answer))));
  });
}
