import { type Coded, isAppropriate, isAppropriateForMessage } from './codes.ts';
import type { Descriptor } from './descriptor.ts';
import type { Link, PayloadTls, ServerTls } from './side/link.ts';
import type { ErrorBody, HeardNotify, Peer, Requests, Responses } from './side/peer.ts';
import type { Time } from './side/time.ts';
import type { Subject } from './subject/subject.ts';
import { MetricFailed, NotRunnable } from './verdict.ts';

/** Names and values; a name that ends in `!` is required. */
export type Params = Readonly<Record<string, string>>;
export type Row = readonly [path: string, params: Params];

/** What came back: one of the two. */
export interface Reply<Name extends keyof Responses> {
  readonly resp?: Responses[Name];
  readonly error?: ErrorBody;
}

const responses = {
  get: 'getResp',
  set: 'setResp',
  add: 'addResp',
  delete: 'deleteResp',
  operate: 'operateResp',
  getInstances: 'getInstancesResp',
  getSupportedDm: 'getSupportedDmResp',
  getSupportedProtocol: 'getSupportedProtocolResp',
} as const;
type Asked = keyof typeof responses;

export const subscriptions = 'Device.LocalAgent.Subscription.';
const controllers = 'Device.LocalAgent.Controller.';

const settings = (params: Params) =>
  Object.entries(params).map(([name, value]) => ({
    param: name.replace(/!$/, ''),
    value,
    required: name.endsWith('!'),
  }));

export interface BenchParts {
  readonly descriptor: Descriptor;
  readonly link: Link;
  readonly primary: Peer;
  readonly secondary: Peer | undefined;
  readonly time: Time;
  readonly subject: Subject;
  readonly serverTls: ServerTls | undefined;
  readonly payloadTls: PayloadTls | undefined;
}

/** What one test works with: the controllers' side, the agent's life, the time; and the order in which all is put back. */
export class Bench {
  readonly descriptor: Descriptor;
  readonly link: Link;
  readonly peer: Peer;
  readonly time: Time;
  readonly subject: Subject;
  /** What the judge's servers show, where they use TLS. */
  readonly serverTls: ServerTls | undefined;
  readonly payloadTls: PayloadTls | undefined;
  readonly #second: Peer | undefined;
  readonly #cleanUps: (() => Promise<unknown>)[] = [];

  constructor(parts: BenchParts) {
    this.descriptor = parts.descriptor;
    this.link = parts.link;
    this.peer = parts.primary;
    this.#second = parts.secondary;
    this.time = parts.time;
    this.subject = parts.subject;
    this.serverTls = parts.serverTls;
    this.payloadTls = parts.payloadTls;
  }

  get second(): Peer {
    if (!this.#second) throw new NotRunnable('the descriptor names no secondary controller');
    return this.#second;
  }

  // Metrics

  /** @param metric number of the metric in the plan, 0: what the procedure takes for granted */
  metric(metric: number, holds: boolean, otherwise: string): asserts holds {
    if (!holds) throw new MetricFailed(metric === 0 ? otherwise : `metric ${metric}: ${otherwise}`);
  }
  equal(metric: number, is: unknown, wanted: unknown, what: string): void {
    const [a, b] = [JSON.stringify(is), JSON.stringify(wanted)];
    this.metric(metric, a === b, `${what} is ${a}, not ${b}`);
  }
  /** The only element. */
  one<T>(metric: number, list: readonly T[] | undefined, what: string): T {
    this.metric(metric, list?.length === 1, `${list?.length ?? 0} ${what} instead of one`);
    return list![0]!;
  }
  code(metric: number, code: number, request: Coded): void {
    this.metric(metric, isAppropriate(code, request), `${code} is no code for an element of an answer to ${request}`);
  }
  messageCode(metric: number, code: number, request: Coded): void {
    this.metric(
      metric,
      isAppropriateForMessage(code, request),
      `${code} is no code for an Error in answer to ${request}`,
    );
  }

  // Requests

  async ask<Name extends Asked>(
    name: Name,
    request: Requests[Name],
    from: Peer = this.peer,
  ): Promise<Reply<(typeof responses)[Name]>> {
    const answer = await from.ask({ [name]: request } as Partial<Requests>);
    this.metric(0, answer !== undefined, `no answer to ${name}`);
    if (answer.kind === 'error') return { error: answer.error };
    const resp = answer.response[responses[name]];
    this.metric(0, resp !== undefined, `${name} was answered with ${Object.keys(answer.response)[0]}`);
    return { resp: resp as Responses[(typeof responses)[Name]] };
  }

  /** Rows that come to be are deleted at the end of the test. */
  async tryAdd(allowPartial: boolean, rows: readonly Row[], from?: Peer): Promise<Reply<'addResp'>> {
    const createObjs = rows.map(([objPath, params]) => ({ objPath, paramSettings: settings(params) }));
    const reply = await this.ask('add', { allowPartial, createObjs }, from);
    for (const { operStatus } of reply.resp?.createdObjResults ?? []) {
      const path = operStatus?.operSuccess?.instantiatedPath;
      if (path !== undefined) this.later(() => this.ask('delete', { allowPartial: true, objPaths: [path] }));
    }
    return reply;
  }
  async trySet(allowPartial: boolean, rows: readonly Row[], from?: Peer): Promise<Reply<'setResp'>> {
    const updateObjs = rows.map(([objPath, params]) => ({ objPath, paramSettings: settings(params) }));
    return this.ask('set', { allowPartial, updateObjs }, from);
  }
  async tryDelete(allowPartial: boolean, ...objPaths: string[]): Promise<Reply<'deleteResp'>> {
    return this.ask('delete', { allowPartial, objPaths });
  }
  async tryOperate(command: string, commandKey: string, inputArgs: Params = {}): Promise<Reply<'operateResp'>> {
    return this.ask('operate', { command, commandKey, sendResp: true, inputArgs });
  }

  /** A response is expected. */
  expect<Name extends keyof Responses>(metric: number, reply: Reply<Name>): Responses[Name] {
    const { error } = reply;
    const about = error?.paramErrs.map(({ paramPath, errCode }) => ` ${paramPath} ${errCode}`).join('') ?? '';
    this.metric(metric, reply.resp !== undefined, `Error ${error?.errCode} ${error?.errMsg}${about}`);
    return reply.resp;
  }
  /** An Error message is expected. */
  refused(metric: number, reply: Reply<keyof Responses>): ErrorBody {
    this.metric(metric, reply.error !== undefined, 'a response instead of an Error message');
    return reply.error;
  }

  /** Adds rows that must come to be. @returns their paths */
  async added(...rows: Row[]): Promise<string[]> {
    const resp = this.expect(0, await this.tryAdd(false, rows));
    return resp.createdObjResults.map(({ operStatus }) => {
      this.metric(0, operStatus?.operSuccess !== undefined, `not added: ${JSON.stringify(operStatus?.operFailure)}`);
      const { paramErrs } = operStatus.operSuccess;
      this.metric(0, paramErrs.length === 0, `not as it should be: ${JSON.stringify(paramErrs)}`);
      return operStatus.operSuccess.instantiatedPath;
    });
  }
  async setTo(path: string, params: Params): Promise<void> {
    const resp = this.expect(0, await this.trySet(false, [[path, params]]));
    const status = resp.updatedObjResults[0]?.operStatus;
    this.metric(0, status?.operSuccess !== undefined, `not set: ${JSON.stringify(status)}`);
    const errors = status.operSuccess.updatedInstResults.flatMap(({ paramErrs }) => paramErrs);
    this.metric(0, errors.length === 0, `not set: ${JSON.stringify(errors)}`);
  }
  /** Sets what the way to the agent depends on: the answer may be lost on it. An Error message is none the less a failure. */
  async setAway(path: string, params: Params): Promise<void> {
    const updateObjs = [{ objPath: path, paramSettings: settings(params) }];
    const answer = await this.peer.ask({ set: { allowPartial: false, updateObjs } }, 10);
    this.metric(0, answer?.kind !== 'error', `not set: ${JSON.stringify(answer)}`);
  }
  /** Sets for the time of the test. */
  async borrowed(path: string, params: Params): Promise<void> {
    const before = await this.values(path);
    await this.setTo(path, params);
    const was = Object.fromEntries(
      Object.keys(params).map((name) => [name.replace(/!$/, ''), before[path + name.replace(/!$/, '')] ?? '']),
    );
    this.later(() => this.trySet(true, [[path, was]]));
  }

  async tryGet(maxDepth: number, ...paramPaths: string[]): Promise<Responses['getResp']> {
    return this.expect(0, await this.ask('get', { paramPaths, maxDepth }));
  }
  /** Full parameter path and value. */
  async values(...paramPaths: string[]): Promise<Record<string, string>> {
    return valuesOf(await this.tryGet(0, ...paramPaths));
  }
  async value(path: string): Promise<string | undefined> {
    return (await this.values(path))[path];
  }
  /** Rows of a table that are there. */
  async rows(table: string): Promise<string[]> {
    const resp = this.expect(0, await this.ask('getInstances', { objPaths: [table], firstLevelOnly: true }));
    return (resp.reqPathResults[0]?.currInsts ?? []).map(({ instantiatedObjPath }) => instantiatedObjPath);
  }

  // What the plan's setups ask for

  /** `Device.LocalAgent.Controller.1.`, by its Endpoint ID. */
  async controllerPath(of: Peer = this.peer): Promise<string> {
    const ids = await this.values(`${controllers}*.EndpointID`);
    const found = Object.entries(ids).find(([, id]) => id === of.endpointId);
    this.metric(0, found !== undefined, `no Controller row has the Endpoint ID ${of.endpointId}`);
    return found[0].slice(0, -'EndpointID'.length);
  }
  /** Subscriptions of the judge's own, disabled ones if the parameters say so. */
  async subscribed(...given: Params[]): Promise<string[]> {
    return this.added(
      ...given.map(
        (params, index): Row => [
          subscriptions,
          {
            Enable: 'true',
            ID: `judge-${this.peer.nextId()}-${index}`,
            NotifType: 'ValueChange',
            ReferenceList: 'Device.LocalAgent.SoftwareVersion',
            ...params,
          },
        ],
      ),
    );
  }
  async noSubscriptions(): Promise<void> {
    const rows = await this.rows(subscriptions);
    if (rows.length > 0) await this.tryDelete(false, ...rows);
  }
  /** Boot parameters of the test's controller. */
  async bootParameters(...given: Params[]): Promise<string[]> {
    const table = `${await this.controllerPath()}BootParameter.`;
    return this.added(...given.map((params): Row => [table, params]));
  }

  // Time and notifications

  pass(seconds: number): Promise<void> {
    return this.time.pass(seconds);
  }
  /** The next notification that fits, of those from `from` on. */
  async notified(
    metric: number,
    fits: (notify: HeardNotify['what']) => boolean,
    options: { readonly seconds?: number; readonly from?: number; readonly at?: Peer } = {},
  ): Promise<HeardNotify> {
    const { seconds = 30, from = 0, at = this.peer } = options;
    const heard = await this.time.until(() => at.notifications.slice(from).find(({ what }) => fits(what)), seconds);
    this.metric(metric, heard !== undefined, `the notification did not come in ${seconds} s`);
    return heard;
  }
  /** Everything that the agent has to say about what was done so far has been said: an answer comes behind it. */
  heard(fits: (notify: HeardNotify['what']) => boolean, from = 0): HeardNotify[] {
    return this.peer.notifications.slice(from).filter(({ what }) => fits(what));
  }

  /** The agent goes down and comes back to its controller. */
  async reboot(): Promise<void> {
    const before = this.link.connections('primary');
    await this.subject.reboot();
    await this.connectedAgain(before);
  }
  async connectedAgain(before: number, seconds = 120): Promise<void> {
    const back = await this.time.until(() => (this.link.connections('primary') > before ? true : undefined), seconds);
    this.metric(0, back === true, `the agent did not come back in ${seconds} s`);
  }

  later(work: () => Promise<unknown>): void {
    this.#cleanUps.push(work);
  }
  /** Puts everything back, the last first; what does not work here is no metric. */
  async cleanUp(): Promise<void> {
    for (const work of this.#cleanUps.splice(0).reverse()) await work().catch(() => {});
  }
}

export function valuesOf(response: Responses['getResp']): Record<string, string> {
  return Object.fromEntries(
    response.reqPathResults.flatMap(({ resolvedPathResults }) =>
      resolvedPathResults.flatMap(({ resolvedPath, resultParams }) =>
        Object.entries(resultParams).map(([name, value]) => [resolvedPath + name, value]),
      ),
    ),
  );
}
