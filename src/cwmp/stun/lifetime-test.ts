import { type Clock, explain, LinkedAbort, type Log, sleep } from '#base';
import { Binder, type StunCredentials } from './binding.ts';
import type { LifetimeSearch } from './lifetime-search.ts';
import { responseAddress, responsePort, type StunAttribute, type TransportAddress } from './message.ts';
import type { UdpPorts } from './ports.ts';

export interface LifetimeTestParts extends Pick<UdpPorts, 'openUdp'> {
  readonly server: TransportAddress;
  readonly family: 4 | 6;
  readonly credentials: StunCredentials;
  readonly clock: Clock;
  readonly log: Log;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly signal: AbortSignal;
}

/** How the server is asked to answer to another port: RFC 3489, and RFC 5780 for servers that have left that behind. */
const ways = [
  (to: TransportAddress): StunAttribute | undefined => responseAddress(to),
  (to: TransportAddress): StunAttribute | undefined => responsePort(to.port),
] as const;

/**
 * Makes the tests that the search asks for (TR-069 G.2.1.3, RFC 3489 10.2): a binding of a port that nobody needs is left alone for
 * that long, then the server is asked from a second port to send to it. Neither is the port of the connection requests, so that the device
 * can be reached all the time. Ends when the search does, or with the signal; never throws.
 */
export async function testLifetimes(search: LifetimeSearch, parts: LifetimeTestParts): Promise<void> {
  if (search.candidate === undefined) return;
  const { log, signal } = parts;
  try {
    await using left = await portOf(parts);
    await using asking = await portOf(parts);
    let way: (typeof ways)[number] | undefined;
    for (const tried of ways) {
      if (await survives(0, tried, left.binder, asking.binder, parts)) {
        way = tried;
        break;
      }
    }
    if (!way) {
      log.debug('the STUN server does not help to find out how long a binding lives');
      search.giveUp();
      return;
    }
    for (let seconds = search.candidate; seconds !== undefined; seconds = search.candidate) {
      if (await survives(seconds, way, left.binder, asking.binder, parts)) search.survived(seconds);
      else search.lost(seconds);
    }
    log.info('how long an idle binding lives is known', { keep_alive_s: search.keepAliveSeconds });
  } catch (error) {
    search.giveUp();
    if (!signal.aborted) log.debug('the lifetime of a binding can not be found out', { reason: explain(error) });
  }
}

async function survives(
  seconds: number,
  way: (typeof ways)[number],
  left: Binder,
  asking: Binder,
  { clock, signal }: LifetimeTestParts,
): Promise<boolean> {
  const before = await left.request([], signal);
  if (!before.ok) throw new Error('the STUN server does not answer');
  const attribute = way(before.mapped);
  if (!attribute) return false;
  if (seconds > 0) await sleep(clock, seconds * 1000, signal);
  using asked = new LinkedAbort(signal);
  let arrived = false;
  const id = asking.newId();
  using _expected = left.expect(id, () => {
    arrived = true;
    asked.abort(new Error('it has arrived'));
  });
  try {
    await asking.request([attribute], asked.signal, id);
  } catch (error) {
    if (!arrived) throw error;
  }
  return arrived;
}

async function portOf(parts: LifetimeTestParts): Promise<AsyncDisposable & { readonly binder: Binder }> {
  const { server, family, credentials, clock, randomBytes } = parts;
  const udp = await parts.openUdp({ family, port: 0, received: (data, from) => void binder.received(data, from) });
  const binder = new Binder({ server, credentials, clock, randomBytes, send: (data) => udp.send(data, server) });
  return { binder, [Symbol.asyncDispose]: () => udp[Symbol.asyncDispose]() };
}
