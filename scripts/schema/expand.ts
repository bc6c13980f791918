import { serviceVersion } from '../../src/model/schema/format.ts';
import type { ParameterAccess, ParameterDefinition } from '../../src/model/schema/types.ts';
import type { Document } from './documents.ts';
import { type RawSyntax, readSyntax } from './syntax.ts';
import { childNamed, childrenNamed, type Element } from './xml.ts';

export type RawStatus = 'current' | 'deprecated' | 'obsoleted' | 'deleted';

interface Versioned {
  /** As the table writes it (src/model/schema/format.ts). */
  since: number;
  status: RawStatus;
}
export interface RawParameter extends Versioned {
  name: string;
  access: ParameterAccess;
  syntax: RawSyntax;
  activeNotify: ParameterDefinition['activeNotify'];
  forcedInform: boolean;
  customNumEntries: boolean;
  mandatory: boolean;
}
export interface RawCommand extends Versioned {
  name: string;
  async: boolean;
  input: RawModel;
  output: RawModel;
}
export interface RawEvent extends Versioned {
  name: string;
  args: RawModel;
}
export interface RawObject extends Versioned {
  path: string;
  attributes: Map<string, string>;
  uniqueKeys: { functional: boolean; parameters: string[] }[];
  parameters: Map<string, RawParameter>;
  commands: Map<string, RawCommand>;
  events: Map<string, RawEvent>;
}
/** Objects by path. Arguments are a model of their own, with relative paths and their own parameters under ''. */
export type RawModel = Map<string, RawObject>;

interface Place {
  readonly model: RawModel;
  /** Documents from the root to the one being read. */
  readonly documents: readonly Document[];
  readonly prefix: string;
  /** Reads a `version` attribute; 0: none. */
  readonly version: (text: string) => number;
  /** Nothing inside is older than this (`component version`). */
  readonly floor: number;
  readonly object?: RawObject;
}

/** Expands components and inheritance of one root model (`Device:2.19`). */
export function expandModel(document: Document, name: string): RawModel {
  const model: RawModel = new Map();
  expandInto(model, [document], name, { prefix: '', version: minorVersion });
  return model;
}

/** The same of a service model (`VoiceService:2.0`), which TR-106 section 3.1 puts below `Device.Services.`. */
export function expandService(document: Document, name: string): RawModel {
  const prefix = 'Device.Services.';
  const services: RawObject = {
    ...emptyObject(prefix),
    attributes: new Map([
      ['minEntries', '1'],
      ['maxEntries', '1'],
    ]),
    since: serviceVersion(1, 0),
  };
  const model: RawModel = new Map([[prefix, services]]);
  const version = (text: string): number => {
    const match = /^(\d+)\.(\d+)/.exec(text);
    return match ? serviceVersion(Number(match[1]), Number(match[2])) : 0;
  };
  // The model's own parameters count its rows, and stand beside them.
  expandInto(model, [document], name, { prefix, version, object: services });
  return model;
}

function expandInto(
  model: RawModel,
  outer: readonly Document[],
  name: string,
  root: Pick<Place, 'prefix' | 'version' | 'object'>,
): void {
  const item = outer.at(-1)!.item('model', name);
  if (!item) throw new Error(`${outer.at(-1)!.file}: no model ${name}`);
  const documents = item.document === outer.at(-1) ? outer : [...outer, item.document];
  const base = item.element.attributes.get('base');
  if (base !== undefined) expandInto(model, documents, base, root);
  expandChildren(item.element, { ...root, model, documents, floor: 0 });
}

function expandChildren(element: Element, place: Place): void {
  for (const child of element.children) {
    if (child.name === 'object') expandObject(child, place);
    else if (child.name === 'component') expandComponent(child, place);
    else if (child.name === 'parameter') expandParameter(child, place);
    else if (child.name === 'command') expandCommand(child, place);
    else if (child.name === 'event') expandEvent(child, place);
  }
}

function expandComponent(reference: Element, place: Place): void {
  const name = reference.attributes.get('ref')!;
  const document = place.documents.at(-1)!;
  let item = document.item('component', name);
  if (item?.element.attributes.get('virtual') === 'true') {
    for (const outer of place.documents) {
      const candidate = outer.item('component', name);
      if (candidate && candidate.element.attributes.get('virtual') !== 'true') {
        item = candidate;
        break;
      }
    }
  }
  if (!item) throw new Error(`${document.file}: no component ${name}`);
  const prefix = place.prefix + (reference.attributes.get('path') ?? '');
  expandChildren(item.element, {
    model: place.model,
    documents: [...place.documents, item.document],
    prefix,
    version: place.version,
    floor: Math.max(place.floor, versionOf(reference, place)),
    object: prefix === place.prefix ? place.object : place.model.get(prefix),
  });
}

function expandObject(element: Element, place: Place): void {
  const name = element.attributes.get('name');
  const path = place.prefix + (name ?? element.attributes.get('base')!);
  let object = place.model.get(path);
  if (!object) {
    if (name === undefined) throw new Error(`${place.documents.at(-1)!.file}: ${path} modifies an unknown object`);
    object = emptyObject(path);
    place.model.set(path, object);
  }
  for (const [key, value] of element.attributes) object.attributes.set(key, value);
  object.since = Math.max(
    versionOf(element, place) || object.since,
    place.floor,
    place.model.get(parentPath(path))?.since ?? 0,
  );
  object.status = statusOf(element, object.status);
  for (const keyElement of childrenNamed(element, 'uniqueKey')) {
    const key = {
      functional: keyElement.attributes.get('functional') !== 'false',
      parameters: childrenNamed(keyElement, 'parameter').map((parameter) => parameter.attributes.get('ref')!),
    };
    if (!object.uniqueKeys.some((known) => known.parameters.join() === key.parameters.join()))
      object.uniqueKeys.push(key);
  }
  expandChildren(element, { ...place, prefix: path, object });
}

function expandParameter(element: Element, place: Place): void {
  const { object, name, known } = member(element, place, (owner) => owner.parameters);
  const syntaxElement = childNamed(element, 'syntax');
  const attribute = (key: string): string | undefined => element.attributes.get(key);
  object.parameters.set(name, {
    name,
    ...versioned(element, place, object, known),
    access: (attribute('access') as ParameterAccess | undefined) ?? known?.access ?? 'readOnly',
    syntax: syntaxElement ? readSyntax(syntaxElement, place.documents.at(-1)!, known?.syntax) : known!.syntax,
    activeNotify:
      (attribute('activeNotify') as RawParameter['activeNotify'] | undefined) ?? known?.activeNotify ?? 'normal',
    forcedInform: (attribute('forcedInform') ?? String(known?.forcedInform)) === 'true',
    customNumEntries: (attribute('customNumEntriesParameter') ?? String(known?.customNumEntries)) === 'true',
    mandatory: (attribute('mandatory') ?? String(known?.mandatory)) === 'true',
  });
}

function expandCommand(element: Element, place: Place): void {
  const { object, name, known } = member(element, place, (owner) => owner.commands);
  const command: RawCommand = {
    name,
    ...versioned(element, place, object, known),
    async: (element.attributes.get('async') ?? String(known?.async)) === 'true',
    input: known?.input ?? argumentModel(),
    output: known?.output ?? argumentModel(),
  };
  object.commands.set(name, command);
  for (const child of childrenNamed(element, 'input')) expandArguments(child, command.input, place);
  for (const child of childrenNamed(element, 'output')) expandArguments(child, command.output, place);
}

function expandEvent(element: Element, place: Place): void {
  const { object, name, known } = member(element, place, (owner) => owner.events);
  const event: RawEvent = { name, ...versioned(element, place, object, known), args: known?.args ?? argumentModel() };
  object.events.set(name, event);
  expandArguments(element, event.args, place);
}

function expandArguments(element: Element, model: RawModel, place: Place): void {
  expandChildren(element, { ...place, model, prefix: '', object: model.get('') });
}

const argumentModel = (): RawModel => new Map([['', emptyObject('')]]);

const emptyObject = (path: string): RawObject => ({
  path,
  attributes: new Map(),
  uniqueKeys: [],
  parameters: new Map(),
  commands: new Map(),
  events: new Map(),
  since: 0,
  status: 'current',
});

function member<T>(
  element: Element,
  place: Place,
  members: (object: RawObject) => Map<string, T>,
): { object: RawObject; name: string; known: T | undefined } {
  const { object } = place;
  const file = place.documents.at(-1)!.file;
  if (!object) throw new Error(`${file}: ${element.name} outside an object`);
  const base = element.attributes.get('base');
  const name = base ?? element.attributes.get('name')!;
  const known = members(object).get(name);
  if (base !== undefined && known === undefined)
    throw new Error(`${file}: ${object.path}${base} modifies what is not there`);
  return { object, name, known };
}

const versioned = (element: Element, place: Place, object: RawObject, known: Versioned | undefined): Versioned => ({
  since: Math.max(versionOf(element, place) || known?.since || 0, place.floor, object.since),
  status: statusOf(element, known?.status ?? 'current'),
});

const statusOf = (element: Element, before: RawStatus): RawStatus =>
  (element.attributes.get('status') as RawStatus | undefined) ?? before;

const versionOf = (element: Element, place: Place): number => place.version(element.attributes.get('version') ?? '');

function minorVersion(text: string): number {
  const match = /^(\d+)\.(\d+)$/.exec(text);
  return match?.[1] === '2' ? Number(match[2]) : 0;
}

/** `Device.WiFi.SSID.{i}.` is a child of `Device.WiFi.`. */
export function parentPath(path: string): string {
  return path.replace(/[^.]+\.(\{i\}\.)?$/, '');
}
