/** Whether a topic filter has this topic, or this other filter, below it (MQTT 5.0 4.7). */
export function covers(filter: string, topic: string): boolean {
  const [wanted, given] = [filter.split('/'), topic.split('/')];
  // A wildcard does not stand for what the broker keeps to itself (4.7.2).
  if (given[0]?.startsWith('$') && wanted[0] !== given[0]) return false;
  for (const [index, level] of wanted.entries()) {
    if (level === '#') return true;
    if (given[index] === undefined || given[index] === '#') return false;
    if (level !== '+' && level !== given[index]) return false;
  }
  return wanted.length === given.length;
}

/** A topic that something can be published to, and no filter. */
export const isTopic = (text: string): boolean => text !== '' && !/[+#\0]/.test(text);
