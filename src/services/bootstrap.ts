import type { Log } from '#base';
import type { Factory, Uci, UciChange } from '#platform';
import { type AddSection, addControllers, addFullRole } from './first-controllers.ts';

const package_ = 'tandem';
/** Sections that the mappings write to; a configuration without them could not be changed through the model. */
const fixedSections: readonly (readonly [name: string, type: string])[] = [
  ['agent', 'agent'],
  ['device', 'device'],
  ['cwmp', 'cwmp'],
  ['usp', 'usp'],
];

export interface BootstrapParts {
  readonly uci: Uci;
  readonly factory: Factory;
  readonly log: Log;
  readonly randomHex: (bytes: number) => string;
}

/**
 * Zero touch: the first start after the factory, or after a factory reset, takes the ACS and the controllers from the factory data and makes the credentials
 * of the connection request. All of it is one replacement of `/etc/config/tandem`, marked in the same file, so that a power cut
 * leaves either nothing or everything, and nothing that an operator sets later is ever overwritten.
 * @returns whether this was the first start
 * @throws UciError
 */
export async function bootstrap({ uci, factory, log, randomHex }: BootstrapParts): Promise<boolean> {
  const known = uci.load(package_);
  const changes: UciChange[] = [];
  const add: AddSection = (section, type, options = {}) => {
    changes.push({ op: 'add', section, type });
    for (const [option, value] of Object.entries(options)) {
      if (value.length > 0) changes.push({ op: 'set', section, option, value });
    }
  };
  for (const [name, type] of fixedSections) if (!known?.section(name)) add(name, type);
  const option = (section: string, name: string): string => {
    const value = known?.section(section)?.options.get(name);
    return typeof value === 'string' ? value : '';
  };
  const first = option('agent', 'bootstrapped') !== '1';
  if (first) {
    const set = (section: string, name: string, value: string): void => {
      // What the image or the operator has set already stands.
      if (value !== '' && option(section, name) === '') changes.push({ op: 'set', section, option: name, value });
    };
    if (factory.acs && option('cwmp', 'url') === '') {
      set('cwmp', 'url', factory.acs.url);
      set('cwmp', 'username', factory.acs.username);
      set('cwmp', 'password', factory.acs.password);
    }
    set('cwmp', 'connection_request_username', randomHex(8));
    set('cwmp', 'connection_request_password', randomHex(16));
    if (!known?.sections.some(({ type }) => type === 'controller')) {
      if (!known?.sections.some(({ type }) => type === 'role')) addFullRole(add);
      addControllers(add, factory);
    }
    set('agent', 'bootstrapped', '1');
  }
  if (changes.length === 0) return false;
  await uci.replace(package_, uci.preview(package_, changes));
  if (first) {
    log.info('first start: factory data taken over', {
      acs: factory.acs ? hostOf(factory.acs.url) : 'none',
      controllers: factory.controllers.map(({ endpointId }) => endpointId).join(',') || 'none',
    });
  }
  return first;
}

const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : 'invalid URL');
