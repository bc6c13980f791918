import type { Model } from '#model';

/** The data model as an ACS is shown it: TR-181 as it is, or another root on top of it. The verbs do not know which. */
export interface AcsModel extends Model {
  /** `Device.` or `InternetGatewayDevice.` */
  readonly root: string;
  /**
   * Parameters of rows that are in every Inform beside those marked forcedInform (TR-098 2.4.1: the address of the default WAN
   * connection; TR-069 Annex F: the gateway that has named itself). Full paths.
   */
  alwaysInformed(): Promise<readonly string[]>;
  /** Where a parameter of TR-181 is found under this root; `undefined`: nowhere. */
  pathOf(devicePath: string): Promise<string | undefined>;
}

/** TR-181 itself. */
export function tr181View(model: Model): AcsModel {
  return {
    root: 'Device.',
    alwaysInformed: () => gatewayOf(model),
    pathOf: async (path) => path,
    supported: (protocol) => model.supported(protocol),
    coverage: (protocol) => model.coverage(protocol),
    get: (view, paths, options) => model.get(view, paths, options),
    names: (view, path, nextLevel) => model.names(view, path, nextLevel),
    instances: (view, path, first) => model.instances(view, path, first),
    write: (view, writes, options) => model.write(view, writes, options),
    applyPostponed: () => model.applyPostponed(),
    operate: (view, request) => model.operate(view, request),
    begin: (operation) => model.begin(operation),
    watch: (view, request, heard) => model.watch(view, request, heard),
    declare: (declaration) => model.declare(declaration),
    declareTable: (declaration) => model.declareTable(declaration),
    raise: (path, args, origin) => model.raise(path, args, origin),
    changed: () => model.changed(),
  };
}

/** Whoever reads the Inform knows behind which gateway the device is, whatever has changed. */
async function gatewayOf(model: Model): Promise<readonly string[]> {
  const [reading] = await model.get({ protocol: 'cwmp' }, ['Device.GatewayInfo.']);
  const [gateway] = reading?.result.ok ? reading.result.value : [];
  if (!gateway?.parameters.some(({ value }) => value !== '')) return [];
  return gateway.parameters.map(({ info }) => gateway.path + info.name);
}

/** The same for the length of a session: what carries its connection is written, and taken over only with `applyPostponed` (TR-069 A.3.2.1, Status 1). */
export function postponing(model: AcsModel): AcsModel {
  return { ...model, write: (view, writes, options) => model.write(view, writes, { ...options, postpone: true }) };
}
