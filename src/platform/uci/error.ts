import { TandemError } from '#base';

export type UciErrorCode = 'UCI_PARSE' | 'UCI_IO' | 'UCI_INVALID' | 'UCI_NOT_FOUND' | 'UCI_LIMIT' | 'UCI_BUSY';

/** What goes wrong with a UCI package. A parse error says where: `line` counts from 1, `byte` from 0 within the line. */
export class UciError extends TandemError {
  readonly line: number | undefined;
  readonly byte: number | undefined;
  constructor(
    code: UciErrorCode,
    message: string,
    options?: { cause?: unknown; line?: number | undefined; byte?: number | undefined },
  ) {
    super(code, message, options);
    this.line = options?.line;
    this.byte = options?.byte;
  }
}
