import { crc32c } from "@aws-crypto/crc32c";
import { json, type LocalRequest, listen, Refusal } from "../../lib/local/server.ts";

/** Secret Manager's one method that we call, over plain http on loopback. */
export interface FakeSecretManager {
  readonly url: string;
  readonly requests: readonly LocalRequest[];
  close(): Promise<void>;
}

/** Serves `secrets`: values by the resource names of their versions, `projects/P/secrets/S/versions/V`. */
export async function startSecretManager(secrets: {
  readonly [version: string]: string;
}): Promise<FakeSecretManager> {
  const requests: LocalRequest[] = [];
  const { url, close } = await listen({
    kindOf: () => "access",
    refuse: ({ status, message, code }) => json(status, { error: { code: status, message, status: code } }),
    answer(request) {
      requests.push(request);
      const [, version = ""] = /^\/v1\/(.+):access$/.exec(request.path) ?? [];
      if (!Object.hasOwn(secrets, version))
        throw new Refusal(404, `Secret [${version}] not found or has no versions.`, "NOT_FOUND");
      const bytes = Buffer.from(secrets[version] ?? "");
      const payload = { data: bytes.toString("base64"), dataCrc32c: String(crc32c(bytes)) };
      return json(200, { name: version, payload });
    },
  });
  return { url, requests, close };
}
