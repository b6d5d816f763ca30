import { describeAttestations } from "./open-source-attestations.ts";
import { startFake } from "./open-source-server.ts";

// The real server is held to the same in test/e2e/grafeasos.test.ts.
describeAttestations("attestations on what stands in for the open-source server", () => startFake());
