import type { Model } from '#model';

/** What these rows of `Device.IP.Interface.` (without the last dot) can be reached by, IPv4 and IPv6, as they are now. */
export async function addressesOf(model: Model, interfaces: readonly string[]): Promise<readonly string[]> {
  const paths = interfaces.flatMap((path) => [`${path}.IPv4Address.*.IPAddress`, `${path}.IPv6Address.*.IPAddress`]);
  return (await model.get({ protocol: 'usp' }, paths)).flatMap(({ result }) =>
    result.ok ? result.value.flatMap(({ parameters }) => parameters.map(({ value }) => value)) : [],
  );
}
