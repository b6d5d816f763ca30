import { afterEach, describe, expect, it } from "vitest";
import { pushSample } from "../../lib/local/push.ts";
import { demoImage } from "../../lib/local/samples.ts";
import { type LocalServer, listen } from "../../lib/local/server.ts";
import { type Stack, type StackOptions, startStack } from "../../lib/local/stack.ts";

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const opened of open.splice(0).reverse()) await opened.close();
});

async function start(options: Partial<StackOptions> = {}): Promise<Stack> {
  const stack = await startStack({ project: "demo", checks: ["diy", "nobody"], ...options });
  open.push(stack);
  return stack;
}

async function startWorker(bodies: unknown[]): Promise<LocalServer> {
  const answer = () => ({ status: 204 });
  const before = ({ body }: { readonly body: Buffer }) => {
    bodies.push(JSON.parse(body.toString()));
    return answer();
  };
  const worker = await listen({ kindOf: () => "push", answer, refuse: answer }, { before });
  open.push(worker);
  return worker;
}

describe("the embedded stack", () => {
  it("has a note for every check", async () => {
    const stack = await start();

    const response = await fetch(`${stack.grafeas.url}/v1/projects/demo/notes`);

    const { notes } = (await response.json()) as { notes: { name: string }[] };
    expect(notes.map(({ name }) => name)).toEqual(["projects/demo/notes/diy", "projects/demo/notes/nobody"]);
  });

  it("delivers what is pushed to its registry, once it is told where", async () => {
    const stack = await start();
    const bodies: { message: { data: string } }[] = [];
    const worker = await startWorker(bodies);
    const sample = demoImage();

    await pushSample(sample, { url: stack.registry.url, repository: "early", tag: "v1" });
    stack.deliverTo(worker.url);
    await pushSample(sample, { url: stack.registry.url, repository: "team/app", tag: "v1" });
    await stack.topic.idle();

    const events = bodies.map(({ message }) => JSON.parse(Buffer.from(message.data, "base64").toString()));
    expect(events).toHaveLength(9);
    expect(events).toContainEqual({
      action: "INSERT",
      digest: `${stack.registry.host}/team/app@${sample.root.digest}`,
      tag: `${stack.registry.host}/team/app:v1`,
    });
  });

  it("leaves nothing running where one of its ports is taken", async () => {
    const other = await start();
    const taken = Number(other.grafeas.host.split(":")[1]);
    const free = await start();
    const port = Number(free.registry.host.split(":")[1]);
    await free.close();

    await expect(start({ registry: { port }, grafeas: { port: taken } })).rejects.toMatchObject({
      code: "usage",
    });

    await expect(fetch(`http://127.0.0.1:${port}/v2/`)).rejects.toThrow("fetch failed");
  });
});
