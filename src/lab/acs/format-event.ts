import type { AcsEvent } from './events.ts';

/** One line. */
export function formatAcsEvent(event: AcsEvent): string {
  return `ACS  ${describe(event)}`.replaceAll(/[\r\n]+/g, ' ');
}

function describe(event: AcsEvent): string {
  switch (event.kind) {
    case 'session-begin':
      return `   session of ${event.device}${event.certificate === undefined ? '' : `, certificate of ${event.certificate}`}`;
    case 'inform':
      return `<- Inform from ${event.device}: ${event.events.join(', ')}${event.retryCount > 0 ? ` (try ${event.retryCount + 1})` : ''}`;
    case 'request':
      return `<- ${event.method}${event.about}`;
    case 'call':
      return `-> ${event.rpc}${event.about}`;
    case 'answer':
      return `<- ${event.rpc}${event.about}`;
    case 'fault': {
      const { code, text, parameters } = event.fault;
      return `<- ${event.rpc}: fault ${code} ${text}${parameters.map((one) => `, ${one.name} ${one.code}`).join('')}`;
    }
    case 'session-end': {
      const how = event.lost === undefined ? 'over' : `lost (${event.lost})`;
      return `   session of ${event.device} ${how}, ${event.calls} call${event.calls === 1 ? '' : 's'}`;
    }
    case 'connection-request':
      return `-> connection request${event.over ? ` over ${event.over}` : ''} to ${event.device}: ${event.status}`;
    case 'lightweight': {
      const values = [...event.parameters].map(([name, value]) => `${name}=${value}`).join(' ');
      return `${event.signed ? '<-' : '!!'} lightweight notification: ${values}${event.signed ? '' : ' (not signed with the password)'}`;
    }
    case 'refused':
      return `!! ${event.reason}`;
  }
}
