import type { Counted, Timed } from "../ports.ts";

/** Under which names a backend's users look for what is measured: Voucher's own, and those that Voucher did not have. */
export type Names = { readonly [what in Counted | Timed]: string };

/** What only this Voucher measures is called the same everywhere. */
const OURS = {
  "review.latency": "voucher_review_latency",
  pending: "voucher_pending",
  "registry.requests": "voucher_registry_requests",
};

/** For statsd and Datadog; labelled `check:NAME`. */
export const DOTTED: Names = {
  "message.received": "auto_voucher.message.received",
  "message.latency": "auto_voucher.latency",
  "check.run.start": "voucher.check.run.start",
  "check.run.success": "voucher.check.run.success",
  "check.run.failure": "voucher.check.run.failure",
  "check.run.error": "voucher.check.run.error",
  "check.run.latency": "voucher.check.run.latency",
  "check.attestation.start": "voucher.check.attestation.start",
  "check.attestation.success": "voucher.check.attestation.success",
  "check.attestation.error": "voucher.check.attestation.error",
  "check.attestation.latency": "voucher.check.attestation.latency",
  ...OURS,
};

/** For OpenTelemetry; labelled `check_name`. */
export const SNAKE: Names = {
  "message.received": "voucher_pubsub_message_received_total",
  "message.latency": "voucher_pubsub_message_latency_milliseconds",
  "check.run.start": "voucher_check_run_start_total",
  "check.run.success": "voucher_check_run_success_total",
  "check.run.failure": "voucher_check_run_failure_total",
  "check.run.error": "voucher_check_run_error_total",
  "check.run.latency": "voucher_check_run_latency_milliseconds",
  "check.attestation.start": "voucher_check_attestation_start_total",
  "check.attestation.success": "voucher_check_attestation_success_total",
  "check.attestation.error": "voucher_check_attestation_error_total",
  "check.attestation.latency": "voucher_check_attestation_latency_milliseconds",
  ...OURS,
};
