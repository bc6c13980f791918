import { expect } from 'vitest';
import { errorCode } from '#base';
import { UspCodecError } from '#usp';

// Protobuf put together by hand, and what the codec says of it.
export const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

/** A length-delimited field. */
export function sized(number: number, ...content: Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  const head = [(number << 3) | 2];
  let rest = body.length;
  for (; rest > 0x7f; rest >>>= 7) head.push((rest & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([...head, rest]), body]);
}

/** @returns code of the refusal, `undefined`: there was none */
export function refusal(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(UspCodecError);
    return errorCode(error);
  }
}
