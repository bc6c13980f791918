import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { freePort } from './mosquitto.ts';

/** Whether the server is installed; tests that need it say so when they are skipped. */
export const hasNginx = !spawnSync('nginx', ['-v']).error;

export interface Nginx extends AsyncDisposable {
  readonly url: string;
  /** Directory of the files that it serves. */
  readonly files: string;
  /** Ends at once, connections and all, and begins again at the same port. */
  restart(): Promise<void>;
}

/** A real nginx on a free loopback port, over TLS, files by Basic authentication. @param location further lines for `/` */
export async function startNginx(
  tls: { readonly certPem: string; readonly keyPem: string; readonly clientCa: string },
  credentials: { readonly username: string; readonly password: string },
  location = '',
): Promise<Nginx> {
  const directory = mkdtempSync(join(tmpdir(), 'tandem-nginx-'));
  const files = join(directory, 'files');
  mkdirSync(files);
  // Its workers are somebody else when it is started by root.
  spawnSync('chmod', ['-R', 'a+rwx', directory]);
  const put = (name: string, text: string): string => {
    writeFileSync(join(directory, name), text);
    return join(directory, name);
  };
  const port = await freePort();
  const { username, password } = credentials;
  const configuration = put(
    'nginx.conf',
    `daemon off; pid ${directory}/pid; error_log ${directory}/error.log; worker_processes 1;
events {}
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${directory}/${name};`).join(' ')}
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${put('cert.pem', tls.certPem)}; ssl_certificate_key ${put('key.pem', tls.keyPem)};
    ssl_client_certificate ${put('ca.pem', tls.clientCa)}; ssl_verify_client on;
    auth_basic "files"; auth_basic_user_file ${put('users', `${username}:{PLAIN}${password}\n`)};
    root ${files};
    location / { ${location} }
  }
}
`,
  );
  let child: ChildProcess;
  const begin = async (): Promise<void> => {
    child = spawn('nginx', ['-c', configuration, '-p', directory, '-e', join(directory, 'error.log')], {
      stdio: 'ignore',
      detached: true,
    });
    await expect.poll(() => spawnSync('bash', ['-c', `exec 3<>/dev/tcp/127.0.0.1/${port}`]).status).toBe(0);
  };
  const end = async (): Promise<void> => {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    // The group of the master that we have started: its workers hold the connections.
    process.kill(-child.pid!, 'SIGKILL');
    await gone;
  };
  await begin();
  return {
    url: `https://127.0.0.1:${port}`,
    files,
    async restart() {
      await end();
      await begin();
    },
    async [Symbol.asyncDispose]() {
      await end();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
