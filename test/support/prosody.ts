import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './mosquitto.ts';

/** Whether the server is installed; tests that need it say so when they are skipped. */
export const hasProsody = spawnSync('sh', ['-c', 'command -v prosody']).status === 0;

export interface Prosody extends AsyncDisposable {
  readonly port: number;
  readonly domain: string;
  /** As if the machine had gone: connections are cut without a word. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

export interface ProsodyOptions {
  /** Without it the server has no TLS. */
  readonly certificate?: { readonly certPem: string; readonly keyPem: string };
  readonly users: Readonly<Record<string, string>>;
  /** Further lines of its configuration. */
  readonly extra?: string;
}

/** A real prosody on a free loopback port, for the domain `xmpp.test`, with a directory of its own. */
export async function startProsody({ certificate, users, extra = '' }: ProsodyOptions): Promise<Prosody> {
  const directory = mkdtempSync(join(tmpdir(), 'tandem-prosody-'));
  const port = await freePort();
  const domain = 'xmpp.test';
  const accounts = join(directory, 'data', 'xmpp%2etest', 'accounts');
  mkdirSync(accounts, { recursive: true });
  for (const [name, password] of Object.entries(users)) {
    writeFileSync(join(accounts, `${name}.dat`), `return { ["password"] = ${JSON.stringify(password)}; };\n`);
  }
  let tls =
    'c2s_require_encryption = false\nmodules_disabled = { "s2s"; "tls" }\nallow_unencrypted_plain_auth = true\n';
  let ssl = '';
  if (certificate) {
    writeFileSync(join(directory, 'cert.pem'), certificate.certPem);
    writeFileSync(join(directory, 'key.pem'), certificate.keyPem);
    tls = 'c2s_require_encryption = true\nmodules_disabled = { "s2s" }\n';
    ssl = `ssl = { certificate = "${directory}/cert.pem"; key = "${directory}/key.pem" }\n`;
  }
  const file = join(directory, 'prosody.cfg.lua');
  writeFileSync(
    file,
    `run_as_root = true\npidfile = "${directory}/pid"\ndata_path = "${directory}/data"\ninterfaces = { "127.0.0.1" }\nc2s_ports = { ${port} }\nc2s_direct_tls_ports = {}\nhttp_ports = {}\nhttps_ports = {}\nmodules_enabled = { "saslauth"; "tls"; "disco"; "ping" }\nauthentication = "internal_plain"\n${tls}log = { info = "${directory}/log" }\n${extra}\nVirtualHost "${domain}"\n${ssl}`,
  );
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    child = spawn('prosody', ['--config', file, '-F'], { stdio: 'ignore', cwd: directory });
    await accepting(port, child, join(directory, 'log'));
  };
  const kill = async (): Promise<void> => {
    const running = child;
    child = undefined;
    if (!running || running.exitCode !== null) return;
    const gone = new Promise((resolve) => running.once('exit', resolve));
    running.kill('SIGKILL');
    await gone;
  };
  await start();
  return {
    port,
    domain,
    start,
    kill,
    async [Symbol.asyncDispose]() {
      await kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function accepting(port: number, child: ChildProcess, log: string): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`prosody ended with ${child.exitCode}: ${readFileSync(log, 'utf8')}`);
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}
