import { describe, expect, it } from 'vitest';
import { errorCode, silentLog } from '#base';
import { createVerbs, type OwnRequest, runSession, type VerbContext } from '#cwmp';

// One session against an ACS of any version; every answer is made from what was sent.
type Version = '1-0' | '1-1' | '1-2';
interface Exchange {
  readonly bodies: string[];
  readonly outcome: Awaited<ReturnType<typeof runSession>> | undefined;
  readonly failure: string | undefined;
}

const soap = 'http://schemas.xmlsoap.org/soap/envelope/';
const envelope = (version: Version, id: string, headers: string, body: string): string =>
  `<s:Envelope xmlns:s="${soap}" xmlns:c="urn:dslforum-org:cwmp-${version}" xmlns:x="urn:example"><s:Header><c:ID s:mustUnderstand="1">${id}</c:ID>${headers}</s:Header><s:Body>${body}</s:Body></s:Envelope>`;

/** @param steps what the ACS says after the Inform, one after the other: headers and message; '' for an empty answer */
async function session(
  version: Version,
  informed: string,
  steps: readonly (readonly [headers: string, body: string] | '')[] = [],
  own: readonly string[] = [],
): Promise<Exchange> {
  const bodies: string[] = [];
  const requests = own.map(
    (method): OwnRequest => ({
      method,
      write: (writer, namespace) => writer.raw(`<cwmp:${method}><!--${namespace}--></cwmp:${method}>`),
      delivered: () => {},
      refused: () => {},
    }),
  );
  const left = [...steps];
  const post = async (body: string): Promise<string> => {
    bodies.push(body);
    const id = /<cwmp:ID[^>]*>([^<]+)/.exec(body)?.[1] ?? '';
    if (body.includes('<cwmp:Inform>')) {
      return envelope(version, id, informed, '<c:InformResponse><MaxEnvelopes>1</MaxEnvelopes></c:InformResponse>');
    }
    const method = own.find((name) => body.includes(`<cwmp:${name}>`));
    if (method !== undefined) return envelope(version, id, '', `<c:${method}Response/>`);
    const step = left.shift();
    return step ? envelope(version, 'acs1', step[0], step[1]) : '';
  };
  let ids = 0;
  try {
    const outcome = await runSession({
      transport: { post },
      inform: {
        deviceId: { manufacturer: 'M', oui: '00D09E', productClass: 'P', serialNumber: 'S' },
        events: [],
        now: 0,
        retryCount: 0,
        parameters: [],
      },
      ownRequests: requests,
      verbs: createVerbs(() => {}),
      context: { signal: new AbortController().signal } as VerbContext,
      log: silentLog,
      sessionTimeoutSeconds: 60,
      nextId: () => String(++ids),
    });
    return { bodies, outcome, failure: undefined };
  } catch (error) {
    return { bodies, outcome: undefined, failure: errorCode(error) };
  }
}
const use = (version: string): string => `<c:UseCWMPVersion s:mustUnderstand="1">${version}</c:UseCWMPVersion>`;
const namespaceOf = (body: string): string => /xmlns:cwmp="urn:dslforum-org:cwmp-([^"]+)"/.exec(body)?.[1] ?? '';
const hold = '<c:HoldRequests s:mustUnderstand="1">1</c:HoldRequests>';
const kindOf = (body: string): string => /<soap-env:Body><(?:cwmp|soap-env):(\w+)/.exec(body)?.[1] ?? '';

describe('versions of CWMP', () => {
  it('are all offered in the Inform, with the time that the ACS should wait', async () => {
    const { bodies } = await session('1-2', '');
    expect(bodies[0]).toContain(
      '<cwmp:SupportedCWMPVersions soap-env:mustUnderstand="0">1.0,1.1,1.2,1.3,1.4</cwmp:SupportedCWMPVersions>',
    );
    expect(bodies[0]).toContain('<cwmp:SessionTimeout soap-env:mustUnderstand="0">60</cwmp:SessionTimeout>');
    expect(bodies.slice(1).join()).not.toMatch(/SupportedCWMPVersions|SessionTimeout/);
  });

  it.each([
    ['1-0', '', '1.0', '1-0'],
    ['1-1', '', '1.1', '1-1'],
    ['1-2', '', '1.3', '1-2'],
    ['1-2', use('1.4'), '1.4', '1-2'],
    ['1-2', use('1.2'), '1.2', '1-2'],
    ['1-2', use('1.0'), '1.0', '1-0'],
    ['1-1', use('1.1'), '1.1', '1-1'],
  ] as const)('namespace %s with header %.40s: %s', async (version, header, chosen, namespace) => {
    const { bodies, outcome } = await session(version, header, [['', '<c:GetRPCMethods/>']], ['TransferComplete']);
    expect(outcome).toEqual({ served: ['GetRPCMethods'], version: chosen });
    expect(bodies.map(kindOf)).toEqual(['Inform', 'TransferComplete', '', 'GetRPCMethodsResponse']);
    expect(namespaceOf(bodies[1]!)).toBe(namespace);
    expect(bodies[1]).toContain(`<!--urn:dslforum-org:cwmp-${namespace}-->`);
    // An answer is in the namespace of its request.
    expect(namespaceOf(bodies[3]!)).toBe(version);
  });

  it.each([['1.5'], ['2.0'], [''], ['1.4,1.3']])('that were not offered (%s) end the session', async (version) => {
    const { bodies, failure } = await session('1-2', use(version));
    expect(failure).toBe('CWMP_VERSION');
    expect(bodies).toHaveLength(1);
  });
});

describe('headers', () => {
  it('that must be understood and are not: a fault for a request, the end of the session in an answer', async () => {
    const strange = '<x:Strange s:mustUnderstand="1"/>';
    expect((await session('1-2', strange)).failure).toBe('CWMP_MUST_UNDERSTAND');
    const { bodies, outcome } = await session('1-2', '', [[strange, '<c:GetRPCMethods/>']]);
    expect(bodies[2]).toContain('<faultcode>soap-env:MustUnderstand</faultcode>');
    expect(outcome?.served).toEqual(['GetRPCMethods']);
  });

  it('that need not be understood, and NoMoreRequests, are not looked at', async () => {
    const headers = '<x:Strange s:mustUnderstand="0"/><x:Other/><c:NoMoreRequests>1</c:NoMoreRequests>';
    const { bodies, failure } = await session('1-2', headers, [[headers, '<c:GetRPCMethods/>']]);
    expect(failure).toBeUndefined();
    expect(kindOf(bodies[2]!)).toBe('GetRPCMethodsResponse');
  });

  it('HoldRequests keeps our requests back until the ACS lets go or has nothing more', async () => {
    const released = await session(
      '1-2',
      hold,
      [[hold, '<c:GetRPCMethods/>'], ['', '<c:GetRPCMethods/>'], ''],
      ['TransferComplete'],
    );
    const answered = 'GetRPCMethodsResponse';
    expect(released.bodies.map(kindOf)).toEqual(['Inform', '', answered, answered, 'TransferComplete', '']);
    const silent = await session('1-2', hold, [''], ['TransferComplete', 'Kicked']);
    expect(silent.bodies.map(kindOf)).toEqual(['Inform', '', 'TransferComplete', 'Kicked', '']);
    expect(silent.failure).toBeUndefined();
  });
});
