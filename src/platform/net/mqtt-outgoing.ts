import type { PublishedMessage } from './mqtt.ts';

/** Of CONNACK: what the broker takes of publications; what is absent is not limited (MQTT 5.0 3.2.2.3). */
export interface BrokerLimits {
  readonly receiveMaximum?: number | undefined;
  readonly maximumQoS?: number | undefined;
  readonly retainAvailable?: boolean | undefined;
}

/** What of these bytes the broker has not taken may cost memory. */
const unsentLimitBytes = 16 << 20;

/** Publications on their way to the broker: no more of them at a time than it takes (MQTT 5.0 4.9), the others wait in their order. */
export class OutgoingPublications {
  readonly #limits: BrokerLimits;
  readonly #waiting: (() => void)[] = [];
  #underWay = 0;
  #bytes = 0;

  constructor(limits: BrokerLimits) {
    this.#limits = limits;
  }

  /** As the broker takes it (MQTT 5.0 3.2.2.3.4, 3.2.2.3.5; TR-181 `LocalAgent.MTP.{i}.MQTT.PublishQoS`). */
  allowed({ qos, retain = false }: Pick<PublishedMessage, 'qos' | 'retain'>): { qos: 0 | 1 | 2; retain: boolean } {
    const { maximumQoS = 2, retainAvailable = true } = this.#limits;
    return { qos: Math.min(qos, maximumQoS) as 0 | 1 | 2, retain: retain && retainAvailable };
  }

  /** Whether there is room for so many bytes; a single one has always room. */
  takes(bytes: number): boolean {
    return this.#bytes === 0 || this.#bytes + bytes <= unsentLimitBytes;
  }

  /** @param publish resolves when the broker has taken it as its QoS asks */
  async send(qos: 0 | 1 | 2, bytes: number, publish: () => Promise<unknown>): Promise<void> {
    this.#bytes += bytes;
    const counts = qos > 0;
    try {
      const { receiveMaximum = 65_535 } = this.#limits;
      if (counts && this.#underWay >= receiveMaximum) await new Promise<void>((resolve) => this.#waiting.push(resolve));
      else if (counts) this.#underWay++;
      await publish();
    } finally {
      this.#bytes -= bytes;
      if (counts) this.#passOn();
    }
  }

  /** The place of one that is through is the next one's. */
  #passOn(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#underWay--;
  }
}
