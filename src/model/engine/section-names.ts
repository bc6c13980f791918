import type { Instances } from './instances.ts';
import type { Node } from './node.ts';
import { changesOf, type Plan } from './plan.ts';
import type { Reading } from './read.ts';

/** Names for sections that have none: given in the transaction that first touches them. */
export class SectionNames {
  readonly #reading: Reading;
  readonly #instances: Instances;
  readonly #random: () => string;

  constructor(reading: Reading, instances: Instances, random: () => string) {
    this.#reading = reading;
    this.#instances = instances;
    this.#random = random;
  }

  /** For a new section of the type. */
  fresh(type: string): string {
    return `${type.replaceAll('-', '_')}_${this.#random()}`;
  }

  /** The row stands for a section that has no name; rows inside such a section have an identity of their own. */
  isNameless({ section, identity }: Node): boolean {
    if (!section?.section.anonymous) return false;
    const pack = this.#reading.evaluator.scope.uci(section.package)!;
    return this.#instances.anonymous.token(pack, section.section) === identity;
  }

  /** The name of the row's section; an anonymous one gets a name in the transaction that first touches it. */
  of(node: Node, plan: Plan, { package: pack, section } = node.section!): string {
    if (!section.anonymous) return section.name;
    const key = `${pack} ${section.name}`;
    const given = plan.named.get(key);
    if (given) return given;
    const name = this.fresh(section.type);
    plan.named.set(key, name);
    changesOf(plan, pack).push({ op: 'rename', section: section.name, to: name });
    const token = this.#instances.anonymous.token(this.#reading.evaluator.scope.uci(pack)!, section);
    plan.effects.push(() => this.#instances.rename(token, name));
    return name;
  }
}
