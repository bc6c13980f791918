import { describe, expect, it } from 'vitest';
import { errorCode } from '#base';
import { readEnvelope, SoapError } from '#cwmp';

const wrap = (body: string, header = '', extra = ''): string =>
  `<?xml version="1.0"?>${extra}<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns:c="urn:dslforum-org:cwmp-1-2">` +
  `<s:Header>${header}</s:Header><s:Body>${body}</s:Body></s:Envelope>`;
const codeOf = (text: string): string | undefined => {
  try {
    readEnvelope(text);
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(SoapError);
    return errorCode(error);
  }
};

describe('reading an envelope', () => {
  it('goes by namespaces, never by prefixes', () => {
    const text =
      '\ufeff<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"><Body><Reboot xmlns="urn:dslforum-org:cwmp-1-0"><CommandKey/></Reboot></Body></Envelope>';
    const envelope = readEnvelope(text);
    expect(envelope).toMatchObject({ namespace: 'urn:dslforum-org:cwmp-1-0', method: 'Reboot' });
    expect(envelope.header.id).toBeUndefined();
  });

  it('reads headers', () => {
    const header =
      '<c:ID s:mustUnderstand="1">a 1</c:ID><c:HoldRequests s:mustUnderstand="1">true</c:HoldRequests><c:NoMoreRequests s:mustUnderstand="1">1</c:NoMoreRequests>';
    expect(readEnvelope(wrap('<c:GetRPCMethods/>', header)).header).toEqual({
      id: 'a 1',
      holdRequests: true,
      useVersion: undefined,
      notUnderstood: undefined,
    });
    const unknown = '<x:Odd xmlns:x="urn:x" s:mustUnderstand="1"/>';
    expect(readEnvelope(wrap('<c:GetRPCMethods/>', unknown)).header.notUnderstood).toBe('Odd');
  });

  it('takes a bare ampersand for itself, and a CDATA section as it is', () => {
    const url = readEnvelope(wrap('<c:Download><URL>http://a/?x=1&y=2</URL></c:Download>'));
    expect(url.body.children[0]!.text).toBe('http://a/?x=1&y=2');
    const cdata = readEnvelope(wrap('<c:Download><URL><![CDATA[a&amp;b]]></URL></c:Download>'));
    expect(cdata.body.children[0]!.text).toBe('a&amp;b');
  });

  it('finds the code of a fault', () => {
    const fault =
      '<s:Fault><faultcode>s:Server</faultcode><faultstring>CWMP fault</faultstring><detail><c:Fault><FaultCode>8005</FaultCode><FaultString>again</FaultString></c:Fault></detail></s:Fault>';
    expect(readEnvelope(wrap(fault)).fault).toEqual({
      code: 's:Server',
      text: 'CWMP fault',
      cwmpCode: 8005,
      cwmpText: 'again',
    });
  });

  it.each([
    ['', 'SOAP_MALFORMED'],
    ['<a/>', 'SOAP_MALFORMED'],
    ['<a><b></a>', 'SOAP_MALFORMED'],
    [wrap(''), 'SOAP_MALFORMED'],
    [wrap('<c:Reboot/><c:Reboot/>'), 'SOAP_MALFORMED'],
    [wrap('<x:Reboot xmlns:x="urn:other"/>'), 'SOAP_NAMESPACE'],
    [wrap('<c:Reboot/>', '', '<!DOCTYPE lol [<!ENTITY a "b">]>'), 'SOAP_DOCTYPE'],
    [wrap(`<c:Reboot>${'<a>'.repeat(100)}${'</a>'.repeat(100)}</c:Reboot>`), 'SOAP_TOO_LARGE'],
    [wrap(`<c:Reboot>${'<a/>'.repeat(100_001)}</c:Reboot>`), 'SOAP_TOO_LARGE'],
    [wrap(`<c:Reboot>${' '.repeat(4 << 20)}</c:Reboot>`), 'SOAP_TOO_LARGE'],
  ])('refuses %.60s', (text, code) => {
    expect(codeOf(text)).toBe(code);
  });
});
