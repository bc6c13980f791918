import { Secret, systemClock } from '#base';
import { openWebSocket } from '#platform';
import type { Route, RouteEvents } from './route.ts';

export interface WebSocketClientOptions {
  /** Of the agent's own server. */
  readonly url: string;
  /** Endpoint ID of the agent. */
  readonly agent: string;
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string };
  /** Default: as the query of the URL (R-WS.10b). */
  readonly identify?: 'query' | 'extension';
}

/** Connects to an agent that listens (R-WS.6). @throws WebSocketError */
export async function joinWebSocket(options: WebSocketClientOptions, events: RouteEvents): Promise<Disposable> {
  const { agent, tls, identify = 'query' } = options;
  const url = new URL(options.url);
  if (identify === 'query') url.searchParams.set('eid', events.endpointId);
  let route: Route | undefined;
  const early: Uint8Array[] = [];
  const link = await openWebSocket(
    {
      url,
      protocol: 'v1.usp',
      clock: systemClock,
      ...(tls && { tls: { ca: tls.ca, cert: tls.cert, key: new Secret(tls.key) } }),
    },
    {
      message: (bytes) => (route ? events.receive(bytes, agent, route) : early.push(bytes)),
      closed: (code, reason) => {
        if (route) events.disconnected(agent, route, `${code} ${reason}`.trim());
      },
    },
  );
  route = { over: 'websocket', send: link.send };
  events.connected(agent, route);
  for (const bytes of early) events.receive(bytes, agent, route);
  return link;
}
