import type { Bench, Params } from '../bench.ts';
import type { Peer } from '../side/peer.ts';
import { WebSocketSide } from '../side/web-socket.ts';

/** What a Controller row and its transports are made of: enough to make them again. */
export interface ControllerCopy {
  readonly own: Params;
  readonly mtps: readonly { readonly own: Params; readonly transport: string; readonly settings: Params }[];
}

const transports = ['WebSocket', 'MQTT', 'STOMP', 'UDS'];
/** Read only, or made up by the agent anew. */
const left = new Set(['Alias', 'BootParameterNumberOfEntries', 'MTPNumberOfEntries', 'InheritedRole', 'Status']);

export async function copyController(t: Bench, path: string): Promise<ControllerCopy> {
  const values = await t.values(path);
  const below = (object: string): Params =>
    Object.fromEntries(
      Object.entries(values)
        .filter(([name]) => name.startsWith(object) && !name.slice(object.length).includes('.'))
        .map(([name, value]) => [name.slice(object.length), value] as const)
        .filter(([name, value]) => !left.has(name) && value !== ''),
    );
  const mtps = (await t.rows(`${path}MTP.`)).map((row) => {
    const own = below(row);
    const transport = transports.find((name) => name === own.Protocol) ?? '';
    return { own: only(own, ['Protocol', 'Order']), transport, settings: below(`${row}${transport}.`) };
  });
  return { own: only(below(path), ['EndpointID', 'AssignedRole', 'ControllerCode']), mtps };
}

const only = (params: Params, names: readonly string[]): Params =>
  Object.fromEntries(names.flatMap((name) => (params[name] === undefined ? [] : [[name, params[name]]])));

/** Makes the row, then its transports, and enables them last. What an agent does not let be written stays as it is there. @returns its path */
export async function addController(t: Bench, copy: ControllerCopy, without: readonly string[] = []): Promise<string> {
  const own = Object.fromEntries(Object.entries(copy.own).filter(([name]) => !without.includes(name)));
  const path = await added(t, 'Device.LocalAgent.Controller.', { ...own, Enable: 'true' });
  for (const { own: mtp, transport, settings } of copy.mtps) {
    const row = await added(t, `${path}MTP.`, mtp);
    await t.trySet(true, [[`${row}${transport}.`, settings]]);
    await t.setTo(row, { 'Enable!': 'true' });
  }
  return path;
}

/** Not put back: the test that calls it decides what stays. */
async function added(t: Bench, table: string, params: Params): Promise<string> {
  const resp = t.expect(
    0,
    await t.ask('add', {
      allowPartial: false,
      createObjs: [
        {
          objPath: table,
          paramSettings: Object.entries(params).map(([param, value]) => ({ param, value, required: false })),
        },
      ],
    }),
  );
  const path = resp.createdObjResults[0]?.operStatus?.operSuccess?.instantiatedPath;
  t.metric(0, path !== undefined, `no row was added to ${table}`);
  return path;
}

/** Takes the secondary controller off the agent for the time of a test. @returns what it was made of */
export async function withoutSecond(t: Bench): Promise<{ copy: ControllerCopy; path: string }> {
  const path = await t.controllerPath(t.second);
  const copy = await copyController(t, path);
  t.later(async () => {
    for (const row of await controllersOf(t, t.second)) await removeSecond(t, row);
    const before = t.link.connections('secondary');
    await addController(t, copy);
    await t.time.until(() => (t.link.connections('secondary') > before ? true : undefined), 60);
  });
  return { copy, path };
}

/** Deletes the row. A connection of its own that the agent leaves open would be in the way of the next. */
export async function removeSecond(t: Bench, path: string): Promise<void> {
  t.expect(0, await t.tryDelete(false, path));
  await t.pass(1);
  if (t.link instanceof WebSocketSide && t.link.there('secondary')) t.link.cut('secondary');
}

async function controllersOf(t: Bench, peer: Peer): Promise<string[]> {
  const ids = await t.values('Device.LocalAgent.Controller.*.EndpointID');
  return Object.entries(ids)
    .filter(([, id]) => id === peer.endpointId)
    .map(([name]) => name.slice(0, -'EndpointID'.length));
}
