import type { BlobTable } from '#platform';
import {
  booleanArgument,
  method,
  type RouterObject,
  required,
  StatusError,
  status,
  tableArgument,
  textArgument,
} from './object.ts';

/** Programs that a stock router runs, with the packages whose change restarts them. */
const stock: Readonly<Record<string, { command: string[]; packages: string[]; start: number }>> = {
  cron: { command: ['/usr/sbin/crond', '-f', '-c', '/etc/crontabs', '-l', '7'], packages: ['system'], start: 50 },
  dnsmasq: {
    command: ['/usr/sbin/dnsmasq', '-C', '/var/etc/dnsmasq.conf.cfg01411c', '-k'],
    packages: ['dhcp', 'network'],
    start: 19,
  },
  dropbear: {
    command: ['/usr/sbin/dropbear', '-F', '-P', '/var/run/dropbear.main.pid', '-p', '22'],
    packages: ['dropbear'],
    start: 19,
  },
  firewall: { command: [], packages: ['firewall', 'network'], start: 19 },
  log: { command: ['/sbin/logd', '-S', '128'], packages: ['system'], start: 12 },
  modemmanager: { command: ['/usr/sbin/ModemManager-wrapper'], packages: ['network'], start: 70 },
  network: { command: ['/sbin/netifd'], packages: ['network', 'wireless'], start: 20 },
  odhcpd: { command: ['/usr/sbin/odhcpd'], packages: ['dhcp'], start: 35 },
  rpcd: { command: ['/sbin/rpcd', '-s', '/var/run/ubus/ubus.sock', '-t', '30'], packages: ['rpcd'], start: 12 },
  sysntpd: { command: ['/usr/sbin/ntpd', '-n', '-N', '-S', '/usr/sbin/ntpd-hotplug'], packages: ['system'], start: 98 },
  uhttpd: { command: ['/usr/sbin/uhttpd', '-f', '-h', '/www'], packages: ['uhttpd'], start: 50 },
  wpad: { command: ['/usr/sbin/hostapd', '-s', '-g', '/var/run/hostapd/global'], packages: [], start: 19 },
};

interface Service {
  name: string;
  command: readonly string[];
  pid: number;
  running: boolean;
  enabled: boolean;
  start: number;
  data: BlobTable;
}

/** procd's services and rpcd's `rc`. */
export class Services {
  readonly #services = new Map<string, Service>();
  readonly #notify: (name: string, data: BlobTable) => void;
  readonly #configChanged: (config: string) => void;
  #nextPid = 1204;

  /**
   * @param notify sends a notification of the object `service`
   * @param configChanged procd's triggers fire for this package
   */
  constructor(notify: (name: string, data: BlobTable) => void, configChanged: (config: string) => void) {
    this.#notify = notify;
    this.#configChanged = configChanged;
    for (const [name, { command, start }] of Object.entries(stock))
      this.#services.set(name, {
        name,
        command,
        pid: this.#pid(),
        running: command.length > 0,
        enabled: true,
        start,
        data: {},
      });
  }

  /** Programs that run at the moment. */
  running(): { readonly pid: number; readonly command: readonly string[] }[] {
    return [...this.#services.values()].filter(({ running }) => running);
  }

  /** The daemons that a change of this package concerns get a new process. */
  restartFor(config: string): void {
    for (const service of this.#services.values()) {
      if (!stock[service.name]?.packages.includes(config) || service.command.length === 0 || service.name === 'network')
        continue;
      service.pid = this.#pid();
      this.#notify('instance.start', { service: service.name, instance: 'instance1' });
    }
  }

  objects(): RouterObject[] {
    const target = { name: 'string', instance: 'string', signal: 'int32' } as const;
    return [
      {
        path: 'service',
        provider: 'procd',
        methods: {
          list: method({ name: 'string', verbose: 'bool' }, (args) => this.#list(args)),
          set: method(
            {
              name: 'string',
              script: 'string',
              instances: 'table',
              triggers: 'array',
              validate: 'array',
              autostart: 'bool',
              data: 'table',
            },
            (args) => this.#set(args),
          ),
          add: method(
            { name: 'string', script: 'string', instances: 'table', triggers: 'array', data: 'table' },
            (args) => this.#set(args),
          ),
          delete: method({ name: 'string', instance: 'string' }, (args) => {
            const name = required(textArgument(args, 'name'));
            if (!this.#services.delete(name)) throw new StatusError(status.notFound);
            this.#notify('service.stop', { service: name });
            return undefined;
          }),
          state: method({ spawn: 'bool', name: 'string' }, (args) => {
            const service = this.#wanted(args);
            const spawn = booleanArgument(args, 'spawn');
            if (spawn !== undefined) this.#run(service, spawn);
            return undefined;
          }),
          signal: method(target, (args) => {
            this.#wanted(args);
            return undefined;
          }),
          event: method({ type: 'string', data: 'table' }, (args) => {
            const type = required(textArgument(args, 'type'));
            const data = tableArgument(args, 'data') ?? {};
            this.#notify('event.trigger', { type, data });
            const config = textArgument(data, 'package');
            if (type === 'config.change' && config !== undefined) {
              this.#notify('config.change', { config });
              this.#configChanged(config);
            }
            return undefined;
          }),
          get_data: method({ name: 'string', instance: 'string', type: 'string' }, () => ({})),
          update_start: method({ name: 'string' }, () => undefined),
          update_complete: method({ name: 'string' }, () => undefined),
        },
      },
      {
        path: 'rc',
        provider: 'rpcd',
        methods: {
          list: method({ name: 'string', skip_running_check: 'bool' }, (args) => {
            const wanted = textArgument(args, 'name');
            const shown = [...this.#services.values()].filter((s) => wanted === undefined || s.name === wanted);
            return Object.fromEntries(
              shown.map((s) => [s.name, { start: s.start, enabled: s.enabled, running: s.running }]),
            );
          }),
          init: method({ name: 'string', action: 'string' }, (args) => {
            const service = this.#wanted(args);
            const action = required(textArgument(args, 'action'));
            if (action === 'enable' || action === 'disable') service.enabled = action === 'enable';
            else if (action === 'start' || action === 'restart' || action === 'stop')
              this.#run(service, action !== 'stop');
            else if (action !== 'reload') throw new StatusError(status.invalidArgument);
            if (service.name === 'network' && (action === 'restart' || action === 'reload'))
              this.#configChanged('network');
            return undefined;
          }),
        },
      },
    ];
  }

  #run(service: Service, running: boolean): void {
    service.running = running;
    if (running) service.pid = this.#pid();
    this.#notify(running ? 'service.start' : 'service.stop', { service: service.name });
  }

  #set(args: BlobTable): undefined {
    const name = required(textArgument(args, 'name'));
    const first = Object.values(tableArgument(args, 'instances') ?? {})[0];
    const command = typeof first === 'object' && first !== null && 'command' in first ? first.command : [];
    this.#services.set(name, {
      name,
      command: Array.isArray(command) ? command.map(String) : [],
      pid: this.#pid(),
      running: true,
      enabled: true,
      start: 95,
      data: tableArgument(args, 'data') ?? {},
    });
    this.#notify('service.start', { service: name });
  }

  #list(args: BlobTable): BlobTable {
    const wanted = textArgument(args, 'name');
    const verbose = booleanArgument(args, 'verbose') ?? false;
    const shown = [...this.#services.values()].filter((s) => wanted === undefined || s.name === wanted);
    const instance = (s: Service): BlobTable => ({
      running: s.running,
      ...(s.running && { pid: s.pid }),
      command: s.command,
      term_timeout: 5,
      ...(!s.running && { exit_code: 0 }),
      respawn: { threshold: 3600, timeout: 5, retry: 5 },
    });
    return Object.fromEntries(
      shown.map((s) => [
        s.name,
        {
          ...(s.command.length > 0 && { instances: { instance1: instance(s) } }),
          ...(verbose && {
            data: s.data,
            triggers: (stock[s.name]?.packages ?? []).map((config) => [
              'config.change',
              ['if', ['eq', 'package', config], ['run_script', `/etc/init.d/${s.name}`, 'reload']],
              1000,
            ]),
          }),
        },
      ]),
    );
  }

  #wanted(args: BlobTable): Service {
    const service = this.#services.get(required(textArgument(args, 'name')));
    if (service === undefined) throw new StatusError(status.notFound);
    return service;
  }

  #pid(): number {
    // Processes come and go in between: the steps are uneven, and the same in every run.
    this.#nextPid += 7 + (this.#nextPid % 13);
    return this.#nextPid;
  }
}
