import { type Log, TandemError } from '#base';
import type { HttpBody } from '#platform';
import { answer } from '../answer.ts';
import { gather } from '../codec/gather.ts';
import { type CwmpNamespace, newestNamespace } from '../codec/names.ts';
import { type Envelope, readEnvelope } from '../codec/read-envelope.ts';
import { writeEnvelope } from '../codec/write-envelope.ts';
import type { XmlWriter } from '../codec/write-xml.ts';
import { type InformMessage, writeInform } from '../inform.ts';
import type { Verb, VerbContext } from '../verbs/verb.ts';

/** The session has failed; its events are told again by the retry rules (TR-069 3.2.1.1). */
export class SessionError extends TandemError {
  /** The ACS has asked to be left alone for so long (Retry-After, RFC 9110 10.2.3). */
  readonly retryAfterSeconds: number | undefined;
  constructor(code: string, message: string, options?: { cause?: unknown; retryAfterSeconds?: number | undefined }) {
    super(code, message, options);
    this.retryAfterSeconds = options?.retryAfterSeconds;
  }
}

/** Carries one HTTP message after the other; cookies, authentication and redirects are below. */
export interface SessionTransport {
  /** @param body '' for an empty POST. @returns the ACS's body, '' for 204 or an empty 200; anything else throws */
  post(body: HttpBody): Promise<string>;
}

/** Something we have to say beside the Inform: TransferComplete, GetRPCMethods … */
export interface OwnRequest {
  readonly method: string;
  /** @param namespace of the session, which the ACS decides */
  readonly write: (writer: XmlWriter, namespace: CwmpNamespace) => void;
  /** Asked when its turn comes. */
  readonly pointless?: () => boolean;
  /** Awaited before the session goes on. */
  readonly delivered: (response: Envelope) => unknown;
  /** The ACS refused it; the session goes on. */
  readonly refused: (code: number | undefined) => void;
}

export interface SessionParts {
  readonly transport: SessionTransport;
  readonly inform: InformMessage;
  readonly ownRequests: readonly OwnRequest[];
  readonly verbs: ReadonlyMap<string, Verb>;
  readonly context: VerbContext;
  /** The ACS has taken the answer to its request. */
  readonly answered?: () => void;
  readonly log: Log;
  /** How long the ACS should wait for us before it takes the session for lost (header SessionTimeout of CWMP 1.3). */
  readonly sessionTimeoutSeconds?: number;
  /** Plain letters and digits: an ACS has been seen to send them back unescaped. */
  readonly nextId: () => string;
}

export interface SessionOutcome {
  /** RPCs of the ACS that were answered, by name, in order. */
  readonly served: readonly string[];
  /** Of CWMP: what the ACS has chosen, or the newest that its namespace allows for. */
  readonly version: string;
}

const supportedVersions = '1.0,1.1,1.2,1.3,1.4';
/** An ACS that does not choose is taken for one that does not know how to (TR-069 A.2: choosing came with 1.4). */
const newestOf: Readonly<Record<CwmpNamespace, string>> = {
  'urn:dslforum-org:cwmp-1-0': '1.0',
  'urn:dslforum-org:cwmp-1-1': '1.1',
  'urn:dslforum-org:cwmp-1-2': '1.3',
};
const namespaceOf = (version: string): CwmpNamespace =>
  version === '1.0' || version === '1.1' ? `urn:dslforum-org:cwmp-1-${version === '1.0' ? 0 : 1}` : newestNamespace;
/** ACS fault 8005 asks for the same request again (TR-069 A.5.2); an ACS that asks for ever is not obeyed. */
const repeatLimit = 3;
const requestLimit = 10_000;

/**
 * One CWMP session (TR-069 3.7): Inform, our own requests, an empty POST, then what the ACS asks until it has nothing more.
 * @throws SessionError, SoapError and whatever the transport throws: the session has failed
 */
export async function runSession(parts: SessionParts): Promise<SessionOutcome> {
  const { transport, verbs, context, log, sessionTimeoutSeconds } = parts;
  const offered = { supportedVersions, ...(sessionTimeoutSeconds !== undefined && { sessionTimeoutSeconds }) };
  const informed = await ask(parts, 'Inform', newestNamespace, offered, (writer) => writeInform(writer, parts.inform));
  if (informed.fault) {
    throw new SessionError(
      'CWMP_INFORM_REFUSED',
      `the ACS refused the Inform with ${informed.fault.cwmpCode ?? 'a fault'}: ${(informed.fault.cwmpText || informed.fault.text).slice(0, 200)}`,
    );
  }
  if (informed.method !== 'InformResponse') {
    throw new SessionError('CWMP_UNEXPECTED', `the Inform was answered by ${informed.method}`);
  }
  const { useVersion } = informed.header;
  if (useVersion !== undefined && !supportedVersions.split(',').includes(useVersion)) {
    throw new SessionError('CWMP_VERSION', 'the ACS wants a version of CWMP that was not offered');
  }
  // What the ACS says outright counts for more than the namespace that it says it in (TR-069 3.7.1.1).
  const namespace = useVersion === undefined ? informed.namespace : namespaceOf(useVersion);
  const version = useVersion ?? newestOf[informed.namespace];
  let held = informed.header.holdRequests;
  const own = [...parts.ownRequests];
  const served: string[] = [];
  let received = '';
  const speak = async (): Promise<string> => {
    while (!held && own.length > 0) {
      const request = own.shift()!;
      if (request.pointless?.()) continue;
      const response = await ask(parts, request.method, namespace, {}, (writer) => request.write(writer, namespace));
      held = response.header.holdRequests;
      if (response.fault) request.refused(response.fault.cwmpCode);
      else if (response.method === `${request.method}Response`) await request.delivered(response);
      else throw new SessionError('CWMP_UNEXPECTED', `${request.method} was answered by ${response.method}`);
    }
    return transport.post('');
  };
  received = await speak();
  while (received !== '' || own.length > 0) {
    context.signal.throwIfAborted();
    if (received === '') {
      // The ACS has nothing more but had held us back: our turn after all.
      held = false;
      received = await speak();
      continue;
    }
    const request = readEnvelope(received);
    if (request.fault) throw new SessionError('CWMP_UNEXPECTED', 'a fault that answers nothing');
    if (request.method.endsWith('Response'))
      throw new SessionError('CWMP_UNEXPECTED', `${request.method} answers nothing`);
    if (served.length >= requestLimit) throw new SessionError('CWMP_ENDLESS', 'the ACS does not come to an end');
    held = request.header.holdRequests;
    served.push(request.method);
    log.debug('serving', { method: request.method });
    const body = await gather((flush) => answer(verbs, request, context, log, flush));
    received = await transport.post(body);
    parts.answered?.();
  }
  return { served, version };
}

async function ask(
  parts: SessionParts,
  method: string,
  namespace: CwmpNamespace,
  header: { readonly supportedVersions?: string; readonly sessionTimeoutSeconds?: number },
  write: (writer: XmlWriter) => void,
): Promise<Envelope> {
  const id = parts.nextId();
  const body = await gather((flush) => writeEnvelope(flush, namespace, { id, ...header }, write));
  for (let tries = 0; ; tries++) {
    const received = await parts.transport.post(body);
    if (received === '') throw new SessionError('CWMP_UNANSWERED', `${method} was not answered`);
    const response = readEnvelope(received);
    if (response.fault?.cwmpCode === 8005 && tries < repeatLimit) continue;
    if (response.header.id !== undefined && response.header.id !== id) {
      throw new SessionError('CWMP_ID', `the answer to ${method} carries another ID`);
    }
    if (response.header.notUnderstood !== undefined) {
      // To an answer there is no fault to be sent (SOAP 1.1, 4.2.3).
      throw new SessionError('CWMP_MUST_UNDERSTAND', `a header of the answer to ${method} is not understood`);
    }
    return response;
  }
}
