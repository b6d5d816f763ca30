import type { Publisher, Topic } from "../../../lib/ports.ts";

/** Pub/Sub's limits ("Resource limits"): attributes of a message, bytes of their names and values. */
const MOST_ATTRIBUTES = 100;
const LONGEST_NAME = 256;
const LONGEST_VALUE = 1024;

/** A publisher that takes what Pub/Sub takes, and throws for anything else: what cannot be published cannot be kept. */
export function publishingForReal(topics: readonly Topic[]): Publisher {
  return {
    has: (topic) => topics.includes(topic),
    async publish(topic, { data, attributes }) {
      const entries = Object.entries(attributes);
      const wrong = entries.find(
        ([name, value]) => name === "" || !fits(name, LONGEST_NAME) || !fits(value, LONGEST_VALUE),
      );
      if (wrong !== undefined)
        throw new Error(`${topic}: no attribute of a message: ${JSON.stringify(wrong).slice(0, 300)}`);
      if (entries.length > MOST_ATTRIBUTES)
        throw new Error(`${topic}: a message of ${entries.length} attributes`);
      if (entries.length === 0 && data.length === 0) throw new Error(`${topic}: a message of nothing`);
    },
  };
}

function fits(text: string, most: number): boolean {
  return text.isWellFormed() && Buffer.byteLength(text) <= most;
}
