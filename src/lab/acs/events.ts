/** What a person who looks at the ACS sees, as it happens. */
export type AcsEvent =
  | {
      readonly kind: 'inform';
      readonly device: string;
      readonly events: readonly string[];
      readonly retryCount: number;
      readonly parameters: ReadonlyMap<string, string>;
    }
  | { readonly kind: 'call'; readonly device: string; readonly rpc: string; readonly about: string }
  | { readonly kind: 'answer'; readonly device: string; readonly rpc: string; readonly about: string }
  | { readonly kind: 'session-end'; readonly device: string; readonly calls: number }
  | { readonly kind: 'connection-request'; readonly device: string; readonly status: number }
  | { readonly kind: 'refused'; readonly reason: string };

/** One line. */
export function formatAcsEvent(event: AcsEvent): string {
  switch (event.kind) {
    case 'inform':
      return `ACS  <- Inform from ${event.device}: ${event.events.join(', ')}${event.retryCount > 0 ? ` (try ${event.retryCount + 1})` : ''}`;
    case 'call':
      return `ACS  -> ${event.rpc}${event.about}`;
    case 'answer':
      return `ACS  <- ${event.rpc}${event.about}`;
    case 'session-end':
      return `ACS     session of ${event.device} over, ${event.calls} call${event.calls === 1 ? '' : 's'}`;
    case 'connection-request':
      return `ACS  -> connection request to ${event.device}: ${event.status}`;
    case 'refused':
      return `ACS  !! ${event.reason}`;
  }
}
