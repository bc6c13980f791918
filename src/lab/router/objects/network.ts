import type { BlobTable } from '#platform';
import { deviceNames, deviceStatus } from '../devices.ts';
import { interfaceStatus, interfaces } from '../interfaces.ts';
import type { World } from '../world.ts';
import { method, type RouterObject, StatusError, status, textArgument } from './object.ts';

/** What netifd remembers of its interfaces: since when each is up. */
export interface InterfaceTimes {
  /** Seconds since the interface came up. */
  upForSeconds(name: string): number;
}

const provider = 'netifd';

/** `network`, `network.device`, `network.interface` and one object for each interface. */
export function networkObjects(world: World, times: InterfaceTimes, reload: (config: string) => void): RouterObject[] {
  const restart = method({}, () => {
    reload('network');
    return undefined;
  });
  return [
    {
      path: 'network',
      provider,
      methods: {
        restart,
        reload: restart,
        get_proto_handlers: method({}, () => ({
          static: { validate: {}, 'no-device': false },
          dhcp: { validate: {}, 'no-device': false },
          dhcpv6: { validate: {}, 'no-device': false },
          pppoe: { validate: {}, 'no-device': false },
          modemmanager: { validate: {}, 'no-device': true },
        })),
      },
    },
    {
      path: 'network.device',
      provider,
      methods: {
        status: method({ name: 'string' }, (args) => {
          const name = textArgument(args, 'name');
          const names = deviceNames(world);
          if (name === undefined) return Object.fromEntries(names.map((each) => [each, deviceStatus(world, each)]));
          if (!names.includes(name)) throw new StatusError(status.notFound);
          return deviceStatus(world, name);
        }),
      },
    },
    {
      path: 'network.interface',
      provider,
      methods: {
        dump: method({}, () => ({
          interface: interfaces(world).map((i) => ({
            interface: i.name,
            ...interfaceStatus(i, times.upForSeconds(i.name)),
          })),
        })),
        status: method({ interface: 'string' }, (args) => {
          const name = textArgument(args, 'interface');
          if (name === undefined) throw new StatusError(status.invalidArgument);
          return statusOf(world, times, name);
        }),
        ...interfaceMethods(world, (args) => textArgument(args, 'interface')),
      },
    },
  ];
}

export function interfaceObject(world: World, times: InterfaceTimes, name: string): RouterObject {
  return {
    path: `network.interface.${name}`,
    provider,
    methods: {
      status: method({}, () => statusOf(world, times, name)),
      dump: method({}, () => statusOf(world, times, name)),
      ...interfaceMethods(world, () => name),
    },
  };
}

function statusOf(world: World, times: InterfaceTimes, name: string): BlobTable {
  const found = interfaces(world).find((i) => i.name === name);
  if (found === undefined) throw new StatusError(status.notFound);
  return interfaceStatus(found, times.upForSeconds(name));
}

function interfaceMethods(world: World, nameOf: (args: BlobTable) => string | undefined): RouterObject['methods'] {
  const act = (work: (name: string) => void) =>
    method({ interface: 'string' }, (args) => {
      const name = nameOf(args);
      if (!interfaces(world).some((i) => i.name === name)) throw new StatusError(status.notFound);
      work(name!);
      world.changed.emit();
      return undefined;
    });
  return {
    up: act((name) => void world.stopped.delete(name)),
    down: act((name) => void world.stopped.add(name)),
    renew: act(() => {}),
  };
}
