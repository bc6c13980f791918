import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BlobTable } from '#platform';
import { loadOf, memoryOf } from '../root-tree.ts';
import type { World } from '../world.ts';
import {
  booleanArgument,
  method,
  numberArgument,
  type RouterObject,
  required,
  StatusError,
  status,
  textArgument,
} from './object.ts';

export interface SystemActions {
  readonly root: string;
  readonly reboot: () => void;
  readonly sysupgrade: (image: string) => void;
}

/** `system` of procd. */
export function systemObject(world: World, actions: SystemActions): RouterObject {
  let watchdog = { frequency: 5, timeout: 30, magicclose: false, stopped: false };
  return {
    path: 'system',
    provider: 'procd',
    methods: {
      board: method({}, () => board(world)),
      info: method({}, () => info(world)),
      reboot: method({}, () => {
        actions.reboot();
        return undefined;
      }),
      watchdog: method({ frequency: 'int32', timeout: 'int32', magicclose: 'bool', stop: 'bool' }, (args) => {
        watchdog = {
          frequency: numberArgument(args, 'frequency') ?? watchdog.frequency,
          timeout: numberArgument(args, 'timeout') ?? watchdog.timeout,
          magicclose: booleanArgument(args, 'magicclose') ?? watchdog.magicclose,
          stopped: booleanArgument(args, 'stop') ?? watchdog.stopped,
        };
        const { stopped, ...rest } = watchdog;
        return { status: stopped ? 'stopped' : 'running', ...rest };
      }),
      signal: method({ pid: 'int32', signum: 'int32' }, () => undefined),
      validate_firmware_image: method({ path: 'string' }, (args) =>
        validate(actions.root, required(textArgument(args, 'path'))),
      ),
      sysupgrade: method(
        { path: 'string', force: 'bool', backup: 'string', prefix: 'string', command: 'string', options: 'table' },
        (args) => {
          const path = required(textArgument(args, 'path'));
          if (textArgument(args, 'prefix') === undefined) throw new StatusError(status.invalidArgument);
          const verdict = validate(actions.root, path);
          if (verdict.valid !== true && !(booleanArgument(args, 'force') === true && verdict.forceable === true))
            return { error: { message: 'Firmware image is broken and cannot be forced' } };
          actions.sysupgrade(path);
          return undefined;
        },
      ),
    },
  };
}

export function board(world: World): BlobTable {
  const { profile } = world;
  return {
    kernel: profile.kernel,
    hostname: world.hostname,
    system: 'ARMv8 Processor rev 4',
    model: profile.model,
    board_name: profile.boardName,
    rootfs_type: 'squashfs',
    release: {
      distribution: 'OpenWrt',
      version: profile.version,
      revision: profile.revision,
      target: profile.target,
      description: `OpenWrt ${profile.version} ${profile.revision}`,
      builddate: profile.buildDate,
    },
  };
}

function info(world: World): BlobTable {
  const zoneOffsetSeconds = 3600;
  return {
    localtime: Math.floor(world.clock.now() / 1000) + zoneOffsetSeconds,
    uptime: Math.floor(world.uptimeSeconds),
    load: loadOf(world).map((n) => Math.floor(n * 65536)),
    memory: memoryOf(world),
    root: { total: 92_160, free: 71_204, used: 20_956, avail: 66_820 },
    tmp: { total: 497_984, free: 494_612, used: 3_372, avail: 494_612 },
    swap: { total: 0, free: 0 },
  };
}

/** Good is what ends with the metadata magic of fwtool (`FWx0`, 16 bytes before the end). */
function validate(root: string, path: string): BlobTable {
  const file = join(root, join('/', path));
  const bytes = existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
  const signed = bytes.length > 16 && bytes.toString('latin1', bytes.length - 16, bytes.length - 12) === 'FWx0';
  return {
    tests: { fwtool_signature: signed, fwtool_device_match: signed },
    valid: signed,
    forceable: bytes.length > 0,
    allow_backup: true,
  };
}
