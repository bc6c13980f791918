import { ok } from '#base';
import { array } from '../codec/write-envelope.ts';
import type { Verb } from './verb.ts';

/** TR-069 A.3.1.1: exactly what is implemented. */
export const getRpcMethods =
  (names: () => readonly string[]): Verb =>
  async () =>
    ok((writer) =>
      array(writer, 'MethodList', 'xsd:string', names().length, () => {
        for (const name of names()) writer.leaf('string', name);
      }),
    );
