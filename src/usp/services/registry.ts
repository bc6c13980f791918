import { ok, type Result, refused } from '#base';
import type { OperationFailure } from '../codec/types.ts';
import { covers } from './paths.ts';

export interface RegistryParts {
  /** What the agent itself has. */
  readonly isOwn: (path: string) => boolean;
  /** Paths that a service may register (`Device.USPServices.Trust.{i}.TargetPaths`). */
  readonly allowed: (service: string) => readonly string[];
}

const limitForEach = 64;
const failure = (errCode: number, errMsg: string): Result<never, OperationFailure> => refused({ errCode, errMsg });

/** Which service has registered which part of the data model; no part has two (TR-369 "The Register Message"). */
export class Registry<Service extends { readonly endpointId: string }> {
  readonly #parts: RegistryParts;
  readonly #owners = new Map<string, Service>();

  constructor(parts: RegistryParts) {
    this.#parts = parts;
  }

  get empty(): boolean {
    return this.#owners.size === 0;
  }

  register(service: Service, path: string): Result<string, OperationFailure> {
    // R-REG.2
    if (!/^Device\.([A-Za-z_][A-Za-z0-9_-]*\.)*([A-Za-z_][A-Za-z0-9_-]*(\(\)|!)?)?$/.test(path) || path === 'Device.') {
      return failure(7028, 'not a path that can be registered');
    }
    const taken = [...this.#owners].find(([known]) => covers(known, path) || covers(path, known));
    if (taken?.[0] === path && taken[1] === service) return ok(path);
    if (taken) return failure(7029, `${taken[0]} has been registered`);
    if (!this.#parts.allowed(service.endpointId).some((target) => covers(target, path))) {
      return failure(7006, 'not permitted to this service');
    }
    if (this.#parts.isOwn(path)) return failure(7028, 'the agent has it already');
    if (this.pathsOf(service).length >= limitForEach) return failure(7005, 'too many paths');
    this.#owners.set(path, service);
    return ok(path);
  }

  deregister(service: Service, path: string): Result<readonly string[], OperationFailure> {
    if (path === '') {
      // R-DEREG.2
      const all = this.pathsOf(service);
      for (const one of all) this.#owners.delete(one);
      return ok(all);
    }
    const owner = this.#owners.get(path);
    if (!owner) return failure(7030, 'not registered');
    if (owner !== service) return failure(7031, 'registered by another service');
    this.#owners.delete(path);
    return ok([path]);
  }

  pathsOf(service: Service): string[] {
    return [...this.#owners].flatMap(([path, owner]) => (owner === service ? [path] : []));
  }

  /** Whose a (plain) path is. */
  ownerOf(plain: string): Service | undefined {
    return [...this.#owners].find(([path]) => covers(path, plain))?.[1];
  }

  /** What is registered below a (plain) path of an object that is nobody's. */
  below(plain: string): { readonly path: string; readonly service: Service }[] {
    if (!plain.endsWith('.')) return [];
    return [...this.#owners].flatMap(([path, service]) =>
      path.startsWith(plain) && path !== plain ? [{ path, service }] : [],
    );
  }
}
