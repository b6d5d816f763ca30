/** Who announces pushes by a webhook: each has a path of its own, a secret and a format. */
export const WEBHOOK_SOURCES = ["distribution", "harbor", "acr", "github", "generic"] as const;

export type WebhookSource = (typeof WEBHOOK_SOURCES)[number];

/** The source of that name; `undefined` where there is none. */
export function webhookSource(name: string): WebhookSource | undefined {
  return WEBHOOK_SOURCES.find((source) => source === name);
}
