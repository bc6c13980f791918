import { clockIsSet } from '#base';
import { openHttpStreams, StagingDirectory } from '#platform';
import { createTransfers, type TransferEngine } from '#services';
import type { RoomParts } from './room.ts';

/** Files to and from the operators' servers, with the trust of the device. */
export function composeTransfers(parts: RoomParts): TransferEngine {
  const { model, bus, clock, uci, state, files, scripts, factory, settings, randomHex } = parts;
  return createTransfers({
    model,
    bus,
    uci,
    state,
    files,
    scripts,
    staging: new StagingDirectory(parts.at(settings.transferDirectory)),
    // A server of files has a key of its own: the pins of the ACS say nothing of it, and it has some of its own.
    openStreams: () =>
      openHttpStreams({
        tls: {
          ...factory.tls,
          pins: settings.transferPins,
          withoutDates: () => settings.tlsWithoutClock && !clockIsSet(clock.now()),
        },
      }),
    randomHex,
    allowPlain: settings.allowPlainHttp,
    credentialHosts: settings.credentialHosts,
    log: parts.log.child('transfer'),
  });
}
