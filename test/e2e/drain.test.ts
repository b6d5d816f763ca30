import { afterEach, beforeEach, expect, it } from "vitest";
import { sampleImage } from "../../lib/local/samples.ts";
import { deliver } from "../support/function-process.ts";
import { pushEvent } from "../support/notifications.ts";
import { pause } from "../support/processes.ts";
import { skopeoPush } from "../support/skopeo.ts";
import { checksAttested, openStage, type Stage } from "../support/stage.ts";
import { describeWith } from "../support/tools.ts";

const IMAGE = sampleImage({ platform: "linux/amd64", user: "10001" });
const SLOWLY_MS = 1_500;

describeWith(["docker-registry", "skopeo"], "a function that is told to end by SIGTERM", () => {
  let stage: Stage;
  let asked: PromiseWithResolvers<void>;
  let release: PromiseWithResolvers<void>;

  beforeEach(async () => {
    asked = Promise.withResolvers();
    release = Promise.withResolvers();
    stage = await openStage({
      async before() {
        asked.resolve();
        await release.promise;
        return undefined;
      },
    });
    await skopeoPush(IMAGE, `${stage.registry.host}/team/app:v1`);
  });

  afterEach(async () => {
    release.resolve();
    await stage.close();
  });

  it("still answers the request in flight, however slow its review, and ends with exit code 0", async () => {
    const onPush = await stage.startFunction(await stage.configure());
    const answer = deliver(onPush, pushEvent(`${stage.registry.host}/team/app`, IMAGE.root.digest));
    await asked.promise;

    onPush.process.signal("SIGTERM");
    await pause(SLOWLY_MS);
    expect(onPush.process.hasEnded()).toBe(false);
    release.resolve();

    expect(await answer).toBe(204);
    expect(checksAttested(stage, IMAGE.root.digest)).toEqual(["diy", "nobody"]);
    expect(await onPush.process.ended).toEqual({ code: 0, signal: null });
  });

  it("ends at once where nothing is in flight", async () => {
    const onPush = await stage.startFunction(await stage.configure());
    const told = Date.now();

    onPush.process.signal("SIGTERM");

    expect(await onPush.process.ended).toEqual({ code: 0, signal: null });
    expect(Date.now() - told).toBeLessThan(4_000);
  });
});
