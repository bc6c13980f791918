/** What a DHCP server would send, in the hexadecimal digits in which the hook of the DHCP client hands it on. */
export type Codes = readonly (readonly [code: number, value: string | Uint8Array])[];

const coded = (codes: Codes, width: 1 | 2): Buffer =>
  Buffer.concat(
    codes.map(([code, value]) => {
      const bytes = Buffer.from(value);
      const head = Buffer.alloc(2 * width);
      head.writeUIntBE(code, 0, width);
      head.writeUIntBE(bytes.length, width, width);
      return Buffer.concat([head, bytes]);
    }),
  );

const numbered = (enterprise: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(enterprise);
  return bytes;
};

export const opt43 = (codes: Codes): string => coded(codes, 1).toString('hex');
export const opt125 = (codes: Codes, enterprise = 3561): string => {
  const bytes = coded(codes, 1);
  return Buffer.concat([numbered(enterprise), Buffer.of(bytes.length), bytes]).toString('hex');
};
export const opt17 = (codes: Codes, enterprise = 3561): string =>
  Buffer.concat([numbered(enterprise), coded(codes, 2)]).toString('hex');
