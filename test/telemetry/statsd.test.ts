import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { VoucherError } from "../../lib/errors.ts";
import type { Backend } from "../../lib/telemetry/backend.ts";
import { createStatsd, type StatsdOptions } from "../../lib/telemetry/statsd.ts";
import { type StatsdServer, startStatsdServer } from "../support/statsd-server.ts";

describe("a statsd server", () => {
  let server: StatsdServer;
  const clients: Backend[] = [];

  beforeEach(async () => {
    server = await startStatsdServer();
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close();
    await server.close();
  });

  function clientWith(options: Partial<StatsdOptions> = {}): Backend {
    const client = createStatsd({
      host: "127.0.0.1",
      port: server.port,
      sampleRate: 1,
      tags: ["env:test"],
      ...options,
    });
    clients.push(client);
    return client;
  }

  it("is sent counts and times under Voucher's names, with its tags, by the time they are flushed", async () => {
    const client = clientWith();
    client.count("message.received", {});
    client.count("check.run.start", { check: "diy" });
    client.time("check.run.latency", 12.6, { check: "diy" });
    client.time("review.latency", 40, {});
    client.count("pending", { check: "snakeoil", awaiting: "scan" });
    client.count("registry.requests", {});
    await client.flush();
    await vi.waitFor(() => expect(server.lines).toHaveLength(6));
    expect(server.lines).toEqual([
      "auto_voucher.message.received:1|c|#env:test",
      "voucher.check.run.start:1|c|#env:test,check:diy",
      "voucher.check.run.latency:13|ms|#env:test,check:diy",
      "voucher_review_latency:40|ms|#env:test",
      "voucher_pending:1|c|#env:test,check:snakeoil,awaiting:scan",
      "voucher_registry_requests:1|c|#env:test",
    ]);
  });

  it("is told of an error in words too, without what looks like a secret", async () => {
    const client = clientWith();
    const error = new VoucherError("network", "https://user:hunter2@registry.example did not answer");
    client.count("check.attestation.error", { check: "diy", error });
    await client.flush();
    await vi.waitFor(() => expect(server.lines).toHaveLength(2));
    const text = "https://***@registry.example did not answer";
    expect(server.lines[1]).toBe(
      `_e{31,${text.length}}:Voucher Check Attestation Error|${text}|p:low|t:error|#env:test,check:diy`,
    );
  });

  it("is sent the part that the sample rate says, and told which it is", async () => {
    const client = clientWith({ sampleRate: 0.5 });
    for (let at = 0; at < 400; at += 1) client.count("message.received", {});
    await client.flush();
    await vi.waitFor(() => expect(server.lines.length).toBeGreaterThan(100));
    expect(server.lines.length).toBeLessThan(300);
    expect(server.lines[0]).toBe("auto_voucher.message.received:1|c|@0.5|#env:test");
  });

  it("that is not there is no fault: nobody can tell over UDP", async () => {
    await server.close();
    const client = clientWith();
    client.count("message.received", {});
    await expect(client.flush()).resolves.toBeUndefined();
    server = await startStatsdServer();
  });

  it("whose name leads nowhere is a fault of the flush", async () => {
    const client = clientWith({ host: "nowhere.invalid" });
    client.count("message.received", {});
    await expect(client.flush()).rejects.toThrow();
  });
});
