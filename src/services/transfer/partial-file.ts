import { TandemError } from '#base';
import type { ByteSink, HttpHead, Staging } from '#platform';
import { type TransferFault, transferFault } from './fault.ts';

/**
 * A file that may have come in part. Beside it lies what its server called this very version of it, so that the rest can be asked for after a broken connection or
 * a restart (RFC 9110, 13.1.5 and 14.2). Without a strong validator it begins anew.
 */
export class PartialFile {
  readonly #staging: Staging;
  readonly #name: string;
  readonly #note: string;
  readonly #url: string;

  constructor(staging: Staging, name: string, url: string) {
    this.#staging = staging;
    this.#name = name;
    this.#note = `${name}.origin`;
    this.#url = url;
  }

  get length(): number {
    return this.#staging.size(this.#name) ?? 0;
  }

  /** Headers that ask for what is missing; none: for all of it. */
  get resumption(): Readonly<Record<string, string>> {
    const validator = this.#validator;
    return this.length > 0 && validator !== undefined
      ? { range: `bytes=${this.length}-`, 'if-range': validator }
      : ({} as Record<string, string>);
  }

  drop(): void {
    this.#staging.remove(this.#name);
    this.#staging.remove(this.#note);
  }

  /** Where the body of this answer (200 or 206) goes, or why it is not taken: `incomplete` for a range that was not asked for. */
  begin(head: HttpHead, announcedBytes: number, limitBytes: number): ByteSink | TransferFault {
    const offset = head.status === 206 ? this.length : 0;
    const range = /^bytes (\d{1,15})-\d{1,15}\/(\d{1,15}|\*)$/.exec(head.headers['content-range'] ?? '');
    if (head.status === 206 && (offset === 0 || Number(range?.[1] ?? -1) !== offset)) {
      return transferFault('incomplete', 'the server sent another range than was asked for', true);
    }
    const length = /^\d{1,15}$/.exec(head.headers['content-length'] ?? '')?.[0];
    const total = length === undefined ? undefined : offset + Number(length);
    if (total !== undefined && announcedBytes > 0 && total !== announcedBytes) {
      this.drop();
      return transferFault('corrupted', `the server has ${total} bytes, ${announcedBytes} were announced`);
    }
    if (total !== undefined && total > limitBytes) {
      this.drop();
      return transferFault('space', `${total} bytes are too many`);
    }
    if (offset === 0) {
      const validator = strongValidator(head);
      this.#staging.remove(this.#note);
      if (validator !== undefined) this.#staging.writeText(this.#note, JSON.stringify({ url: this.#url, validator }));
    }
    const sink = this.#staging.sink(this.#name, offset, limitBytes);
    return announcedBytes > 0 ? bounded(sink, announcedBytes - offset) : sink;
  }

  /** Whether the server has refused to send more because there is no more (RFC 9110, 15.5.17). */
  wholeBy({ status, headers }: HttpHead): boolean {
    return status === 416 && this.length > 0 && headers['content-range'] === `bytes */${this.length}`;
  }

  get #validator(): string | undefined {
    if (this.#staging.size(this.#note) === undefined) return undefined;
    try {
      const note = JSON.parse(this.#staging.readText(this.#note, noteLimitBytes)) as Record<string, unknown>;
      return note.url === this.#url && typeof note.validator === 'string' ? note.validator : undefined;
    } catch {
      // Cut off in the middle: then the file begins anew.
      return undefined;
    }
  }
}

const noteLimitBytes = 4096;

function bounded(sink: ByteSink, leftBytes: number): ByteSink {
  let left = leftBytes;
  return {
    write: async (piece) => {
      left -= piece.length;
      if (left < 0) throw new TandemError('TRANSFER_LONGER', 'more came than was announced');
      await sink.write(piece);
    },
    close: () => sink.close(),
  };
}

function strongValidator({ headers }: HttpHead): string | undefined {
  const { etag, 'last-modified': modified } = headers;
  if (etag !== undefined && /^"[\x21\x23-\x7e]{1,256}"$/.test(etag)) return etag;
  return modified !== undefined && !Number.isNaN(Date.parse(modified)) ? modified : undefined;
}
