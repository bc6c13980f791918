import type { DeviceFacts } from '#model';
import type { Files } from '#platform';

/** What `$if` of a mapping file may ask. */
export function readFacts(files: Files): DeviceFacts {
  const board = files.readText('/tmp/sysinfo/board_name')?.trim();
  const model = files.readText('/tmp/sysinfo/model')?.trim();
  const openwrt = /^DISTRIB_RELEASE=['"]?([^'"\n]+)/m.exec(files.readText('/etc/openwrt_release') ?? '')?.[1];
  return {
    ...(board !== undefined && { board }),
    ...(model !== undefined && { model }),
    ...(openwrt !== undefined && { openwrt }),
  };
}
