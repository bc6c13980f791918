import { LinkedAbort } from '#base';
import { createVerbs } from '../answer.ts';
import { httpTransport } from '../exchange/http-transport.ts';
import { type OwnRequest, runSession, SessionError, type SessionTransport } from '../exchange/session.ts';
import type { InformEvent, InformMessage } from '../inform.ts';
import { InstanceNames } from '../instance-names.ts';
import { secretsOf, traced } from '../trace.ts';
import type { Transfers } from '../transfers/transfers.ts';
import { type AcsModel, postponing } from '../view/index.ts';
import { type CwmpConfig, readDeviceId } from './config.ts';
import type { GoingDown } from './going-down.ts';
import { informParameters } from './inform-parameters.ts';
import type { Notifications } from './notifications.ts';
import type { CwmpPorts } from './ports.ts';
import type { Schedule } from './schedule.ts';
import type { CwmpStateFile } from './state.ts';

/** Told to the ACS: no answer of ours, however large, takes longer. */
const sessionTimeoutSeconds = 60;
const defaultTimeouts = { exchangeMs: 300_000, sessionMs: 3_600_000 };

export interface AcsSessionParts {
  readonly ports: CwmpPorts;
  readonly seen: AcsModel;
  readonly state: CwmpStateFile;
  readonly notifications: Notifications;
  readonly transfers: Transfers;
  readonly schedule: Schedule;
  readonly down: GoingDown;
  /** As it is now: what the ACS changes of it in the session counts from its next request on. */
  readonly config: () => CwmpConfig;
  readonly signal: AbortSignal;
}

/** What a session is there to tell. */
export interface Telling {
  readonly events: readonly InformEvent[];
  /** What `Notifications.take` gave for it. */
  readonly changed: ReadonlyMap<string, number>;
  readonly reports: readonly OwnRequest[];
  readonly retryCount: number;
  /** The Inform of a heartbeat has what is forced and nothing else (TR-069 Annex O). */
  readonly forcedOnly: boolean;
}

/**
 * One session with the ACS over a connection of its own, from what the Inform tells to the end.
 * @returns RPCs of the ACS that were answered, by name, the values by path that the Inform has told, and our address on the way to the ACS
 * @throws SessionError and whatever else has made it fail
 */
export async function holdSession(
  parts: AcsSessionParts,
  url: URL,
  telling: Telling,
): Promise<Held & { readonly values: ReadonlyMap<string, string> }> {
  const { ports, seen, notifications } = parts;
  const codes = telling.events.map(({ code }) => code);
  const parameters = await informParameters(seen, telling.changed.keys(), codes, telling.forcedOnly);
  const values = new Map(parameters.map(({ path, value }) => [path, value]));
  notifications.telling(values);
  try {
    return { ...(await exchange(parts, url, telling, parameters)), values };
  } finally {
    await ports.model.applyPostponed();
  }
}

interface Held {
  readonly served: readonly string[];
  readonly localAddress: string | undefined;
}

async function exchange(
  parts: AcsSessionParts,
  url: URL,
  telling: Telling,
  parameters: InformMessage['parameters'],
): Promise<Held> {
  const { ports, seen, state, notifications, transfers, schedule, down } = parts;
  const { log, randomHex, allowPlain, redirectHosts = [], clock, timeouts = defaultTimeouts } = ports;
  const { username, password, compression } = parts.config();
  using end = new LinkedAbort(parts.signal);
  // An ACS that does not come to an end holds nothing up for ever.
  using _watchdog = clock.timer(timeouts.sessionMs, () =>
    end.abort(new SessionError('CWMP_ENDLESS', 'the session did not come to its end in time')),
  );
  const { signal } = end;
  const inform = await informOf(parts, telling, parameters);
  using http = ports.openHttp();
  const transport = httpTransport({
    http,
    url,
    credentials: { username, password },
    clientNonce: () => randomHex(8),
    allowPlain,
    redirectHosts,
    compression,
    deadline: (expired) => clock.timer(timeouts.exchangeMs, expired),
    signal,
  });
  let requests = 0;
  const { served } = await runSession({
    transport: shown(parts, url, transport),
    inform,
    ownRequests: telling.reports,
    verbs: createVerbs(down.order, transfers),
    context: {
      model: postponing(seen),
      acs: url.host,
      attributes: notifications,
      schedule: (seconds, key) => schedule.add(seconds, key),
      storeParameterKey: (parameterKey) => state.change({ parameterKey }),
      get instances() {
        return parts.config().instances;
      },
      signal,
    },
    answered: () => down.answered(),
    log,
    sessionTimeoutSeconds,
    nextId: () => `${randomHex(4)}${++requests}`,
  });
  return { served, localAddress: http.localAddress };
}

async function informOf(
  { ports, seen, config }: AcsSessionParts,
  { events, changed, retryCount }: Telling,
  parameters: InformMessage['parameters'],
): Promise<InformMessage> {
  const valueChange = changed.size > 0 && !events.some(({ code }) => code === '4 VALUE CHANGE');
  const names = await InstanceNames.of(
    seen,
    config().instances,
    parameters.map(({ path }) => path),
  );
  return {
    deviceId: await readDeviceId(ports.model),
    events: valueChange ? [...events, { code: '4 VALUE CHANGE', commandKey: '' }] : events,
    now: ports.clock.now(),
    retryCount,
    parameters: parameters.map((parameter) => ({ ...parameter, path: names.show(parameter.path) })),
  };
}

/** To whoever follows the messages. */
function shown({ ports, seen }: AcsSessionParts, url: URL, transport: SessionTransport): SessionTransport {
  return ports.trace ? traced(transport, ports.trace, url.host, secretsOf(seen)) : transport;
}
