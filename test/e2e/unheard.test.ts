import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { pushSample } from "../../lib/local/push.ts";
import { type LocalRegistry, startRegistry } from "../../lib/local/registry.ts";
import { sampleImage } from "../../lib/local/samples.ts";
import { deliver, type FunctionProcess, startFunction } from "../support/function-process.ts";
import { pushEvent } from "../support/notifications.ts";

/** Fails where nobody listens, and judges all the same. */
const CARELESS = `
export const check = {
  description: "Starts what it does not wait for.",
  judge() {
    Promise.reject(new Error("nobody hears this"));
    return { status: "pass" };
  },
};
`;

describe("a check of one's own that fails where nobody waits for it", () => {
  let folder: string;
  let registry: LocalRegistry;
  let instance: FunctionProcess;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "voucher-unheard-"));
    registry = await startRegistry();
    await writeFile(join(folder, "careless.js"), CARELESS);
    const config = join(folder, "voucher.json");
    await writeFile(
      config,
      JSON.stringify({ dryrun: true, checks: { careless: { module: "./careless.js" } } }),
    );
    instance = await startFunction(config);
  });

  afterAll(async () => {
    await instance?.close();
    await registry?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("is reported, and ends neither its own event nor the instance", async () => {
    const digest = await pushSample(sampleImage({ platform: "linux/amd64" }), {
      url: registry.url,
      repository: "team/app",
    });
    const event = pushEvent(`${registry.host}/team/app`, digest);

    const statuses = [await deliver(instance, event), await deliver(instance, event)];

    expect(statuses).toEqual([204, 204]);
    expect(instance.process.hasEnded()).toBe(false);
    const reported = () => instance.process.lines.filter((line) => line.includes("nobody waited for"));
    await vi.waitFor(() => expect(reported()).toHaveLength(2), { timeout: 5_000 });
    expect(JSON.parse(reported()[0] ?? "")).toMatchObject({
      severity: "ERROR",
      error: { message: "nobody hears this" },
    });
  });
});
