import { X509Certificate } from 'node:crypto';
import { ok, type Result, refused } from '#base';
import type { CommandResult, Model, ModelFault, Origin, StoredTable } from '#model';
import { fingerprintAlgorithms, fingerprintOf, nameOnOneLine, parseCertificate } from './certificate.ts';

const table = 'Device.LocalAgent.Certificate.{i}.';
/** Beside the columns: the certificate itself, which TR-181 has no parameter for. */
const body = '.pem';
/** It is its controller's because it came first: nobody else is trusted for it. */
const firstMark = '.first';
const rowLimit = 64;
/** References to certificates, which go with them. */
const holders = [
  { path: 'Device.LocalAgent.Controller.', name: 'Credential' },
  { path: 'Device.LocalAgent.ControllerTrust.Credential.', name: 'Credential' },
];

/** `Device.LocalAgent.Certificate.{i}.`: certificates of controllers and authorities, put there by controllers and kept on flash. */
export class Certificates implements Disposable {
  readonly #model: Model;
  readonly #table: StoredTable;
  readonly #declared: Disposable[];
  readonly #changed: () => void;
  /** By row without the last dot, those that are enabled. */
  #known: ReadonlyMap<string, X509Certificate> | undefined;
  /** SHA-256 of those that came first. */
  #first: ReadonlySet<string> = new Set();

  /** @param changed what is trusted may be something else now */
  constructor(model: Model, changed: () => void) {
    this.#model = model;
    this.#changed = changed;
    this.#table = model.declareTable({
      path: table,
      columns: ['Alias', 'Enable', 'SerialNumber', 'Issuer'],
      commands: {
        'Delete()': (_, { row, origin }) => this.#delete(row.path, origin),
        'GetFingerprint()': async ({ FingerprintAlgorithm = '' }, { row }) =>
          this.#fingerprint(row.path, FingerprintAlgorithm),
      },
      committed: () => this.#renew(),
    });
    this.#declared = [
      model.declare({
        path: 'Device.LocalAgent.',
        parameters: { SupportedFingerprintAlgorithms: { get: () => Object.keys(fingerprintAlgorithms).join(',') } },
        commands: {
          'AddCertificate()': async (args, { origin }) => {
            const added = await this.add(args, origin);
            return added.ok ? ok({}) : added;
          },
        },
      }),
    ];
  }

  /** Certificates of these rows (without the last dot) that are enabled. */
  of(rows: readonly string[]): X509Certificate[] {
    return rows.flatMap((row) => this.#enabled().get(row) ?? []);
  }

  /** All that are enabled and good for whatever connection. */
  all(): X509Certificate[] {
    return [...this.#enabled().values()].filter((one) => !this.cameFirst(one));
  }

  /** Whether it was trusted on first use. */
  cameFirst({ fingerprint256 }: X509Certificate): boolean {
    this.#enabled();
    return this.#first.has(fingerprint256);
  }

  /** `AddCertificate()`. @param came `first`: it is trusted on first use @returns the new row, without its last dot */
  async add(
    args: Readonly<Record<string, string>>,
    origin: Origin,
    came?: 'first',
  ): Promise<Result<string, ModelFault>> {
    const { Alias = '', Certificate: pem = '' } = args;
    const certificate = parseCertificate(pem);
    if (!certificate) return refused({ kind: 'invalid-value', message: 'Certificate is not one certificate in PEM' });
    const SerialNumber = certificate.serialNumber.slice(0, 64);
    const Issuer = nameOnOneLine(certificate.issuer).slice(0, 256);
    const rows = this.#table.rows();
    const failed = (message: string): Result<string, ModelFault> => refused({ kind: 'command-failed', message });
    if (rows.length >= rowLimit) return refused({ kind: 'resources', message: 'there are too many certificates' });
    if (rows.some(({ values }) => values.SerialNumber === SerialNumber && values.Issuer === Issuer))
      return failed('there is one with this serial number and issuer');
    if (Alias !== '' && rows.some(({ values }) => values.Alias === Alias)) return failed('the Alias is taken');
    const values = {
      Enable: 'true',
      SerialNumber,
      Issuer,
      [body]: certificate.toString(),
      ...(Alias !== '' && { Alias }),
      ...(came && { [firstMark]: '1' }),
    };
    const [row] = await this.#table.change([{ values }], [], origin);
    this.#renew();
    return ok(row!.path.slice(0, -1));
  }

  [Symbol.dispose](): void {
    for (const declared of this.#declared) declared[Symbol.dispose]();
  }

  #enabled(): ReadonlyMap<string, X509Certificate> {
    if (this.#known) return this.#known;
    const rows = this.#table.rows().filter(({ values }) => values.Enable === 'true' && values[body] !== undefined);
    const known = new Map(rows.map(({ path, values }) => [path.slice(0, -1), new X509Certificate(values[body]!)]));
    const first = rows.filter(({ values }) => values[firstMark] !== undefined);
    this.#first = new Set(first.map(({ path }) => known.get(path.slice(0, -1))!.fingerprint256));
    this.#known = known;
    return known;
  }

  #renew(): void {
    this.#known = undefined;
    this.#changed();
  }

  async #fingerprint(path: string, algorithm: string): Promise<CommandResult> {
    const pem = this.#table.rows().find((row) => row.path === path)?.values[body];
    const Fingerprint = pem === undefined ? undefined : fingerprintOf(new X509Certificate(pem).raw, algorithm);
    if (Fingerprint === undefined)
      return refused({ kind: 'command-arguments', message: 'FingerprintAlgorithm is not supported', path });
    return ok({ Fingerprint });
  }

  /** References first: without the row they would refer to nothing. */
  async #delete(path: string, origin: Origin): Promise<CommandResult> {
    const row = path.slice(0, -1);
    const view = { protocol: 'usp' } as const;
    for (const { path: holder, name } of holders) {
      const [reading] = await this.#model.get(view, [`${holder}*.${name}`]);
      if (!reading?.result.ok) continue;
      for (const object of reading.result.value) {
        const references = object.parameters[0]!.value.split(',');
        if (!references.includes(row)) continue;
        const value = references.filter((one) => one !== row).join();
        await this.#model.write(
          view,
          [{ op: 'set', path: object.path, parameters: [{ name, value, required: true }] }],
          {
            origin,
            partial: false,
          },
        );
      }
    }
    await this.#table.change([], [path], origin);
    this.#renew();
    return ok({});
  }
}
