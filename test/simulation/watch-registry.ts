import type { RegistryWatch } from "./registry.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Caller } from "./wire.ts";

/**
 * Sees to it that an instance asks no more of a registry than it has to: nothing that it was told already or that is on its
 * way to it, and nothing at all of a host that it must not contact.
 */
export function watchRegistry(scheduler: Scheduler, mayContact: (host: string) => boolean): RegistryWatch {
  const known = new WeakMap<Caller, Map<string, "asked" | "told">>();
  const of = (by: Caller) => {
    const documents = known.get(by) ?? new Map<string, "asked" | "told">();
    known.set(by, documents);
    return documents;
  };
  return {
    asked(by, document) {
      const [host = ""] = document.split("/");
      if (!mayContact(host)) scheduler.fail(`${by.name} contacted ${host}, which valid_repos does not name`);
      const state = of(by).get(document);
      if (state === "told") scheduler.fail(`${by.name} asks for ${document} again, though it was told`);
      if (state === "asked") scheduler.fail(`${by.name} asks for ${document} twice at once`);
      of(by).set(document, "asked");
    },
    answered(by, document, whole) {
      if (whole) of(by).set(document, "told");
      else of(by).delete(document);
    },
  };
}
