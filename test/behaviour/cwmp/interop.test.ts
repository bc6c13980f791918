import { describe, expect, it } from 'vitest';
import { type AcsQuirk, acsQuirks } from '#lab';
import { startCpe } from '../../support/cpe.ts';

// The habits of servers in the field, one at a time and then all that go together. The ACS behind them is the strict one: whatever the client does wrong ends
// the session, and is remembered.
const ssid = 'Device.WiFi.SSID.1.SSID';
const pathological = 'Tom & Jerry <5G> "it\'s" \t café';

/** What an ACS does in its first hour: reads, names, writes, makes and deletes a row, sets an attribute, asks for nonsense. */
async function provision(cpe: Awaited<ReturnType<typeof startCpe>>): Promise<void> {
  await cpe.informed(1);
  const before = await cpe.call({ rpc: 'GetParameterValues', names: [ssid, 'Device.WiFi.SSID.1.Enable'] });
  expect(before.values?.get(ssid)).toBe('Old');
  const names = await cpe.call({ rpc: 'GetParameterNames', path: 'Device.WiFi.', nextLevel: true });
  expect([...names.names!.keys()]).toContain('Device.WiFi.SSID.');
  const values = [{ name: ssid, value: pathological }];
  // It concerns the network: taken over when the session is over.
  expect((await cpe.call({ rpc: 'SetParameterValues', values })).status).toBe(1);
  expect(cpe.fixture.config('wireless')).toContain('Tom & Jerry <5G>');
  const after = await cpe.call({ rpc: 'GetParameterValues', names: [ssid] });
  expect(after.values?.get(ssid)).toBe(pathological);
  const added = await cpe.call({ rpc: 'AddObject', path: 'Device.NAT.PortMapping.' });
  expect(added.instance).toBeGreaterThan(0);
  const row = `Device.NAT.PortMapping.${added.instance}.`;
  expect((await cpe.call({ rpc: 'DeleteObject', path: row })).status).toBe(1);
  expect((await cpe.call({ rpc: 'GetParameterValues', names: ['Device.Nope'] })).fault?.code).toBe(9005);
  expect(cpe.acs.violations).toEqual([]);
}

describe('an ACS with the habit', () => {
  /** `bare-ampersand` is no XML any more when more than `&` is in a text; these have tests of their own. */
  const own: readonly AcsQuirk[] = ['bare-ampersand', 'already-in-session', 'busy', 'no-compression', 'milliseconds'];
  it.each(acsQuirks.filter((quirk) => !own.includes(quirk)))('%s', async (quirk) => {
    await using cpe = await startCpe({ acs: { quirks: [quirk] } });
    await provision(cpe);
  });

  it('malformed-fault: repeats its Inform when a fault in an impossible element asks for it', async () => {
    await using cpe = await startCpe({ acs: { quirks: ['malformed-fault', 'retry-request'] } });
    await provision(cpe);
    expect(cpe.lines.join('\n')).not.toContain('session failed');
  });

  it('of everything at once that goes together', async () => {
    await using cpe = await startCpe({
      acs: {
        quirks: [
          'cookie-without-path',
          'default-namespaces',
          'wordy',
          'wrong-counts',
          'gzip',
          'close-delimited',
          'no-id',
        ],
      },
    });
    await provision(cpe);
  });

  it.each(['digest', 'basic'] as const)('of asking for %s anew on each connection', async (scheme) => {
    const authentication = { scheme, username: 'cpe', password: 'cpe-password' };
    await using cpe = await startCpe({ acs: { authentication, quirks: ['closes-each-time'] } });
    if (scheme === 'digest') {
      await provision(cpe);
      return;
    }
    // Basic would show the password to everybody on the way.
    await expect.poll(() => cpe.lines.join(), { timeout: 20_000 }).toContain('CWMP_AUTH');
    expect(cpe.acs.informs).toEqual([]);
    expect(cpe.lines.join()).not.toContain('cpe-password');
  });

  it('already-in-session: goes by the retry table until the old session is forgotten', async () => {
    await using cpe = await startCpe({ acs: { quirks: ['already-in-session'] } });
    await cpe.informed(1);
    // A session that the ACS thinks to be open still: begun by the same device, never ended.
    const { body, headers } = informOf(cpe);
    expect((await fetchText(cpe.acs.url, body, headers)).status).toBe(200);
    cpe.client.inform();
    await cpe.idle();
    await expect.poll(() => cpe.lines.join('\n')).toContain('the ACS answered 400');
    const said = cpe.lines.filter((line) => line.includes('session failed'));
    expect(said).toHaveLength(1);
    await fetchText(cpe.acs.url, 'not XML', headers);
    expect(cpe.client.status().state).not.toBe('in session');
  });

  it('busy: leaves it alone for as long as it says', async () => {
    await using cpe = await startCpe({ acs: { quirks: ['busy'] } });
    await expect.poll(() => cpe.client.status().state, { timeout: 20_000 }).toBe('waiting to retry');
    expect(cpe.clock.nextMs).toBeGreaterThanOrEqual(60_000);
    expect(cpe.clock.nextMs).toBeLessThanOrEqual(65_000);
    cpe.clock.advance(65_000);
    await cpe.informed(1);
    expect(cpe.acs.informs[0]!.retryCount).toBe(1);
  });

  it('no-compression: sends it as it is when compressed requests are refused', async () => {
    const cwmp = "\toption http_compression 'GZIP'\n";
    await using refusing = await startCpe({ cwmp, acs: { quirks: ['no-compression'] } });
    await provision(refusing);
    await using taking = await startCpe({ cwmp });
    await provision(taking);
  });

  it('bare-ampersand: a URL arrives as it was meant', async () => {
    await using cpe = await startCpe({ acs: { quirks: ['bare-ampersand'] } });
    await cpe.informed(1);
    const name = 'Device.DeviceInfo.ProvisioningCode';
    const value = 'http://files.example/?a=1&b=2&amper;&#x26;c=3&lt';
    expect((await cpe.call({ rpc: 'SetParameterValues', values: [{ name, value }] })).status).toBe(0);
    const config = cpe.fixture.config('tandem');
    expect(config).toContain('http://files.example/?a=1&b=2&amper;&c=3&lt');
    expect(cpe.acs.violations).toEqual([]);
  });

  it('milliseconds: takes times with fractions', async () => {
    await using cpe = await startCpe({ acs: { quirks: ['milliseconds'] } });
    await cpe.informed(1);
    const name = 'Device.ManagementServer.PeriodicInformTime';
    const values = [{ name, value: '2026-01-02T03:04:05Z', type: 'xsd:dateTime' }];
    expect((await cpe.call({ rpc: 'SetParameterValues', values })).status).toBe(0);
    const read = await cpe.call({ rpc: 'GetParameterValues', names: [name] });
    expect(Date.parse(read.values!.get(name)!)).toBe(Date.parse('2026-01-02T03:04:05Z'));
  });
});

const informOf = (cpe: { readonly acs: { readonly device: string | undefined } }) => {
  const [oui, productClass, serial] = cpe.acs.device!.split('-');
  return {
    headers: { soapaction: '', 'content-type': 'text/xml' },
    body: `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:e="http://schemas.xmlsoap.org/soap/encoding/" xmlns:c="urn:dslforum-org:cwmp-1-2"><s:Header><c:ID s:mustUnderstand="1">1</c:ID></s:Header><s:Body><c:Inform><DeviceId><Manufacturer>M</Manufacturer><OUI>${oui}</OUI><ProductClass>${productClass}</ProductClass><SerialNumber>${serial}</SerialNumber></DeviceId><Event e:arrayType="c:EventStruct[1]"><EventStruct><EventCode>2 PERIODIC</EventCode><CommandKey></CommandKey></EventStruct></Event><MaxEnvelopes>1</MaxEnvelopes><CurrentTime>2026-01-01T00:00:00Z</CurrentTime><RetryCount>0</RetryCount><ParameterList e:arrayType="c:ParameterValueStruct[0]"></ParameterList></c:Inform></s:Body></s:Envelope>`,
  };
};

async function fetchText(url: string, body: string, headers: Record<string, string>): Promise<{ status: number }> {
  const response = await fetch(url, { method: 'POST', body, headers });
  await response.text();
  return { status: response.status };
}
