import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { onTestFinished } from "vitest";
import {
  type Before,
  json,
  type LocalRequest,
  listen,
  Refusal,
  type Service,
} from "../../lib/local/server.ts";

/** An open-source Grafeas server that a test may write to. */
export interface OpenSourceServer {
  readonly url: string;
  /** Creates an occurrence and returns its name. */
  create(project: string, occurrence: object): Promise<string>;
}

export interface FakeOptions {
  /** How pages end: as in its memory store, or never, as in its PostgreSQL store, which begins anew. */
  readonly pages?: "end" | "begin anew";
  /** Sees each request first. */
  readonly before?: Before;
}

const LARGEST_PAGE = 1000;
const DEFAULT_PAGE = 20;

/**
 * What the open-source server (v0.2.3, observed) does with occurrences: it ignores filters, takes every project whose name
 * begins like the one asked for, keeps `kind` as it was sent, and leaves out what holds its default.
 */
export async function startFake({
  pages = "end",
  before,
}: FakeOptions = {}): Promise<OpenSourceServer & { readonly requests: readonly LocalRequest[] }> {
  const occurrences: { readonly name?: string }[] = [];
  const notes = new Map<string, object>();
  const requests: LocalRequest[] = [];
  let serial = 0;

  /** Its times have nanoseconds. */
  function now(): string {
    serial += 1;
    return new Date().toISOString().replace("Z", `${String(serial).padStart(6, "0")}Z`);
  }

  function list(project: string, query: URLSearchParams) {
    const pageSize = Number(query.get("pageSize") ?? 0) || DEFAULT_PAGE;
    if (pageSize > LARGEST_PAGE) throw new Refusal(400, "the page size is too large");
    const all = occurrences.filter(({ name }) => name?.startsWith(`projects/${project}`));
    const from = Number(query.get("pageToken") ?? 0);
    const page = all.slice(from, from + pageSize);
    const next = from + pageSize < all.length ? String(from + pageSize) : pages === "end" ? "" : "0";
    return {
      ...(page.length === 0 ? {} : { occurrences: page }),
      ...(next === "" ? {} : { nextPageToken: next }),
    };
  }

  /** It knows no conflict, and asks for no note. */
  function createOccurrence(project: string, sent: object) {
    const time = now();
    const name = `projects/${project}/occurrences/${randomUUID()}`;
    const created = { name, ...sent, createTime: time, updateTime: time };
    occurrences.push(created);
    return created;
  }

  function createNote(path: string, id: string, body: Uint8Array) {
    const name = `${path.slice("/v1beta1/".length)}/${id}`;
    if (notes.has(name)) return json(409, { code: 6, message: 'Note with name "" already exists' });
    notes.set(name, { ...JSON.parse(String(body)), name });
    return json(200, notes.get(name));
  }

  function readNote(name: string) {
    const note = notes.get(name);
    return note === undefined ? json(404, { code: 5, message: "Note does not Exist" }) : json(200, note);
  }

  const service: Service = {
    kindOf: () => "occurrences",
    refuse: ({ status, message }) => json(status, { code: 5, message }),
    answer(request) {
      requests.push(request);
      const { method, path, query, body } = request;
      const note = /^\/v1beta1\/projects\/[^/]+\/notes$/.test(path) ? query.get("noteId") : null;
      if (note !== null) return createNote(path, note, body);
      if (method === "GET" && path.includes("/notes/")) return readNote(path.slice("/v1beta1/".length));
      const [, project = "", id, batch] =
        /^\/v1beta1\/projects\/([^/]+)\/occurrences(?:\/([^/]+))?(:batchCreate)?$/.exec(path) ?? [];
      if (project === "") throw new Refusal(404, "Not Found");
      const at = occurrences.findIndex(({ name }) => name === path.slice("/v1beta1/".length));
      if (at < 0 && id !== undefined) throw new Refusal(404, `Occurrence with ID ${id} does not Exist`);
      if (method === "DELETE") {
        occurrences.splice(at, 1);
        return json(200, {});
      }
      // The whole occurrence is what was sent, its name included, whatever the mask says.
      if (method === "PATCH") {
        occurrences[at] = { ...JSON.parse(String(body)), updateTime: now() };
        return json(200, occurrences[at]);
      }
      if (method === "GET" && id === undefined) return json(200, list(project, query));
      if (method === "GET") return json(200, occurrences[at]);
      const sent = JSON.parse(String(body));
      if (batch === undefined) return json(200, createOccurrence(project, sent));
      const created = sent.occurrences.map((one: object) => createOccurrence(project, one));
      return json(200, { occurrences: created });
    },
  };
  const server = await listen(service, before === undefined ? {} : { before });
  onTestFinished(() => server.close());
  return { url: server.url, requests, create: createAt(server.url) };
}

/** The real server: `$GRAFEAS_SERVER`, or `grafeas-server` on the path; `undefined` where there is none. */
export function realServer(): string | undefined {
  const named = process.env["GRAFEAS_SERVER"];
  const onPath = (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "grafeas-server"));
  return [...(named === undefined ? [] : [named]), ...onPath].find((file) => existsSync(file));
}

/** Starts the real server, with its memory store, on this machine alone. */
export async function startReal(program: string): Promise<OpenSourceServer> {
  const folder = await mkdtemp(join(tmpdir(), "voucher-grafeas-"));
  const port = await freePort();
  const config = join(folder, "config.yaml");
  await writeFile(config, `grafeas:\n  api:\n    address: "127.0.0.1:${port}"\n  storage_type: "memstore"\n`);
  const child = spawn(program, ["--config", config], { stdio: "ignore" });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
    await rm(folder, { recursive: true, force: true });
  });
  const url = `http://127.0.0.1:${port}`;
  await untilServing(`${url}/v1beta1/projects`);
  return { url, create: createAt(url) };
}

async function untilServing(url: string): Promise<void> {
  for (let time = 0; time < 200; time += 1) {
    try {
      await (await fetch(url)).body?.cancel();
      return;
    } catch {
      await sleep(50);
    }
  }
  throw new Error("the Grafeas server did not start");
}

function createAt(url: string): OpenSourceServer["create"] {
  return async (project, occurrence) => {
    const response = await fetch(`${url}/v1beta1/projects/${project}/occurrences`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(occurrence),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(`the occurrence was refused: ${JSON.stringify(answer)}`);
    return Object(answer).name;
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}
