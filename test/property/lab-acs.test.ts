import fc from 'fast-check';
import { SaxesParser } from 'saxes';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Acs, startAcs } from '#lab';

let acs: Acs;
beforeAll(async () => {
  acs = await startAcs();
});
afterAll(() => acs[Symbol.asyncDispose]());

const envelope = (id: string, body: string): string =>
  `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:e="http://schemas.xmlsoap.org/soap/encoding/" xmlns:c="urn:dslforum-org:cwmp-1-2"><s:Header><c:ID s:mustUnderstand="1">${id}</c:ID></s:Header><s:Body>${body}</s:Body></s:Envelope>`;
const inform = envelope(
  '1',
  `<c:Inform><DeviceId><Manufacturer>M</Manufacturer><OUI>00D09E</OUI><ProductClass>Box</ProductClass><SerialNumber>S1</SerialNumber></DeviceId><Event e:arrayType="c:EventStruct[1]"><EventStruct><EventCode>1 BOOT</EventCode><CommandKey/></EventStruct></Event><MaxEnvelopes>1</MaxEnvelopes><CurrentTime>2026-01-01T00:00:00Z</CurrentTime><RetryCount>0</RetryCount><ParameterList e:arrayType="c:ParameterValueStruct[0]"/></c:Inform>`,
);

async function post(body: string | Uint8Array<ArrayBuffer>, cookie = ''): Promise<Response> {
  return fetch(acs.url, { method: 'POST', body, headers: { soapaction: '', 'content-type': 'text/xml', cookie } });
}
async function begin(): Promise<string> {
  return (await post(inform)).headers.get('set-cookie')!.split(';')[0]!;
}

/** A good text with something else in the place of a part of it. */
const damaged = (text: string): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.nat(text.length),
      fc.nat(60),
      fc.oneof(fc.string(), fc.constantFrom('<a>', '</s:Body>', '<![CDATA[', '<!DOCTYPE a>', '&', '&#0;', ' xmlns=""')),
    )
    .map(([from, length, other]) => text.slice(0, from) + other + text.slice(from + length));

it('takes a first message or refuses it with a reason, whatever it is', async () => {
  const anything = fc.oneof(damaged(inform), fc.string({ unit: 'binary' }));
  await fc.assert(
    fc.asyncProperty(anything, async (text) => {
      const [violations, informs] = [acs.violations.length, acs.informs.length];
      const { status } = await post(text);
      expect([status, acs.violations.length - violations, acs.informs.length - informs]).toEqual(
        status === 200 ? [200, 0, 1] : [400, 1, 0],
      );
    }),
  );
});

it('takes any bytes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1 }), async (bytes) => {
      expect((await post(Uint8Array.from(bytes))).status).toBe(400);
    }),
  );
});

it('takes an answer or refuses it, and the caller is told either way', async () => {
  const good = envelope(
    'ID',
    '<c:GetParameterValuesResponse><ParameterList e:arrayType="c:ParameterValueStruct[1]"><ParameterValueStruct><Name>A</Name><Value>b</Value></ParameterValueStruct></ParameterList></c:GetParameterValuesResponse>',
  );
  await fc.assert(
    fc.asyncProperty(damaged(good), async (text) => {
      const cookie = await begin();
      const answered = acs.call(acs.device!, { rpc: 'GetParameterValues', names: ['A'] }).then(
        () => 204,
        () => 400,
      );
      const asked = await (await post('', cookie)).text();
      const { status } = await post(text.replace('ID', /<cwmp:ID[^>]*>(\w+)</.exec(asked)![1]!), cookie);
      expect(status).toBe(await answered);
    }),
  );
});

it('writes any text so that another parser reads the same, or does not send it', async () => {
  const anyText = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom(...'<>&"\'\r\n\t ]a\u0001') }),
  );
  let sent = 0;
  await fc.assert(
    fc.asyncProperty(anyText, async (value) => {
      const cookie = await begin();
      let refused = false;
      const answered = acs.call(acs.device!, { rpc: 'SetParameterValues', values: [{ name: 'A', value }] });
      answered.catch(() => {
        refused = true;
      });
      const response = await post('', cookie);
      expect(refused).toBe(response.status === 204);
      expect(refused).toBe(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Cs}/u.test(value));
      if (refused) return;
      sent++;
      expect(readValue(await response.text())).toBe(value);
    }),
  );
  expect(sent).toBeGreaterThan(0);
});

function readValue(text: string): string {
  const parser = new SaxesParser({ xmlns: true });
  let value = '';
  let inside = false;
  parser.on('opentag', ({ local }) => {
    inside = local === 'Value';
  });
  parser.on('text', (piece) => {
    if (inside) value += piece;
  });
  parser.on('closetag', () => {
    inside = false;
  });
  parser.write(text).close();
  return value;
}
