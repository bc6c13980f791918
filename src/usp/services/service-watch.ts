import { type Log, ok, refused } from '#base';
import type { BaseType, Change, Origin, WatchRequest } from '#model';
import type { Notify } from '../codec/types.ts';
import { faultOf, type ServiceLink } from './service-link.ts';

const types: Readonly<Record<Change['kind'], string>> = {
  value: 'ValueChange',
  created: 'ObjectCreation',
  deleted: 'ObjectDeletion',
  event: 'Event',
  completed: 'OperationComplete',
};

export interface ServiceWatchParts {
  readonly id: string;
  readonly paths: readonly string[];
  readonly kind: Change['kind'];
  readonly heard: (change: Change) => void;
  readonly typeOf: (parameter: string) => BaseType;
  readonly log: Log;
}

/** A subscription of ours at a service, made in the background: a service that is slow keeps nobody waiting. */
export class ServiceWatch implements Disposable {
  readonly service: ServiceLink;
  readonly #parts: ServiceWatchParts;
  readonly #row: Promise<string | undefined>;

  constructor(service: ServiceLink, parts: ServiceWatchParts) {
    this.service = service;
    this.#parts = parts;
    this.#row = this.#subscribe();
  }

  get id(): string {
    return this.#parts.id;
  }

  hear(notify: Notify): void {
    const origin: Origin = { by: 'device', peer: this.service.endpointId };
    const change = changeOf(notify, origin, this.#parts.typeOf);
    if (change) this.#parts.heard(change);
  }

  [Symbol.dispose](): void {
    void this.#row.then((row) => {
      if (row !== undefined) void this.service.ask({ delete: { allowPartial: true, objPaths: [row] } }, 'deleteResp');
    });
  }

  async #subscribe(): Promise<string | undefined> {
    const { id, paths, kind, log } = this.#parts;
    const settings = { Enable: 'true', ID: id, NotifType: types[kind], ReferenceList: paths.join(',') };
    const paramSettings = Object.entries(settings).map(([param, value]) => ({ param, value, required: true }));
    const createObjs = [{ objPath: 'Device.LocalAgent.Subscription.', paramSettings }];
    const answer = await this.service.ask({ add: { allowPartial: false, createObjs } }, 'addResp');
    const made = answer.ok ? answer.value.createdObjResults[0]?.operStatus?.operSuccess : undefined;
    if (!made)
      log.warn('a service does not take a subscription', { service: this.service.endpointId, paths: paths.join(' ') });
    return made?.instantiatedPath;
  }
}

function changeOf(notify: Notify, origin: Origin, typeOf: (parameter: string) => BaseType): Change | undefined {
  const { valueChange, objCreation, objDeletion, event, operComplete } = notify;
  if (valueChange) {
    const { paramPath: path, paramValue: value } = valueChange;
    return { kind: 'value', path, type: typeOf(path), value, origin };
  }
  if (objCreation) return { kind: 'created', path: objCreation.objPath, uniqueKeys: objCreation.uniqueKeys, origin };
  if (objDeletion) return { kind: 'deleted', path: objDeletion.objPath, origin };
  if (event) return { kind: 'event', path: event.objPath + event.eventName, args: event.params, origin };
  if (!operComplete) return undefined;
  const { objPath, commandName, commandKey, reqOutputArgs, cmdFailure } = operComplete;
  const result = cmdFailure ? refused(faultOf(cmdFailure)) : ok(reqOutputArgs?.outputArgs ?? {});
  return { kind: 'completed', path: objPath + commandName, commandKey, result, origin };
}

/** What of a watch is this service's: its own part, or all that it has below what is watched. */
export function pathsFor(
  request: WatchRequest,
  owned: (path: string) => boolean,
  below: (path: string) => readonly string[],
): string[] {
  return [...new Set(request.paths.flatMap((path) => (owned(path) ? [path] : below(path))))];
}
