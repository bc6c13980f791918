/** How the agent and the controller came together. */
export type Over = 'websocket' | 'mqtt' | 'stomp' | 'uds';

/** A way to one agent. */
export interface Route {
  readonly over: Over;
  readonly send: (record: Uint8Array) => void;
}

/** What a transport tells the controller that it belongs to. */
export interface RouteEvents {
  readonly endpointId: string;
  /** @param expected who is at the other end, where the transport says so */
  receive(record: Uint8Array, expected: string | undefined, route: Route): void;
  connected(agent: string, route: Route): void;
  disconnected(agent: string, route: Route, reason: string): void;
  refused(reason: string): void;
}
