import { randomUUID } from "node:crypto";
import type { Digest } from "../image/digest.ts";
import type { Repository } from "./repository.ts";
import { type Answer, type LocalRequest, Refusal } from "./server.ts";

/** Blob uploads in progress: OCI distribution specification, "Pushing blobs" (monolithic, chunked and mounted). */
export class Uploads {
  readonly #open = new Map<string, Buffer>();

  /** Starts an upload; with the whole blob in the request, or with a blob that `from` has already, ends it at once. */
  begin(name: string, repository: Repository, from: Repository | undefined, request: LocalRequest): Answer {
    const mount = request.query.get("mount");
    const mounted = mount === null ? undefined : from?.blobs.get(mount as Digest);
    if (mounted !== undefined) return created(name, repository.addBlob(mount, mounted));
    const whole = request.query.get("digest");
    if (whole !== null) return created(name, repository.addBlob(whole, request.body));
    const id = randomUUID();
    this.#open.set(id, Buffer.alloc(0));
    return accepted(name, id, 0);
  }

  /** Goes on with the upload `id`: PATCH adds a chunk, PUT ends it, GET says how far it is, DELETE gives it up. */
  proceed(name: string, repository: Repository, id: string, request: LocalRequest): Answer {
    const sofar = this.#open.get(id);
    if (sofar === undefined) throw new Refusal(404, `there is no upload ${id}`, "BLOB_UPLOAD_UNKNOWN");
    switch (request.method) {
      case "GET":
        return { ...accepted(name, id, sofar.length), status: 204 };
      case "PATCH": {
        const all = append(sofar, request);
        this.#open.set(id, all);
        return accepted(name, id, all.length);
      }
      case "PUT": {
        const all = append(sofar, request);
        this.#open.delete(id);
        return created(name, repository.addBlob(request.query.get("digest"), all));
      }
      case "DELETE":
        this.#open.delete(id);
        return { status: 204 };
      default:
        throw new Refusal(405, `${request.method} is not supported here`, "UNSUPPORTED");
    }
  }
}

/** A chunk that says where it belongs must start where the last one ended. */
function append(sofar: Buffer, { headers, body }: LocalRequest): Buffer {
  const start = /^(\d+)-\d+$/.exec(headers["content-range"] ?? "")?.[1];
  if (start !== undefined && Number(start) !== sofar.length) {
    throw new Refusal(416, `the next chunk starts at ${sofar.length}, not ${start}`, "BLOB_UPLOAD_INVALID");
  }
  return Buffer.concat([sofar, body]);
}

function accepted(name: string, id: string, size: number): Answer {
  return {
    status: 202,
    headers: {
      location: `/v2/${name}/blobs/uploads/${id}`,
      range: `0-${Math.max(size - 1, 0)}`,
      "docker-upload-uuid": id,
    },
  };
}

function created(name: string, digest: Digest): Answer {
  return {
    status: 201,
    headers: { location: `/v2/${name}/blobs/${digest}`, "docker-content-digest": digest },
  };
}
