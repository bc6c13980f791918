import { connect, type Socket } from 'node:net';
import {
  type Body,
  type Notify,
  type RecordContent,
  type Requests,
  type Responses,
  readMessage,
  readRecord,
  writeMessage,
  writeRecord,
} from '#usp';
import { udsFrame } from '../controller/uds.ts';
import { Meter, meterSupported } from './meter.ts';

export interface ServiceOptions {
  /** Socket of the broker's controller. */
  readonly path: string;
  readonly endpointId: string;
  /** Paths to register; default: all that it has. */
  readonly register?: readonly string[];
}

/** A USP service as a process on the router would be one: registers a part of the data model with the agent, and serves it (TR-369 Appendix "Software Modularization"). */
export class Service implements Disposable {
  readonly meter = new Meter();
  /** Names of the requests that came. */
  /** What `Measure()` has begun. */
  readonly measuring: { readonly row: string; readonly commandKey: string; canceled: boolean }[] = [];
  readonly requests: string[] = [];
  readonly #options: ServiceOptions;
  readonly #socket: Socket;
  readonly #open = new Map<string, (body: Body) => void>();
  readonly #subscriptions = new Map<string, { id: string; type: string; paths: readonly string[] }>();
  #broker = '';
  #greeted: () => void = () => {};
  #ids = 0;

  constructor(options: ServiceOptions) {
    this.#options = options;
    this.#socket = connect(options.path);
    this.meter.onChange = (path, notify) => this.#tell(path, notify);
  }

  /** Resolves when the broker has answered the registration. */
  async start(): Promise<Body> {
    const greeted = new Promise<void>((resolve, reject) => {
      this.#greeted = resolve;
      this.#socket.once('error', reject);
      this.#socket.once('close', () => reject(new Error('closed')));
    });
    let rest = Buffer.alloc(0);
    this.#socket.on('data', (piece: Buffer) => {
      rest = Buffer.concat([rest, piece]);
      while (rest.length >= 8 && rest.length >= 8 + rest.readUInt32BE(4)) {
        const frame = rest.subarray(8, 8 + rest.readUInt32BE(4));
        rest = rest.subarray(8 + frame.length);
        this.#take(frame[0]!, frame.subarray(5));
      }
    });
    this.#socket.write(udsFrame(1, this.#options.endpointId));
    await greeted;
    this.#record({ udsConnect: {} });
    return this.register(this.#options.register ?? [this.meter.root]);
  }

  register(paths: readonly string[], allowPartial = false): Promise<Body> {
    return this.#ask({ register: { allowPartial, regPaths: paths.map((path) => ({ path })) } });
  }

  deregister(paths: readonly string[]): Promise<Body> {
    return this.#ask({ deregister: { paths } });
  }

  send(bytes: Uint8Array): void {
    this.#socket.write(udsFrame(3, bytes));
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #ask(request: Partial<Requests>): Promise<Body> {
    const id = `s${++this.#ids}`;
    return new Promise((resolve, reject) => {
      this.#open.set(id, resolve);
      this.#socket.once('close', () => reject(new Error('closed')));
      this.#say(id, { kind: 'request', request });
    });
  }

  #take(type: number, value: Buffer): void {
    if (type === 1) {
      this.#broker = value.toString();
      this.#greeted();
    }
    if (type !== 3) return;
    const record = readRecord(value);
    if (!record.noSessionContext) return;
    const { msgId, body } = readMessage(record.noSessionContext.payload);
    if (body.kind !== 'request') {
      this.#open.get(msgId)?.(body);
      return;
    }
    this.requests.push(Object.keys(body.request)[0]!);
    this.#say(msgId, { kind: 'response', response: this.#serve(body.request) });
  }

  #serve(request: Partial<Requests>): Partial<Responses> {
    const { get, set, add, delete: remove, operate, getInstances, getSupportedDm } = request;
    if (get) return { getResp: { reqPathResults: get.paramPaths.map((path) => this.#get(path)) } };
    if (getSupportedDm) {
      const reqObjResults = getSupportedDm.objPaths.map((reqObjPath) => ({
        reqObjPath,
        errCode: 0,
        errMsg: '',
        dataModelInstUri: '',
        supportedObjs: meterSupported,
      }));
      return { getSupportedDmResp: { reqObjResults } };
    }
    if (getInstances) {
      const reqPathResults = getInstances.objPaths.map((requestedPath) => ({
        requestedPath,
        errCode: 0,
        errMsg: '',
        currInsts: [...this.meter.read()].flatMap(([path, { Name = '' }]) =>
          /\.[0-9]+\.$/.test(path) && path.startsWith(requestedPath)
            ? [{ instantiatedObjPath: path, uniqueKeys: { Name } }]
            : [],
        ),
      }));
      return { getInstancesResp: { reqPathResults } };
    }
    if (set) {
      const updatedObjResults = set.updateObjs.map(({ objPath, paramSettings }) => {
        const paramErrs = paramSettings.flatMap(({ param, value }) => {
          const failure = this.meter.set(objPath, param, value);
          return failure ? [{ param, ...failure }] : [];
        });
        const updatedParams = Object.fromEntries(paramSettings.map(({ param, value }) => [param, value]));
        const updatedInstResults = [{ affectedPath: objPath, paramErrs, updatedParams }];
        const updatedInstFailures = [{ affectedPath: objPath, paramErrs }];
        return {
          requestedPath: objPath,
          operStatus:
            paramErrs.length > 0
              ? { operFailure: { errCode: 7004, errMsg: 'refused', updatedInstFailures } }
              : { operSuccess: { updatedInstResults } },
        };
      });
      return { setResp: { updatedObjResults } };
    }
    if (add) {
      const createdObjResults = add.createObjs.map(({ objPath, paramSettings }) => {
        const settings = Object.fromEntries(paramSettings.map(({ param, value }) => [param, value]));
        const { path, uniqueKeys } = objPath.endsWith('Subscription.')
          ? this.#subscribe(settings)
          : this.meter.add(settings);
        return {
          requestedPath: objPath,
          operStatus: { operSuccess: { instantiatedPath: path, paramErrs: [], uniqueKeys } },
        };
      });
      return { addResp: { createdObjResults } };
    }
    if (remove) {
      const deletedObjResults = remove.objPaths.map((requestedPath) => {
        const gone = this.#subscriptions.delete(requestedPath) || this.meter.remove(requestedPath);
        return {
          requestedPath,
          operStatus: { operSuccess: { affectedPaths: gone ? [requestedPath] : [], unaffectedPathErrs: [] } },
        };
      });
      return { deleteResp: { deletedObjResults } };
    }
    if (operate?.command.endsWith('.Cancel()')) {
      const measuring = this.measuring.find(({ row }) => operate.command === `${row}Cancel()`);
      if (measuring) measuring.canceled = true;
      return { operateResp: { operationResults: [] } };
    }
    if (operate?.command.endsWith('Measure()')) {
      const row = `Device.LocalAgent.Request.${this.measuring.length + 1}.`;
      this.measuring.push({ row, commandKey: operate.commandKey, canceled: false });
      return { operateResp: { operationResults: [{ executedCommand: operate.command, reqObjPath: row }] } };
    }
    const operationResults = [
      {
        executedCommand: operate?.command ?? '',
        reqOutputArgs: { outputArgs: this.meter.calibrate(operate?.inputArgs ?? {}) },
      },
    ];
    return { operateResp: { operationResults } };
  }

  #get(requestedPath: string) {
    const name = requestedPath.endsWith('.') ? undefined : requestedPath.slice(requestedPath.lastIndexOf('.') + 1);
    const search = /\[Name=="([^"]*)"\]/.exec(requestedPath);
    const object = requestedPath.slice(0, requestedPath.lastIndexOf('.') + 1).replace(/\[.*\]/, '*');
    const pattern = new RegExp(
      `^${object.replaceAll('.', '\\.').replaceAll('*', '[0-9]+')}${name === undefined ? '' : '$'}`,
    );
    const resolvedPathResults = [...this.meter.read()].flatMap(([resolvedPath, values]) => {
      if (!pattern.test(resolvedPath) || (search && values.Name !== search[1])) return [];
      if (name === undefined) return [{ resolvedPath, resultParams: values }];
      return values[name] === undefined ? [] : [{ resolvedPath, resultParams: { [name]: values[name] } }];
    });
    const known = resolvedPathResults.length > 0;
    return { requestedPath, errCode: known ? 0 : 7026, errMsg: known ? '' : 'not here', resolvedPathResults };
  }

  #subscribe(settings: Readonly<Record<string, string>>): { path: string; uniqueKeys: Record<string, string> } {
    const { ID = '', NotifType = '', ReferenceList = '' } = settings;
    const path = `Device.LocalAgent.Subscription.${++this.#ids}.`;
    this.#subscriptions.set(path, { id: ID, type: NotifType, paths: ReferenceList.split(',') });
    return { path, uniqueKeys: { ID } };
  }

  #tell(path: string, content: Partial<Notify>): void {
    const type = content.valueChange
      ? 'ValueChange'
      : content.event
        ? 'Event'
        : content.objCreation
          ? 'ObjectCreation'
          : content.operComplete
            ? 'OperationComplete'
            : 'ObjectDeletion';
    for (const subscription of this.#subscriptions.values()) {
      if (subscription.type !== type || !subscription.paths.some((one) => path.startsWith(one.split('*')[0]!)))
        continue;
      const notify = { subscriptionId: subscription.id, sendResp: false, ...content };
      this.#say(`n${++this.#ids}`, { kind: 'request', request: { notify } });
    }
  }

  #say(msgId: string, body: Body): void {
    this.#record({ noSessionContext: { payload: writeMessage(msgId, body) } });
  }

  #record(content: RecordContent): void {
    const { endpointId: fromId } = this.#options;
    this.send(writeRecord({ version: '1.4', toId: this.#broker, fromId, ...content }));
  }
}

/** @returns the service, and the broker's answer to its registration */
export async function startService(options: ServiceOptions): Promise<{ service: Service; answer: Body }> {
  const service = new Service(options);
  return { service, answer: await service.start() };
}
