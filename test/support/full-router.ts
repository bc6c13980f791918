import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { silentLog } from '#base';
import { defaultPackages, installFactory, type Router, startRouter } from '#lab';
import type { DataModel } from '#model';
import { UciFiles } from '#platform';
import { bootstrap } from '#services';
import { modelOnRouter } from './model-on-router.ts';

/** What a router has beside what it ships with, so that there is a row of everything. */
const more: Readonly<Record<string, string>> = {
  network: `
config switch 'switch0'
	option name 'switch0'
	option enable_vlan '1'

config switch_vlan 'office'
	option device 'switch0'
	option vlan '3'
	option ports '0t 2'

config route 'backup'
	option interface 'lan'
	option target '10.1.0.0'
	option netmask '255.255.0.0'
	option gateway '192.168.1.254'
	option metric '10'

config route6 'backup6'
	option interface 'lan'
	option target '2001:db8:1::/48'
	option gateway 'fe80::1'

config device 'wan_7'
	option type '8021q'
	option name 'wan.7'
	option ifname 'wan'
	option vid '7'

config bridge-vlan 'vlan_10'
	option device 'br-lan'
	option vlan '10'
	list ports 'lan1:u*'
	list ports 'lan2:t'

config bridge-vlan 'vlan_20'
	option device 'br-lan'
	option vlan '20'

config interface 'dsl'
	option device 'wan.7'
	option proto 'pppoe'
	option username 'user@isp.example'
	option password 'ppp-secret'
	option disabled '1'
	option keepalive '5 1'

config interface 'dslite'
	option proto 'dslite'
	option peeraddr 'aftr.isp.example'
	option tunlink 'wan'
	option disabled '1'

config interface 'sixrd'
	option proto '6rd'
	option peeraddr '198.51.100.99'
	option ip6prefix '2001:db8::'
	option ip6prefixlen '32'
	option ip4prefixlen '0'
	option tunlink 'wan'
	option disabled '1'

config interface 'tunnel'
	option proto 'gre'
	option peeraddr '198.51.100.7'
	option disabled '1'
`,
  firewall: `\nconfig redirect 'everything'\n\toption name 'console'\n\toption src 'wan'\n\toption dest 'lan'\n\toption dest_ip '192.168.1.30'\n\toption proto 'all'\n\toption target 'DNAT'\n`,
  dhcp: `\nconfig host 'nas'\n\toption name 'nas'\n\toption mac '02:00:00:00:00:10'\n\toption ip '192.168.1.10'\n`,
  wireless: `\nconfig wifi-iface 'uplink'\n\toption device 'radio1'\n\toption mode 'sta'\n\toption network 'wan'\n\toption ssid 'Upstream'\n\toption encryption 'psk2'\n\toption key 'uplink-secret'\n`,
  ddns: `config service 'home'\n\toption enabled '1'\n\toption interface 'wan'\n\toption username 'me'\n\toption lookup_host 'home.example.org'\n\toption password 'ddns-secret'\n`,
  qos: `config classify 'voice'\n\toption target 'Priority'\n\toption ports '5060'\n\toption proto 'udp'\n`,
  sqm: `config queue 'wan'\n\toption enabled '1'\n\toption interface 'wan'\n\toption download '90000'\n\toption upload '20000'\n`,
  upnpd: `config upnpd 'config'\n\toption enabled '1'\n\toption enable_upnp '1'\n`,
};

const tandem = `
config credential 'authority'

config challenge 'pin'

config boot_parameter 'boot'
	option controller 'controller_1'
	option parameter 'Device.DeviceInfo.'

config inform_parameter 'inform'
	option parameter 'Device.DeviceInfo.UpTime'

config mqtt_user_property 'site'
	option client 'controller_1_broker'
	option name 'site'
	option value 'a'
	list packet 'PUBLISH'

config mqtt_subscription 'topic'
	option client 'controller_1_broker'
	option topic 'usp/agent/#'

config xmpp 'jabber'

config xmpp 'jabber_other'
	option username 'other'

config xmpp_server
	option connection 'jabber'
	option address 'xmpp.example'

config service_trust 'trust'
	option endpoint_id 'proto::service'
	list target 'Device.X_Service.'

config unix_socket 'socket_1'
	option path '/var/run/one'

config unix_socket 'socket_2'
	option path '/var/run/two'

config stomp 'one'
	option host 's.example'
	option password 'lab-acs-password'

config stomp 'two'
	option host 't.example'
`;

export interface FullRouter extends AsyncDisposable {
  readonly router: Router;
  readonly model: DataModel;
  /** Directory of the packages. */
  readonly config: string;
}

/**
 * A simulated router that has a row of every table that is mapped, with the shipped mappings on it.
 * @param unlocked nobody else is there: no lock, which would start a process for each write
 */
export async function startFullRouter(
  directory: string,
  { reloadDelayMs, unlocked = false }: { readonly reloadDelayMs: number; readonly unlocked?: boolean },
): Promise<FullRouter> {
  const config = join(directory, 'root/etc/config');
  mkdirSync(config, { recursive: true });
  for (const [name, text] of Object.entries(more)) {
    const shipped = (defaultPackages[name] ?? '')
      .replace("\toption domain 'lan'\n", "$&\tlist server '192.0.2.53'\n")
      .replace("\toption ipaddr '192.168.1.1'\n", "$&\tlist dns '192.0.2.55'\n")
      .replace("\toption proto 'dhcp'\n", "$&\toption reqopts '42 66'\n\tlist sendopts '124:00000de9'\n")
      .replace(
        "\toption interface 'lan'\n\toption start",
        "\toption interface 'lan'\n\tlist dhcp_option '43,01:02'\n\toption start",
      );
    writeFileSync(join(config, name), shipped + text);
  }
  const router = await startRouter({ directory, reloadDelayMs });
  installFactory(router.root, {});
  const uci = unlocked
    ? new UciFiles(config, silentLog, async (_paths, work) => work())
    : new UciFiles(config, silentLog);
  const controller = {
    endpointId: 'proto::c',
    role: 'full',
    webSocket: { host: 'c.example', port: 443, path: '/usp', encryption: true },
    mqtt: {
      broker: 'b.example',
      port: 8883,
      encryption: true,
      username: 'm',
      password: 'lab-acs-password',
      topic: 't',
      responseTopic: 'r',
    },
  };
  await bootstrap({
    uci,
    factory: { controllers: [controller], tls: {} },
    log: silentLog,
    randomHex: (count) => '5'.repeat(count * 2),
  });
  appendFileSync(join(config, 'tandem'), tandem);
  const made = await modelOnRouter(router, directory, uci);
  return {
    router,
    model: made.model,
    config,
    async [Symbol.asyncDispose]() {
      await made[Symbol.asyncDispose]();
      await router[Symbol.asyncDispose]();
    },
  };
}
