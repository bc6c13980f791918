import { describe, expect, it } from 'vitest';
import { acsOf, gatewayOf } from '../../../src/services/discovery/vendor-options.ts';
import { opt17, opt43, opt125 } from '../../support/dhcp-options.ts';

const none = { opt43: '', opt125: '', opt17: '' };
const url = 'https://acs.example/cwmp';
const text = (value: string): string => Buffer.from(value).toString('hex');
const all = {
  url,
  provisioningCode: 'town-7',
  retryMinimumWait: '7',
  retryMultiplier: '3000',
};

describe('what DHCP says of the ACS', () => {
  it.each([
    [
      '43',
      {
        opt43: opt43([
          [1, url],
          [2, 'town-7'],
          [3, '7'],
          [4, '3000'],
        ]),
      },
    ],
    [
      '43 with an end and padding',
      {
        opt43: `00${opt43([
          [1, url],
          [2, 'town-7'],
          [3, '7'],
          [4, '3000'],
        ])}ff0102`,
      },
    ],
    [
      '43 with texts that end with NUL',
      {
        opt43: opt43([
          [1, `${url}\0`],
          [2, 'town-7\0'],
          [3, '7\0'],
          [4, '3000\0'],
        ]),
      },
    ],
    [
      '125',
      {
        opt125: opt125([
          [11, url],
          [12, 'town-7'],
          [13, '7'],
          [14, '3000'],
        ]),
      },
    ],
    [
      '125 behind the block of somebody else',
      {
        opt125:
          opt125([[11, 'https://other.example/']], 9) +
          opt125([
            [11, url],
            [12, 'town-7'],
            [13, '7'],
            [14, '3000'],
          ]),
      },
    ],
    [
      '17',
      {
        opt17: opt17([
          [1, url],
          [2, 'town-7'],
          [3, '7'],
          [4, '3000'],
        ]),
      },
    ],
  ])('is read from option %s', (_, options) => {
    expect(acsOf({ ...none, ...options }, false)).toEqual(all);
  });

  it.each([
    ['bare in option 43', text(url)],
    ['bare with an end', text(`${url}\0`)],
    ['with credentials behind it, which are not taken', opt43([[1, `${url} user secret`]])],
  ])('may be a URL %s', (_, hex) => {
    expect(acsOf({ ...none, opt43: hex }, false)).toEqual({ url });
  });

  it.each([
    ['plain', 'http://acs.example/'],
    ['with credentials', 'https://user:secret@acs.example/'],
    ['of another scheme', 'ftp://acs.example/'],
    ['no URL at all', 'acs.example'],
    ['too long', `https://acs.example/${'a'.repeat(240)}`],
    ['with control characters', 'https://acs.example/\n'],
    ['with what is no ASCII', 'https://äcs.example/'],
    ['empty', ''],
  ])('counts for nothing when its URL is %s', (_, bad) => {
    const options = {
      ...none,
      opt17: opt17([
        [1, bad],
        [2, 'x'],
      ]),
    };
    expect(acsOf(options, false)).toBeUndefined();
  });

  it('may be plain in a lab', () => {
    expect(acsOf({ ...none, opt43: opt43([[1, 'http://acs.example/']]) }, true)).toEqual({
      url: 'http://acs.example/',
    });
  });

  it.each([
    ['a wait of nothing', 3, '0'],
    ['a wait that is no number', 3, '5s'],
    ['a wait that is too long', 3, '65536'],
    ['a multiplier below one', 4, '999'],
    ['a multiplier with a sign', 4, '+2000'],
    ['a code of 65 characters', 2, 'c'.repeat(65)],
  ])('goes without %s', (_, code, value) => {
    expect(
      acsOf(
        {
          ...none,
          opt43: opt43([
            [1, url],
            [code, value],
          ]),
        },
        false,
      ),
    ).toEqual({ url });
  });

  it('counts in this order: DHCPv6, option 43, option 125', () => {
    const v6 = opt17([[1, 'https://six.example/']]);
    const plain = opt43([[1, 'https://plain.example/']]);
    const identified = opt125([[11, 'https://identified.example/']]);
    const offered = (options: Partial<typeof none>) => acsOf({ ...none, ...options }, false)?.url;
    expect(offered({ opt17: v6, opt43: plain, opt125: identified })).toBe('https://six.example/');
    expect(offered({ opt43: plain, opt125: identified })).toBe('https://plain.example/');
    expect(offered({ opt43: opt43([[2, 'no URL']]), opt125: identified })).toBe('https://identified.example/');
  });

  it('is what comes before an option is cut off', () => {
    const whole = opt43([
      [2, 'town-7'],
      [1, url],
      [3, '7'],
    ]);
    expect(acsOf({ ...none, opt43: whole.slice(0, -2) }, false)).toEqual({ url, provisioningCode: 'town-7' });
    expect(acsOf({ ...none, opt43: whole.slice(0, -1) }, false)).toBeUndefined();
    expect(acsOf({ ...none, opt125: opt125([[11, url]]).slice(0, -2) }, false)).toBeUndefined();
  });
});

describe('what DHCP says of the gateway', () => {
  it('is read from option 125 and from option 17', () => {
    const gateway = { oui: '00D09E', serialNumber: 'G1', productClass: 'Gate' };
    expect(
      gatewayOf({
        ...none,
        opt125: opt125([
          [4, '00d09e'],
          [5, 'G1'],
          [6, 'Gate'],
        ]),
      }),
    ).toEqual(gateway);
    expect(
      gatewayOf({
        ...none,
        opt17: opt17([
          [14, '00D09E'],
          [15, 'G1'],
          [16, 'Gate'],
        ]),
      }),
    ).toEqual(gateway);
    expect(
      gatewayOf({
        ...none,
        opt125: opt125([
          [4, '00D09E'],
          [5, 'G1'],
        ]),
      }),
    ).toEqual({ ...gateway, productClass: '' });
  });

  it.each([
    ['no serial number', [[4, '00D09E']] as const],
    [
      'an OUI that is none',
      [
        [4, '00D09'],
        [5, 'G1'],
      ] as const,
    ],
    [
      'a serial number of 65 characters',
      [
        [4, '00D09E'],
        [5, 'G'.repeat(65)],
      ] as const,
    ],
    [
      'the numbers of requests',
      [
        [1, '00D09E'],
        [2, 'G1'],
        [3, 'Gate'],
      ] as const,
    ],
  ])('counts for nothing with %s', (_, codes) => {
    expect(gatewayOf({ ...none, opt125: opt125(codes) })).toBeUndefined();
  });
});
