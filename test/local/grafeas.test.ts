import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { type GrafeasOptions, type LocalGrafeas, startGrafeas } from "../../lib/local/grafeas.ts";
import type { Occurrence } from "../../lib/local/grafeas-document.ts";

const DIY = "projects/p/notes/diy";
const open: LocalGrafeas[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((grafeas) => grafeas.close()));
});

async function start(options: GrafeasOptions = {}): Promise<LocalGrafeas> {
  const grafeas = await startGrafeas({ notes: [DIY, "projects/p/notes/nobody"], ...options });
  open.push(grafeas);
  return grafeas;
}

/** What one answer or another has. */
interface Reply extends Occurrence {
  readonly occurrences: readonly Occurrence[];
  readonly nextPageToken: string;
  readonly error: { readonly status: string; readonly message: string };
}

async function ask(grafeas: LocalGrafeas, method: string, path: string, body?: unknown) {
  const response = await fetch(`${grafeas.url}/v1/${path}`, {
    method,
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Reply };
}

function attestation(resourceUri: string, noteName = DIY, payload = "aGVsbG8=") {
  const signatures = [{ signature: "c2lnbmVk", publicKeyId: "key" }];
  return {
    noteName,
    resourceUri,
    kind: "ATTESTATION",
    attestation: { serializedPayload: payload, signatures },
  };
}

function list(grafeas: LocalGrafeas, query: Record<string, string> = {}, parent = "projects/p") {
  return ask(grafeas, "GET", `${parent}/occurrences?${new URLSearchParams(query)}`);
}

describe("an occurrence that is created", () => {
  it("gets a name and times, and is read back as it was answered", async () => {
    const grafeas = await start();

    const created = await ask(
      grafeas,
      "POST",
      "projects/p/occurrences",
      attestation("https://r/app@sha256:a"),
    );

    expect(created.status).toBe(200);
    expect(created.body).toEqual({
      ...attestation("https://r/app@sha256:a"),
      name: expect.stringMatching(/^projects\/p\/occurrences\/.+/),
      createTime: expect.stringMatching(/Z$/),
      updateTime: created.body.createTime,
    });
    expect((await ask(grafeas, "GET", created.body.name)).body).toEqual(created.body);
    expect((await list(grafeas)).body).toEqual({ occurrences: [created.body] });
    expect(grafeas.occurrences()).toEqual([created.body]);
  });

  it("has its bytes in standard base64, however they were sent", async () => {
    const grafeas = await start();

    const sent = attestation("https://r/app@sha256:a", DIY, "-_-_-w");
    const created = await ask(grafeas, "POST", "projects/p/occurrences", sent);

    expect(created.body.attestation?.serializedPayload).toBe("+/+/+w==");
  });

  it("conflicts with another attestation of the same note and resource", async () => {
    const grafeas = await start();
    await ask(grafeas, "POST", "projects/p/occurrences", attestation("https://r/app@sha256:a"));

    const again = await ask(
      grafeas,
      "POST",
      "projects/p/occurrences",
      attestation("https://r/app@sha256:a", DIY, "b3RoZXI="),
    );
    const otherNote = attestation("https://r/app@sha256:a", "projects/p/notes/nobody");

    expect([again.status, again.body.error.status]).toEqual([409, "ALREADY_EXISTS"]);
    expect((await ask(grafeas, "POST", "projects/p/occurrences", otherNote)).status).toBe(200);
    expect(grafeas.occurrences()).toHaveLength(2);
  });

  it("of another kind may be there several times", async () => {
    const grafeas = await start();
    await ask(grafeas, "POST", "projects/goog/notes?noteId=scan", {
      discovery: { analysisKind: "VULNERABILITY" },
    });
    const scan = { noteName: "projects/goog/notes/scan", resourceUri: "https://r/a", discovery: {} };

    await ask(grafeas, "POST", "projects/p/occurrences", scan);
    const second = await ask(grafeas, "POST", "projects/p/occurrences", scan);

    expect([second.status, second.body.kind]).toEqual([200, "DISCOVERY"]);
  });

  const good = attestation("https://r/app@sha256:a");
  it.each([
    ["there is no such note", { ...good, noteName: "projects/p/notes/other" }, 404, "NOT_FOUND"],
    ["the note's name is none", { ...good, noteName: "diy" }, 400, "INVALID_ARGUMENT"],
    ["it names no resource", { ...good, resourceUri: "" }, 400, "INVALID_ARGUMENT"],
    ["it has no content", { ...good, attestation: undefined }, 400, "INVALID_ARGUMENT"],
    ["it has the content of two kinds", { ...good, build: {} }, 400, "INVALID_ARGUMENT"],
    ["its kind is not that of its content", { ...good, kind: "BUILD" }, 400, "INVALID_ARGUMENT"],
    [
      "its kind is not that of the note",
      { ...good, kind: "BUILD", attestation: undefined, build: {} },
      400,
      "INVALID_ARGUMENT",
    ],
    ["it has an unknown member", { ...good, attestations: 1 }, 400, "INVALID_ARGUMENT"],
    ["its payload is no base64", attestation("r", DIY, "%%"), 400, "INVALID_ARGUMENT"],
    [
      "a signature has no key id",
      { ...good, attestation: { ...good.attestation, signatures: [{ signature: "aGk=" }] } },
      400,
      "INVALID_ARGUMENT",
    ],
    ["it is no JSON", "{", 400, "INVALID_ARGUMENT"],
    ["it is no object", "[]", 400, "INVALID_ARGUMENT"],
  ])("is refused where %s", async (_why, sent, code, status) => {
    const grafeas = await start();

    const answer = await ask(grafeas, "POST", "projects/p/occurrences", sent);

    expect(answer.body.error).toEqual({ code, status, message: expect.any(String) });
    expect(answer.status).toBe(code);
    expect(grafeas.occurrences()).toEqual([]);
  });

  it("carries a location in its name where the server has one", async () => {
    const grafeas = await start({ location: "europe-west1" });

    const { body } = await ask(grafeas, "POST", "projects/p/occurrences", attestation("r"));

    expect(body.name).toMatch(/^projects\/p\/locations\/europe-west1\/occurrences\/.+/);
    expect((await ask(grafeas, "DELETE", body.name)).status).toBe(200);
  });
});

describe("a batch", () => {
  const batch = { occurrences: ["a", "b", "c"].map((name) => attestation(name)) };

  it("creates all its occurrences in their order", async () => {
    const grafeas = await start();

    const { status, body } = await ask(grafeas, "POST", "projects/p/occurrences:batchCreate", batch);

    expect(status).toBe(200);
    expect(body.occurrences.map(({ resourceUri }) => resourceUri)).toEqual(["a", "b", "c"]);
  });

  it("with a conflict creates the others and says how many failed", async () => {
    const grafeas = await start();
    await ask(grafeas, "POST", "projects/p/occurrences", attestation("b"));

    const { status, body } = await ask(grafeas, "POST", "projects/p/occurrences:batchCreate", batch);

    expect([status, body.error.status]).toEqual([400, "INVALID_ARGUMENT"]);
    expect(body.error.message).toContain("1 of 3 occurrences failed");
    expect(grafeas.occurrences().map(({ resourceUri }) => resourceUri)).toEqual(["b", "a", "c"]);
  });

  it("with a conflict creates none and answers ALREADY_EXISTS, where the server is set so", async () => {
    const grafeas = await start({ batchConflict: "refused" });
    await ask(grafeas, "POST", "projects/p/occurrences", attestation("b"));

    const { status, body } = await ask(grafeas, "POST", "projects/p/occurrences:batchCreate", batch);

    expect([status, body.error.status]).toEqual([409, "ALREADY_EXISTS"]);
    expect(grafeas.occurrences().map(({ resourceUri }) => resourceUri)).toEqual(["b"]);
  });

  it("conflicts with itself where it names one attestation twice", async () => {
    const grafeas = await start();

    const twice = { occurrences: [attestation("a"), attestation("a")] };
    const { body } = await ask(grafeas, "POST", "projects/p/occurrences:batchCreate", twice);

    expect(body.error.message).toContain("1 of 2 occurrences failed");
  });

  it.each([
    ["none", []],
    ["more than 1,000", Array.from({ length: 1001 }, (_, index) => attestation(`r${index}`))],
  ])("of %s is refused", async (_size, occurrences) => {
    const grafeas = await start();

    const { status } = await ask(grafeas, "POST", "projects/p/occurrences:batchCreate", { occurrences });

    expect(status).toBe(400);
    expect(grafeas.occurrences()).toEqual([]);
  });
});

describe("a list of occurrences", () => {
  it("is empty as an object without members", async () => {
    expect((await list(await start())).body).toEqual({});
  });

  it("comes in pages of 20, or as many as are asked for, until all were seen", async () => {
    const grafeas = await start();
    const occurrences = Array.from({ length: 25 }, (_, index) => attestation(`r${index}`));
    await ask(grafeas, "POST", "projects/p/occurrences:batchCreate", { occurrences });

    const first = await list(grafeas);
    const second = await list(grafeas, { pageToken: first.body.nextPageToken });
    const whole = await list(grafeas, { pageSize: "1000" });

    expect(first.body.occurrences).toHaveLength(20);
    expect([...first.body.occurrences, ...second.body.occurrences]).toEqual(whole.body.occurrences);
    expect([second.body.nextPageToken, whole.body.nextPageToken]).toEqual([undefined, undefined]);
  });

  it("misses nothing when occurrences of earlier pages are deleted meanwhile", async () => {
    const grafeas = await start();
    const occurrences = ["a", "b", "c", "d"].map((name) => attestation(name));
    await ask(grafeas, "POST", "projects/p/occurrences:batchCreate", { occurrences });

    const first = await list(grafeas, { pageSize: "2" });
    for (const { name } of first.body.occurrences) await ask(grafeas, "DELETE", name);
    const second = await list(grafeas, { pageSize: "2", pageToken: first.body.nextPageToken });

    expect(second.body.occurrences.map(({ resourceUri }) => resourceUri)).toEqual(["c", "d"]);
  });

  it("holds only what the filter asks for", async () => {
    const grafeas = await start();
    for (const resource of ["https://r/a", "https://r/b"]) {
      await ask(grafeas, "POST", "projects/p/occurrences", attestation(resource));
    }

    const { body } = await list(grafeas, { filter: 'kind="ATTESTATION" AND resourceUrl="https://r/b"' });

    expect(body.occurrences.map(({ resourceUri }) => resourceUri)).toEqual(["https://r/b"]);
  });

  it("is of one project, or of one note in every project", async () => {
    const grafeas = await start();
    await ask(grafeas, "POST", "projects/p/occurrences", attestation("a"));
    await ask(grafeas, "POST", "projects/q/occurrences", attestation("b"));

    expect((await list(grafeas)).body.occurrences).toHaveLength(1);
    expect((await list(grafeas, {}, DIY)).body.occurrences).toHaveLength(2);
    expect((await list(grafeas, {}, "projects/p/notes/nobody")).body).toEqual({});
    expect((await list(grafeas, {}, "projects/p/notes/other")).status).toBe(404);
  });

  it.each([
    [{ pageSize: "1001" }],
    [{ pageSize: "-1" }],
    [{ pageSize: "many" }],
    [{ pageToken: "bm90aGluZw" }],
    [{ filter: "kind" }],
  ])("is refused for %j", async (query) => {
    const { status, body } = await list(await start(), query);

    expect([status, body.error.status]).toEqual([400, "INVALID_ARGUMENT"]);
  });

  it("refuses the page token of another filter", async () => {
    const grafeas = await start();
    await ask(grafeas, "POST", "projects/p/occurrences:batchCreate", {
      occurrences: [attestation("a"), attestation("b")],
    });
    const { body } = await list(grafeas, { pageSize: "1" });

    const other = await list(grafeas, { pageToken: body.nextPageToken, filter: 'kind="ATTESTATION"' });

    expect(other.status).toBe(400);
  });

  it("lags behind what was created, where the server is set so, and a get does not", async () => {
    const grafeas = await start({ lagMs: 300 });
    const { body } = await ask(grafeas, "POST", "projects/p/occurrences", attestation("a"));

    expect((await list(grafeas)).body).toEqual({});
    expect((await ask(grafeas, "GET", body.name)).status).toBe(200);
    expect((await ask(grafeas, "POST", "projects/p/occurrences", attestation("a"))).status).toBe(409);
    await sleep(310);
    expect((await list(grafeas)).body.occurrences).toHaveLength(1);
  });
});

describe("an occurrence that is patched", () => {
  it("has the members that the mask names, and a new time of update", async () => {
    const grafeas = await start();
    const { body } = await ask(grafeas, "POST", "projects/p/occurrences", attestation("a"));
    await sleep(2);

    const replacement = { ...attestation("ignored", DIY, "bmV3"), remediation: "ignored" };
    const patched = await ask(grafeas, "PATCH", `${body.name}?updateMask=attestation`, replacement);

    expect(patched.status).toBe(200);
    expect(patched.body).toEqual({
      ...body,
      attestation: replacement.attestation,
      updateTime: patched.body.updateTime,
    });
    expect(patched.body.updateTime > body.updateTime).toBe(true);
    expect((await ask(grafeas, "GET", body.name)).body).toEqual(patched.body);
  });

  it.each([
    ["the resource", "resource_uri", attestation("b")],
    ["what it does not have", "nothing", attestation("b")],
    ["another note's name", "attestation", attestation("a", "projects/p/notes/nobody")],
    ["no note's name", "attestation", { attestation: attestation("a").attestation }],
  ])("is refused for %s", async (_what, mask, sent) => {
    const grafeas = await start();
    const { body } = await ask(grafeas, "POST", "projects/p/occurrences", attestation("a"));

    const patched = await ask(grafeas, "PATCH", `${body.name}?updateMask=${mask}`, sent);

    expect([patched.status, patched.body.error.status]).toEqual([400, "INVALID_ARGUMENT"]);
    expect((await ask(grafeas, "GET", body.name)).body).toEqual(body);
  });

  it("must be there", async () => {
    const answer = await ask(
      await start(),
      "PATCH",
      "projects/p/occurrences/none?updateMask=attestation",
      attestation("a"),
    );

    expect([answer.status, answer.body.error.status]).toEqual([404, "NOT_FOUND"]);
  });
});

describe("an occurrence that is deleted", () => {
  it("is gone and may be created again", async () => {
    const grafeas = await start();
    const { body } = await ask(grafeas, "POST", "projects/p/occurrences", attestation("a"));

    const deleted = await ask(grafeas, "DELETE", body.name);

    expect(deleted).toEqual({ status: 200, body: {} });
    expect((await ask(grafeas, "GET", body.name)).status).toBe(404);
    expect((await ask(grafeas, "DELETE", body.name)).status).toBe(404);
    expect((await ask(grafeas, "POST", "projects/p/occurrences", attestation("a"))).status).toBe(200);
  });
});

describe("a note", () => {
  const hint = { attestation: { hint: { humanReadableName: "diy" } } };

  it("is created under the id that is asked for, read, listed and deleted", async () => {
    const grafeas = await start({ notes: [] });

    const created = await ask(grafeas, "POST", "projects/p/notes?noteId=diy", hint);

    expect(created.body).toMatchObject({ ...hint, name: DIY, kind: "ATTESTATION" });
    expect((await ask(grafeas, "GET", DIY)).body).toEqual(created.body);
    expect((await ask(grafeas, "GET", "projects/p/notes")).body).toEqual({ notes: [created.body] });
    expect((await ask(grafeas, "DELETE", DIY)).body).toEqual({});
    expect((await ask(grafeas, "GET", DIY)).status).toBe(404);
  });

  it.each([
    ["exists", "diy", hint, 409, "ALREADY_EXISTS"],
    ["has no id", "", hint, 400, "INVALID_ARGUMENT"],
    ["has no content", "new", {}, 400, "INVALID_ARGUMENT"],
    ["is of v1beta1", "new", { attestationAuthority: hint.attestation }, 400, "INVALID_ARGUMENT"],
  ])("is refused if it %s", async (_why, id, sent, code, status) => {
    const answer = await ask(await start(), "POST", `projects/p/notes?noteId=${id}`, sent);

    expect(answer.body.error).toMatchObject({ code, status });
  });
});

describe("the requests that Grafeas received", () => {
  it("are counted by kind", async () => {
    const grafeas = await start();

    await ask(grafeas, "POST", "projects/p/occurrences:batchCreate", { occurrences: [attestation("a")] });
    await list(grafeas);
    await ask(grafeas, "GET", DIY);
    await ask(grafeas, "GET", "nowhere");

    const counts = ["batch", "occurrences", "notes", "other"].map((kind) => grafeas.traffic.count({ kind }));
    expect(counts).toEqual([1, 1, 1, 1]);
  });
});
