import type { Model } from '#model';
import type { Files } from '#platform';
import { saidAnything } from './discovery.ts';
import { readLeases } from './leases.ts';
import type { GatewayIdentity } from './vendor-options.ts';
import { gatewayOf } from './vendor-options.ts';

const path = 'Device.GatewayInfo.';

/** `Device.GatewayInfo.`: the gateway in front of this device, as it names itself by DHCP (TR-069 Annex F). */
export class GatewayInfo implements Disposable {
  readonly #model: Model;
  readonly #files: Files;
  readonly #declared: Disposable;
  #gateway: GatewayIdentity | undefined;

  constructor(model: Model, files: Files) {
    this.#model = model;
    this.#files = files;
    this.#declared = model.declare({
      path,
      parameters: {
        ManagementProtocol: { get: () => (this.#gateway ? 'CWMP' : '') },
        ManufacturerOUI: { get: () => this.#gateway?.oui ?? '' },
        ProductClass: { get: () => this.#gateway?.productClass ?? '' },
        SerialNumber: { get: () => this.#gateway?.serialNumber ?? '' },
      },
      events: ['CWMPGatewayDiscovered!'],
    });
  }

  /** A lease has come, changed or gone. */
  async look(): Promise<void> {
    const gateway = saidAnything(this.#files) ? this.#read() : undefined;
    const before = this.#gateway;
    this.#gateway = gateway;
    if (JSON.stringify(gateway) === JSON.stringify(before)) return;
    await this.#model.changed();
    if (!gateway) return;
    const { oui, productClass, serialNumber } = gateway;
    const args = { ManufacturerOUI: oui, ProductClass: productClass, SerialNumber: serialNumber };
    this.#model.raise(`${path}CWMPGatewayDiscovered!`, args, { by: 'device' });
  }

  [Symbol.dispose](): void {
    this.#declared[Symbol.dispose]();
  }

  #read(): GatewayIdentity | undefined {
    for (const lease of readLeases(this.#files)) {
      const gateway = gatewayOf(lease);
      if (gateway) return gateway;
    }
    return undefined;
  }
}
