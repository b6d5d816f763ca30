import { type Answer, sentence } from "./answer.ts";

/** What a request asks for. `name` is that of a check or group, whether there is one or not. */
export type Route =
  | { readonly kind: "ping" }
  | { readonly kind: "check" | "verify"; readonly name: string }
  | { readonly kind: "none"; readonly answer: Answer };

const SERVED =
  "what is served is POST /{check or group}, POST /{check or group}/verify and GET /services/ping";

/** Finds out what is asked for at `path`, which has no query. A slash at its end means nothing. */
export function routeOf(method: string, path: string): Route {
  const [first, second, ...more] = segmentsOf(path);
  if (first === undefined || more.length > 0) return nothingThere();
  if (first === "services" && second === "ping") {
    return method === "GET" || method === "HEAD" ? { kind: "ping" } : notAllowed(method, "GET, HEAD");
  }
  if (second !== undefined && second !== "verify") return nothingThere();
  if (method !== "POST") return notAllowed(method, "POST");
  return { kind: second ?? "check", name: first };
}

/** None for a path that cannot be decoded. */
function segmentsOf(path: string): readonly string[] {
  try {
    const segments = path.replace(/^\//, "").replace(/\/$/, "").split("/").map(decodeURIComponent);
    return segments.includes("") ? [] : segments;
  } catch {
    return [];
  }
}

function nothingThere(): Route {
  return { kind: "none", answer: sentence(404, `there is nothing at this path; ${SERVED}`) };
}

function notAllowed(method: string, allowed: string): Route {
  const text = `${method.slice(0, 20)} is not served at this path; ${SERVED}`;
  return { kind: "none", answer: sentence(405, text, { allow: allowed }) };
}
