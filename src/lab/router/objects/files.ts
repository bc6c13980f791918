import { readdirSync, readFileSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import type { BlobTable } from '#platform';
import { booleanArgument, method, type RouterObject, required, StatusError, status, textArgument } from './object.ts';

const readLimitBytes = 4 << 20;

export interface RpcSysActions {
  readonly reboot: () => void;
  readonly factory: () => void;
}

/** `file` (rpcd-mod-file) below the router's root, and `rpc-sys` (rpcd-mod-rpcsys). */
export function fileObjects(root: string, actions: RpcSysActions): RouterObject[] {
  const at = (args: BlobTable): string => join(root, join('/', required(textArgument(args, 'path'))));
  const look = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      if (error instanceof StatusError) throw error;
      throw new StatusError(status.notFound);
    }
  };
  return [
    {
      path: 'file',
      provider: 'rpcd',
      methods: {
        read: method({ path: 'string', base64: 'bool', ubus_rpc_session: 'string' }, (args) => {
          const bytes = look(() => readFileSync(at(args)));
          if (bytes.length > readLimitBytes) throw new StatusError(status.notSupported);
          return { data: bytes.toString(booleanArgument(args, 'base64') === true ? 'base64' : 'utf8') };
        }),
        list: method({ path: 'string', ubus_rpc_session: 'string' }, (args) => {
          const directory = at(args);
          return look(() => ({
            entries: readdirSync(directory)
              .sort()
              .map((name) => ({ name, ...statTable(statSync(join(directory, name))) })),
          }));
        }),
        stat: method({ path: 'string', ubus_rpc_session: 'string' }, (args) =>
          look(() => ({ path: required(textArgument(args, 'path')), ...statTable(statSync(at(args))) })),
        ),
      },
    },
    {
      path: 'rpc-sys',
      provider: 'rpcd',
      methods: {
        packagelist: method({ all: 'bool' }, (args) => ({
          packages: {
            'base-files': '1637~d9340319c6',
            busybox: '1.36.1-r2',
            dnsmasq: '2.90-r4',
            dropbear: '2024.86-r1',
            firewall4: '2024.12.18~18fc0ead-r1',
            'kmod-mt7915e': '6.6.93.2025.07.02-r1',
            luci: '25.180.31047~2a7a5a2',
            modemmanager: '1.22.0-r20',
            'modemmanager-rpcd': '1.22.0-r20',
            netifd: '2025.06.20~4d4ef24e-r1',
            procd: '2024.12.22~42d39376-r1',
            rpcd: '2025.01.28~ce0a6e0b-r1',
            'wpad-openssl': '2024.09.15~5ace39b0-r2',
            ...(booleanArgument(args, 'all') === true && {
              libc: '1.2.5-r4',
              libubox20240329: '2024.03.29~eb9bcb64-r1',
            }),
          },
        })),
        factory: method({}, () => {
          actions.factory();
          return undefined;
        }),
        reboot: method({}, () => {
          actions.reboot();
          return undefined;
        }),
        upgrade_test: method({}, () => ({ code: 1, stdout: '' })),
        password_set: method({ user: 'string', password: 'string' }, (args) => {
          required(textArgument(args, 'user'));
          required(textArgument(args, 'password'));
          return undefined;
        }),
      },
    },
  ];
}

function statTable(stats: Stats): BlobTable {
  return {
    type: stats.isDirectory() ? 'directory' : stats.isFile() ? 'file' : 'unknown',
    size: stats.size,
    mode: stats.mode,
    atime: Math.floor(stats.atimeMs / 1000),
    mtime: Math.floor(stats.mtimeMs / 1000),
    ctime: Math.floor(stats.ctimeMs / 1000),
    inode: stats.ino,
    uid: stats.uid,
    gid: stats.gid,
  };
}
