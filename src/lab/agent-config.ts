import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Router } from './router/index.ts';

export type Options = Readonly<Record<string, string | number | readonly string[]>>;
/** A section of `/etc/config/tandem`: its type, its name, its options. */
export type Section = readonly [type: string, name: string, options: Options];

const quoted = (text: string | number): string => `'${String(text)}'`;

/** Puts sections behind those that the lab has written. */
export function configureAgent(router: Router, sections: readonly Section[]): void {
  const lines = sections.flatMap(([type, name, options]) => [
    '',
    `config ${type} ${quoted(name)}`,
    ...Object.entries(options).flatMap(([option, value]) =>
      Array.isArray(value)
        ? value.map((one) => `\tlist ${option} ${quoted(one)}`)
        : [`\toption ${option} ${quoted(value as string | number)}`],
    ),
  ]);
  appendFileSync(join(router.root, 'etc/config/tandem'), `${lines.join('\n')}\n`);
}

/** A role that may everything, and a controller that has it. */
export const fullController = (endpointId: string): Section[] => [
  ['role', 'full', { name: 'Full Access', enable: 1 }],
  [
    'permission',
    'full_all',
    {
      role: 'full',
      enable: 1,
      order: 1,
      targets: 'Device.',
      param: 'rw-n',
      obj: 'rw-n',
      instantiated_obj: 'rw-n',
      command_event: 'r-xn',
    },
  ],
  ['controller', 'first', { enable: 1, endpoint_id: endpointId, role: 'full' }],
];
