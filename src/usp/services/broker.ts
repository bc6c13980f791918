import type { Clock, Log } from '#base';
import type { BaseType, Change, Model, ObjectInfo, StoredTable, WatchRequest } from '#model';
import type { Body, Notify, OperationFailure, Requests } from '../codec/types.ts';
import { errorBody } from '../errors.ts';
import { plainPath } from './paths.ts';
import { objectInfo, typeIn } from './readings.ts';
import { Registry } from './registry.ts';
import { ServiceLink } from './service-link.ts';
import { pathsFor, ServiceWatch } from './service-watch.ts';

export interface BrokerParts {
  /** The agent's own. */
  readonly model: Model;
  readonly endpointId: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly randomHex: (bytes: number) => string;
  /** Paths that a service may register, by its Endpoint ID. */
  readonly trusted: (service: string) => readonly string[];
  /** A controller of this Endpoint ID is connected. */
  readonly hasController: (endpointId: string) => boolean;
}

/** A service that is connected. */
export interface KnownService {
  readonly endpointId: string;
  readonly link: ServiceLink;
  /** Aborted when it is gone. */
  readonly end: AbortController;
  /** What it supports of what it has registered. */
  objects: readonly ObjectInfo[];
}

interface Watcher {
  readonly request: WatchRequest;
  readonly heard: (change: Change) => void;
  readonly watches: Set<ServiceWatch>;
}

const table = 'Device.USPServices.USPService';

/** The USP Broker: knows the services that are connected, and what part of the data model each has registered (TR-369 Appendix "Software Modularization"). */
export class Broker {
  readonly registry: Registry<KnownService>;
  readonly #parts: BrokerParts;
  readonly #table: StoredTable;
  readonly #services = new Map<string, KnownService>();
  readonly #watchers = new Set<Watcher>();

  constructor(parts: BrokerParts) {
    this.#parts = parts;
    const own = (path: string): boolean => {
      const supported = parts.model.supported('usp');
      const dot = path.lastIndexOf('.') + 1;
      const name = path.slice(dot);
      // Without their rows, as services register.
      return supported.paths('Device.').some((known) => {
        const plain = plainPath(known);
        if (plain === path || plain === `${path}.`) return true;
        if (plain !== path.slice(0, dot)) return false;
        const { parameters = [], commands = [], events = [] } = supported.object(known) ?? {};
        return [...parameters, ...commands, ...events].some((one) => one.name === name);
      });
    };
    this.registry = new Registry({ isOwn: own, allowed: parts.trusted });
    this.#table = parts.model.declareTable({
      path: `${table}.{i}.`,
      columns: ['EndpointID', 'Protocol', 'DataModelPaths', 'HasController'],
      persist: () => false,
    });
  }

  objects(): readonly ObjectInfo[] {
    return [...this.#services.values()].flatMap(({ objects }) => objects);
  }

  get randomHex(): BrokerParts['randomHex'] {
    return this.#parts.randomHex;
  }

  /**
   * A service has connected.
   * @param send a record to it
   * @returns to be handed its records
   */
  connected(endpointId: string, send: (record: Uint8Array) => void): { receive: ServiceLink['receive']; gone(): void } {
    const { clock, log, endpointId: ownId } = this.#parts;
    const link = new ServiceLink({
      endpointId,
      ownId,
      send,
      clock,
      log,
      notified: (notify) => this.#heard(notify),
      requested: (request) => this.#answer(service, request),
    });
    const service: KnownService = { endpointId, link, end: new AbortController(), objects: [] };
    const before = this.#services.get(endpointId);
    if (before) this.#leave(before);
    this.#services.set(endpointId, service);
    log.info('a service has connected', { service: endpointId });
    return { receive: (bytes) => link.receive(bytes), gone: () => this.#leave(service) };
  }

  /** Row of the service with this Endpoint ID, without the last dot; '': there is none. */
  rowOf(endpointId: string): string {
    return (
      this.#table
        .rows()
        .find(({ values }) => values.EndpointID === endpointId)
        ?.path.slice(0, -1) ?? ''
    );
  }

  /** Also of services that are not there yet. Nothing is waited for. */
  watch(request: WatchRequest, heard: (change: Change) => void): Disposable {
    const watcher: Watcher = { request, heard, watches: new Set() };
    this.#watchers.add(watcher);
    for (const service of this.#services.values()) this.#begin(watcher, service);
    return {
      [Symbol.dispose]: () => {
        this.#watchers.delete(watcher);
        for (const watch of watcher.watches) watch[Symbol.dispose]();
      },
    };
  }

  #answer(service: KnownService, request: Partial<Requests>): Body | undefined {
    const { register, deregister } = request;
    if (register) {
      const paths = register.regPaths.map(({ path }) => path);
      const had = this.registry.pathsOf(service);
      const results = paths.map((path) => ({ path, result: this.registry.register(service, path) }));
      const failure = results.flatMap(({ path, result }) => (result.ok ? [] : [{ path, ...result.fault }]))[0];
      if (failure && !register.allowPartial) {
        // R-REG.1
        for (const path of paths) if (!had.includes(path)) this.registry.deregister(service, path);
        return { kind: 'error', error: errorBody(failure.errCode, `${failure.path}: ${failure.errMsg}`) };
      }
      this.#changed(service);
      return {
        kind: 'response',
        response: {
          registerResp: {
            registeredPathResults: results.map(({ path: requestedPath, result }) => ({
              requestedPath,
              operStatus: statusOf(result, (registeredPath) => ({ registeredPath })),
            })),
          },
        },
      };
    }
    if (!deregister) return undefined;
    const results = deregister.paths.map((path) => ({ path, result: this.registry.deregister(service, path) }));
    this.#changed(service);
    return {
      kind: 'response',
      response: {
        deregisterResp: {
          deregisteredPathResults: results.map(({ path: requestedPath, result }) => ({
            requestedPath,
            operStatus: statusOf(result, (deregisteredPath) => ({ deregisteredPath })),
          })),
        },
      },
    };
  }

  /** Its paths are others now. */
  #changed(service: KnownService): void {
    const paths = this.registry.pathsOf(service);
    service.objects = service.objects.filter(({ path }) => this.registry.ownerOf(plainPath(path) ?? '') === service);
    for (const watcher of this.#watchers) {
      for (const watch of [...watcher.watches].filter((one) => one.service === service.link)) {
        watcher.watches.delete(watch);
        watch[Symbol.dispose]();
      }
      this.#begin(watcher, service);
    }
    this.#tell();
    if (paths.length === 0) return;
    const request = {
      getSupportedDm: {
        objPaths: paths,
        firstLevelOnly: false,
        returnCommands: true,
        returnEvents: true,
        returnParams: true,
        returnUniqueKeySets: true,
      },
    };
    void service.link.ask(request, 'getSupportedDmResp').then((answer) => {
      if (!answer.ok) {
        this.#parts.log.warn('a service does not say what it supports', { service: service.endpointId });
        return;
      }
      const told = answer.value.reqObjResults.flatMap(({ supportedObjs }) => supportedObjs.map(objectInfo));
      // Nobody describes what is not his.
      const objects = told.filter(({ path }) => this.registry.ownerOf(plainPath(path) ?? '') === service);
      service.objects = [...new Map(objects.map((object) => [object.path, object])).values()];
    });
  }

  #begin({ request, heard, watches }: Watcher, service: KnownService): void {
    const own = new Set(this.registry.pathsOf(service));
    const paths = pathsFor(
      request,
      (path) => this.registry.ownerOf(plainPath(path) ?? '') === service,
      (path) => this.registry.below(plainPath(path) ?? '').flatMap((one) => (own.has(one.path) ? [one.path] : [])),
    );
    if (paths.length === 0) return;
    for (const kind of request.kinds) {
      const { log, randomHex } = this.#parts;
      const id = `broker-${randomHex(6)}`;
      const typeOf = (parameter: string): BaseType => typeIn(service.objects, parameter);
      watches.add(new ServiceWatch(service.link, { id, paths, kind, heard, typeOf, log }));
    }
  }

  #heard(notify: Notify): void {
    for (const { watches } of this.#watchers) {
      for (const watch of watches) if (watch.id === notify.subscriptionId) watch.hear(notify);
    }
  }

  /** Everything that it had vanishes with it. */
  #leave(service: KnownService): void {
    service.link.end();
    service.end.abort();
    if (this.#services.get(service.endpointId) !== service) return;
    this.#services.delete(service.endpointId);
    this.registry.deregister(service, '');
    for (const { watches } of this.#watchers) {
      for (const watch of [...watches]) if (watch.service === service.link) watches.delete(watch);
    }
    this.#parts.log.info('a service has gone', { service: service.endpointId });
    this.#tell();
  }

  /** A service is one once it has registered something. */
  #tell(): void {
    const rows = [...this.#services.values()].flatMap((service) => {
      const paths = this.registry.pathsOf(service);
      if (paths.length === 0) return [];
      return [
        {
          EndpointID: service.endpointId,
          Protocol: 'UDS',
          DataModelPaths: paths.join(','),
          HasController: String(this.#parts.hasController(service.endpointId)),
        },
      ];
    });
    void this.#table.fill(table, rows);
  }
}

function statusOf<T, Success>(
  result: { ok: true; value: T } | { ok: false; fault: OperationFailure },
  success: (value: T) => Success,
): { readonly operSuccess: Success } | { readonly operFailure: OperationFailure } {
  return result.ok ? { operSuccess: success(result.value) } : { operFailure: result.fault };
}
