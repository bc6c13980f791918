import { type Clock, formatDateTime, unknownTime } from '#base';

const counted = [
  'PublishSent',
  'PublishReceived',
  'SubscribeSent',
  'UnSubscribeSent',
  'MQTTMessagesSent',
  'MQTTMessagesReceived',
  'ConnectionErrors',
  'PublishErrors',
] as const;
const dated = ['BrokerConnectionEstablished', 'LastPublishMessageSent', 'LastPublishMessageReceived'] as const;
type Counted = (typeof counted)[number];
type Dated = (typeof dated)[number];

export const mqttStatNames: readonly (Counted | Dated)[] = [...counted, ...dated];

/** `Device.MQTT.Client.{i}.Stats.`, since the agent began to use the client. */
export class MqttStats {
  readonly #clock: Clock;
  readonly #counts = new Map<string, number>();
  readonly #times = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  count(name: Counted, at?: Dated): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    if (at) this.note(at);
  }

  note(name: Dated): void {
    this.#times.set(name, this.#clock.now());
  }

  text(name: string): string {
    if (!(dated as readonly string[]).includes(name)) return String(this.#counts.get(name) ?? 0);
    const time = this.#times.get(name);
    return time === undefined ? unknownTime : formatDateTime(time);
  }
}
