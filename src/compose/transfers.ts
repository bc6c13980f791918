import { openHttpStreams, StagingDirectory } from '#platform';
import { createTransfers, type TransferEngine } from '#services';
import type { RoomParts } from './room.ts';

/** Files to and from the operators' servers, with the trust of the device. */
export function composeTransfers(parts: RoomParts): TransferEngine {
  const { model, bus, uci, files, scripts, factory, settings, randomHex } = parts;
  return createTransfers({
    model,
    bus,
    uci,
    files,
    scripts,
    staging: new StagingDirectory(parts.at(settings.transferDirectory)),
    openStreams: () => openHttpStreams({ tls: factory.tls }),
    randomHex,
    allowPlain: settings.allowPlainHttp,
    log: parts.log.child('transfer'),
  });
}
