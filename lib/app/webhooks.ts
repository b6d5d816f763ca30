import type { Config } from "../config/config.ts";
import type { Secrets } from "../config/secrets/secrets.ts";
import type { SecretOf } from "../delivery/admit-webhook.ts";
import { VoucherError } from "../errors.ts";

/** Throws `config` where no webhook has a secret: then every one would be refused. */
export function requireWebhook({ webhooks }: Config): void {
  if (Object.values(webhooks).some(({ secret }) => secret !== undefined)) return;
  throw new VoucherError(
    "config",
    "no webhook can be served, since none has a secret; set webhook.SOURCE.secret, as in webhook.harbor.secret",
  );
}

/** Reveals the secret of a webhook each time that it is asked for. */
export function webhookSecrets(secrets: () => Promise<Secrets>): SecretOf {
  return async (source) => (await secrets()).webhooks.get(source)?.reveal();
}
