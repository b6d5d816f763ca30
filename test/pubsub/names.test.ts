import { describe, expect, it } from "vitest";
import { fullSubscriptionName, fullTopicName } from "../../lib/pubsub/names.ts";

describe("the name of a topic or subscription", () => {
  it("stays as it is where it is written in full, whatever the project", () => {
    expect(fullTopicName("projects/p/topics/gcr", "events.push_topic", "other")).toBe(
      "projects/p/topics/gcr",
    );
    expect(fullSubscriptionName("projects/p/subscriptions/s", "--subscription", undefined)).toBe(
      "projects/p/subscriptions/s",
    );
  });

  it("is completed by the project where it is short", () => {
    expect(fullTopicName("gcr", "events.push_topic", "p")).toBe("projects/p/topics/gcr");
    expect(fullSubscriptionName("reviews", "--subscription", "example.com:p")).toBe(
      "projects/example.com:p/subscriptions/reviews",
    );
  });

  it("needs a project where it is short, and says by which setting it was written", () => {
    expect(() => fullSubscriptionName("reviews", "pubsub.subscription", undefined)).toThrow(
      'pubsub.subscription "reviews" lacks its project; write projects/P/subscriptions/reviews, or set GOOGLE_CLOUD_PROJECT',
    );
  });

  it.each([
    ["that starts with a digit", "1st"],
    ["with a slash", "a/b"],
    ["of a topic", "projects/p/topics/gcr"],
    ["that climbs", "projects/p/subscriptions/../topics/gcr"],
    ["that is empty", ""],
  ])("is refused as a subscription: one %s", (_what, name) => {
    expect(() => fullSubscriptionName(name, "--subscription", "p")).toThrow(
      /^--subscription ".*" is no subscription; write its name, or projects\/P\/subscriptions\/S$/,
    );
  });

  it.each(["a/b", "", "UPPER"])("is refused for a project that is none: %j", (project) => {
    expect(() => fullTopicName("gcr", "events.push_topic", project)).toThrow("is no project");
  });
});
