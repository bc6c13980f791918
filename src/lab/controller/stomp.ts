import { explain, Secret, systemClock } from '#base';
import { openStomp } from '#platform';
import { readRecord } from '#usp';
import type { Route, RouteEvents } from './route.ts';

export interface StompControllerOptions {
  readonly host: string;
  readonly port: number;
  readonly destination: string;
  readonly username?: string;
  readonly password?: string;
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string };
}

/** Waits for agents at a destination of a STOMP broker. @throws StompError */
export async function joinStomp(options: StompControllerOptions, events: RouteEvents): Promise<AsyncDisposable> {
  const { host, port, destination, username, password, tls } = options;
  /** By the agent's destination. */
  const routes = new Map<string, Route>();
  const stomp = await openStomp(
    {
      host,
      port,
      clock: systemClock,
      headers: { 'endpoint-id': events.endpointId },
      ...(username !== undefined && { username, password: new Secret(password ?? '') }),
      ...(tls && { tls: { ca: tls.ca, cert: tls.cert, key: new Secret(tls.key) } }),
    },
    {
      message: ({ headers, body }) => {
        const replyTo = headers.get('reply-to-dest') ?? '';
        if (headers.get('content-type') !== 'application/vnd.bbf.usp.msg' || replyTo === '') {
          events.refused('STOMP: a message without content-type or reply-to-dest');
          return;
        }
        const route = routes.get(replyTo) ?? {
          over: 'stomp',
          send: (record: Uint8Array) =>
            stomp.send(
              replyTo,
              { 'content-type': 'application/vnd.bbf.usp.msg', 'reply-to-dest': destination },
              record,
            ),
        };
        routes.set(replyTo, route);
        events.receive(body, undefined, route);
        if (saysHello(body)) events.connected(readRecord(body).fromId, route);
      },
      closed: (error) => events.refused(`STOMP: ${explain(error)}`),
    },
  );
  await stomp.subscribe(destination);
  return stomp;
}

function saysHello(body: Uint8Array): boolean {
  try {
    return readRecord(body).stompConnect !== undefined;
  } catch {
    return false;
  }
}
