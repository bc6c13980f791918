import type { AcsFault } from './rpc.ts';

/** What a person who looks at the ACS sees, as it happens. `about` begins with a space or a colon, or is empty. */
export type AcsEvent =
  /** @param certificate common name, under mutual TLS */
  | { readonly kind: 'session-begin'; readonly device: string; readonly certificate: string | undefined }
  | {
      readonly kind: 'inform';
      readonly device: string;
      readonly events: readonly string[];
      readonly retryCount: number;
      readonly parameters: ReadonlyMap<string, string>;
    }
  /** Of the CPE: TransferComplete. */
  | { readonly kind: 'request'; readonly device: string; readonly method: string; readonly about: string }
  | { readonly kind: 'call'; readonly device: string; readonly rpc: string; readonly about: string }
  | { readonly kind: 'answer'; readonly device: string; readonly rpc: string; readonly about: string }
  | { readonly kind: 'fault'; readonly device: string; readonly rpc: string; readonly fault: AcsFault }
  /** @param lost why, when it did not come to its end */
  | { readonly kind: 'session-end'; readonly device: string; readonly calls: number; readonly lost: string | undefined }
  /** @param over by which way, if not HTTP. @param status of HTTP, or what is known of it otherwise */
  | {
      readonly kind: 'connection-request';
      readonly device: string;
      readonly over?: 'UDP' | 'XMPP';
      readonly status: number | string;
    }
  /** In a datagram, outside of sessions. @param signed with the ACS password */
  | {
      readonly kind: 'lightweight';
      readonly device: string;
      readonly parameters: ReadonlyMap<string, string>;
      readonly signed: boolean;
    }
  | { readonly kind: 'refused'; readonly reason: string };
