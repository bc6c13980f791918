import { readMessage, type UspMessage, type UspRecord, writeMessage } from '#lab';
import type { Bench } from '../bench.ts';
import type { Peer } from '../side/peer.ts';

type SessionContext = NonNullable<UspRecord['sessionContext']>;

let lastId = 4000n + BigInt(process.pid);

/** Signs a record, or leaves it as it is. */
type Seal = (record: UspRecord) => Uint8Array | undefined;

/** The controller's end of an end-to-end session, as a test wants it to be: it counts, but it repairs nothing. */
export class JudgeSession {
  readonly id = ++lastId;
  readonly #peer: Peer;
  readonly #from: number;
  readonly #payloadSecurity: number;
  #sequence = 0n;
  #last: SessionContext | undefined;
  /** For `mac_signature`. */
  seal: Seal = () => undefined;

  /** @param payloadSecurity 0: plain text, 1: TLS */
  constructor(peer: Peer, payloadSecurity = 0) {
    this.#peer = peer;
    this.#from = peer.records.length;
    this.#payloadSecurity = payloadSecurity;
  }

  /** The last number that was used. */
  get sequence(): bigint {
    return this.#sequence;
  }

  /** Asks for a path. @param sequenceId default the next */
  get(path: string, sequenceId?: bigint): void {
    const msgId = this.#peer.nextId();
    const request = { get: { paramPaths: [path], maxDepth: 0 } };
    this.sendPayload([writeMessage(msgId, { kind: 'request', request })], sequenceId);
  }

  /** Asks for a record once more. */
  retransmit(retransmitId: bigint): void {
    this.sendPayload([], undefined, retransmitId);
  }
  /** A record without payload says what has come. */
  acknowledge(): void {
    this.sendPayload([]);
  }
  /** The last record, as it was. */
  repeat(): void {
    this.#peer.sendRecord({ sessionContext: this.#last! });
  }

  /** Records of this session from the agent, and what of them is the session's. */
  records(): UspRecord[] {
    return this.#peer.records
      .slice(this.#from)
      .flatMap(({ what }) => (what.sessionContext?.sessionId === this.id ? [what] : []));
  }
  heard(): SessionContext[] {
    return this.records().map(({ sessionContext }) => sessionContext!);
  }
  /** Those with the response to a Get in them. */
  answers(): { readonly context: SessionContext; readonly message: UspMessage }[] {
    return this.heard().flatMap((context) => {
      if (context.payload.length === 0) return [];
      try {
        const message = readMessage(Buffer.concat(context.payload));
        return message.body.kind === 'response' && message.body.response.getResp ? [{ context, message }] : [];
      } catch {
        return [];
      }
    });
  }

  async answer(
    t: Bench,
    metric: number,
    wanted: { readonly sequenceId?: bigint; readonly parameter?: string } = {},
  ): Promise<SessionContext> {
    const found = await t.time.until(
      () =>
        this.answers().find(
          ({ context }) => wanted.sequenceId === undefined || context.sequenceId === wanted.sequenceId,
        ),
      20,
    );
    const which = wanted.sequenceId === undefined ? '' : ` with sequence_id ${wanted.sequenceId}`;
    t.metric(metric, found !== undefined, `there was no GetResponse in the session${which}`);
    if (wanted.parameter !== undefined && found.message.body.kind === 'response') {
      const requested = found.message.body.response.getResp!.reqPathResults[0]?.requestedPath;
      t.equal(metric, requested, wanted.parameter, 'what it answers');
    }
    return found.context;
  }

  sendPayload(payload: Uint8Array[], sequenceId = this.#sequence + 1n, retransmitId = 0n): void {
    if (sequenceId === this.#sequence + 1n) this.#sequence = sequenceId;
    let highest = 0n;
    for (const one of this.heard()) if (one.sequenceId > highest) highest = one.sequenceId;
    this.#last = {
      sessionId: this.id,
      sequenceId,
      // What is asked for again has not been received.
      expectedId: retransmitId > 0n ? retransmitId : highest + 1n,
      retransmitId,
      payloadSarState: 0,
      payloadrecSarState: 0,
      payload,
    };
    const record = {
      version: '1.4',
      toId: this.#peer.agentId,
      fromId: this.#peer.endpointId,
      payloadSecurity: this.#payloadSecurity,
      macSignature: new Uint8Array(),
      senderCert: new Uint8Array(),
      sessionContext: this.#last,
    };
    const macSignature = this.seal(record);
    this.#peer.sendRecord({ ...record, ...(macSignature && { macSignature }) });
  }
}
