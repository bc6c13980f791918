import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Names that the simulated router's name server knows. */
const hosts: Readonly<Record<string, string>> = {
  'gateway.example': '192.0.2.1',
  'acs.example': '192.0.2.10',
  'lossy.example': '192.0.2.66',
  'unreachable.example': '198.51.100.1',
  'slow.example': '192.0.2.99',
};

const address = `address() {
  case "$1" in
${Object.entries(hosts)
  .map(([name, ip]) => `    ${name}) echo ${ip} ;;`)
  .join('\n')}
    *[!0-9.]*) ;;
    *) echo "$1" ;;
  esac
}
`;

// The words and the exit codes are BusyBox's.
const ping = `#!/bin/sh
${address}
count=3 size=56
while [ $# -gt 1 ]; do
  case "$1" in
    -c) count=$2; shift ;;
    -s) size=$2; shift ;;
    -W | -I) shift ;;
  esac
  shift
done
ip=$(address "$1")
[ -n "$ip" ] || { echo "ping: bad address '$1'" >&2; exit 1; }
echo "PING $1 ($ip): $size data bytes"
received=$count
case "$1" in
  unreachable.example) echo "ping: sendto: Network unreachable" >&2; exit 1 ;;
  slow.example) exec sleep 3600 ;;
  lossy.example) received=$((count / 2)) ;;
esac
echo
echo "--- $1 ping statistics ---"
echo "$count packets transmitted, $received packets received, $(((count - received) * 100 / count))% packet loss"
[ "$received" = 0 ] || echo "round-trip min/avg/max = 11.204/12.871/15.539 ms"
[ "$received" != 0 ]
`;

const traceroute = `#!/bin/sh
${address}
most=30
while [ $# -gt 2 ]; do
  case "$1" in
    -m) most=$2; shift ;;
    -q | -w | -t | -i) shift ;;
  esac
  shift
done
ip=$(address "$1")
[ -n "$ip" ] || { echo "traceroute: bad address '$1'" >&2; exit 1; }
[ "$1" != unreachable.example ] || { echo "traceroute: sendto: Network unreachable" >&2; exit 1; }
echo "traceroute to $1 ($ip), $most hops max, $2 byte packets"
hop() { [ "$1" -gt "$most" ] || echo "$2"; }
hop 1 " 1  gateway.example (192.0.2.1)  0.412 ms  0.377 ms  0.391 ms"
hop 2 " 2  *  *  *"
hop 3 " 3  $1 ($ip)  12.204 ms  11.871 ms  12.539 ms"
`;

const nslookup = `#!/bin/sh
${address}
while [ "\${1#-}" != "$1" ]; do shift; done
server=\${2:-127.0.0.1}
case "$server" in
  192.0.2.254) echo ";; connection timed out; no servers could be reached"; echo; exit 1 ;;
esac
printf 'Server:\\t\\t%s\\nAddress:\\t%s:53\\n\\n' "$server" "$server"
ip=$(address "$1")
[ -n "$ip" ] || { echo "** server can't find $1: NXDOMAIN"; echo; exit 1; }
[ "$server" = 127.0.0.1 ] && echo "Non-authoritative answer:"
printf 'Name:\\t%s\\nAddress: %s\\n\\n' "$1" "$ip"
`;

// Says the new password twice as BusyBox does; what is kept is not crypt(3)'s.
const passwd = `#!/bin/sh
shadow="\${0%/bin/passwd}/etc/shadow"
user=\${1:-root}
grep -qs "^$user:" "$shadow" || { echo "passwd: unknown user $user" >&2; exit 1; }
IFS= read -r new && IFS= read -r again || exit 1
[ "$new" = "$again" ] || { echo "passwd: password for $user is unchanged" >&2; exit 1; }
hash=$(printf %s "$new" | sha256sum | cut -c 1-64)
sed "s|^$user:[^:]*:|$user:lab-$hash:|" "$shadow" > "$shadow+" && mv "$shadow+" "$shadow"
`;

/** What the router's image has of programs that the agent runs, and the accounts that they are about. */
export function makePrograms(root: string): void {
  const shadow = join(root, 'etc/shadow');
  mkdirSync(dirname(shadow), { recursive: true });
  if (!existsSync(shadow)) writeFileSync(shadow, 'root:::0:99999:7:::\ndaemon:*:0:0:99999:7:::\n', { mode: 0o600 });
  for (const [path, text] of Object.entries({
    'bin/ping': ping,
    'usr/bin/traceroute': traceroute,
    'usr/bin/nslookup': nslookup,
    'bin/passwd': passwd,
  })) {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text, { mode: 0o755 });
  }
}
