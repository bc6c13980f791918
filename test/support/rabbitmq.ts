import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './mosquitto.ts';

/** Debian's; the one on the path changes the user first. */
const program = '/usr/lib/rabbitmq/bin/rabbitmq-server';

/** Whether the broker is installed; tests that need it say so when they are skipped. */
export const hasRabbitMq = existsSync(program);

export interface RabbitMq extends AsyncDisposable {
  readonly port: number;
  /** With TLS; clients need a certificate. */
  readonly tlsPort: number;
}

/** A real RabbitMQ with its STOMP plugin on free loopback ports, in a directory of its own. User `guest`, password `guest`. */
export async function startRabbitMq(tls: { ca: string; cert: string; key: string }): Promise<RabbitMq> {
  const directory = mkdtempSync(join(tmpdir(), 'tandem-rabbitmq-'));
  const put = (name: string, text: string): string => {
    writeFileSync(join(directory, name), text, { mode: 0o600 });
    return join(directory, name);
  };
  const [port, tlsPort, distribution, epmd] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const config = [
    'listeners.tcp = none',
    `stomp.listeners.tcp.1 = 127.0.0.1:${port}`,
    `stomp.listeners.ssl.1 = 127.0.0.1:${tlsPort}`,
    `ssl_options.cacertfile = ${put('ca.pem', tls.ca)}`,
    `ssl_options.certfile = ${put('cert.pem', tls.cert)}`,
    `ssl_options.keyfile = ${put('key.pem', tls.key)}`,
    'ssl_options.verify = verify_peer',
    'ssl_options.fail_if_no_peer_cert = true',
    'log.console = true',
    'log.file = false',
  ];
  const env = {
    ...process.env,
    HOME: directory,
    ERL_EPMD_ADDRESS: '127.0.0.1',
    ERL_EPMD_PORT: String(epmd),
    RABBITMQ_NODENAME: `tandem${port}@localhost`,
    RABBITMQ_DIST_PORT: String(distribution),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
    RABBITMQ_MNESIA_BASE: join(directory, 'mnesia'),
    RABBITMQ_LOG_BASE: join(directory, 'log'),
    RABBITMQ_PID_FILE: join(directory, 'pid'),
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
    RABBITMQ_CONFIG_FILE: put('rabbitmq.conf', `${config.join('\n')}\n`),
    RABBITMQ_ENABLED_PLUGINS_FILE: put('plugins', '[rabbitmq_stomp].\n'),
  };
  const child = spawn(program, [], { env, stdio: ['ignore', 'pipe', 'pipe'], cwd: directory });
  await ready(child);
  return {
    port,
    tlsPort,
    async [Symbol.asyncDispose]() {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await gone;
      // It starts this one by itself and leaves it behind; the port is ours alone.
      spawnSync('epmd', ['-kill'], { env, stdio: 'ignore' });
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    const take = (piece: Buffer): void => {
      said += piece;
      if (said.includes('Server startup complete')) resolve();
    };
    child.stdout!.on('data', take);
    child.stderr!.on('data', take);
    child.once('exit', (code) => reject(new Error(`RabbitMQ ended with ${code}: ${said.slice(-2000)}`)));
  });
}
