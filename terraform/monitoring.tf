# What to wake somebody for. Alerts watch metrics of Google's own, which exist from the first minute.

locals {
  answered = join(" AND ", [
    "metric.type = \"run.googleapis.com/request_count\"",
    "resource.type = \"cloud_run_revision\"",
    "resource.labels.service_name = one_of(${join(", ", [for service in values(module.settings.functions) : "\"${service}\""])})",
  ])

  # Dead letters are old by their nature, and have an alert of their own.
  watched = merge(
    { for name, subscription in google_pubsub_subscription.this : name => subscription.name },
    { for subscription in google_pubsub_subscription.verdicts : "verdicts" => subscription.name },
  )
  # A message of the waiting topic is old before it is late.
  oldest_seconds = {
    for name in keys(local.watched) : name =>
    var.alerts.oldest_message_seconds + (name == "waiting" ? var.delivery.pending_minutes * 60 : 0)
  }
}

resource "google_monitoring_alert_policy" "dead_letters" {
  count                 = var.alerts.enabled ? 1 : 0
  project               = var.project_id
  display_name          = "${var.name}: events were given up"
  combiner              = "OR"
  severity              = "ERROR"
  notification_channels = var.alerts.notification_channels
  user_labels           = var.labels
  conditions {
    display_name = "The dead-letter subscription holds messages"
    condition_threshold {
      filter = join(" AND ", [
        "metric.type = \"pubsub.googleapis.com/subscription/num_undelivered_messages\"",
        "resource.type = \"pubsub_subscription\"",
        "resource.labels.subscription_id = \"${google_pubsub_subscription.dead_letters.name}\"",
      ])
      comparison      = "COMPARISON_GT"
      threshold_value = var.alerts.dead_letters
      duration        = "0s"
      aggregations {
        alignment_period   = "300s"
        per_series_aligner = "ALIGN_MAX"
      }
    }
  }
  documentation {
    mime_type = "text/markdown"
    content   = "`voucher replay --dead-letter projects/${var.project_id}/subscriptions/${google_pubsub_subscription.dead_letters.name} --dry-run` says why, by reason. Mend what it names, then run it without `--dry-run`. See \"Alert: events were given up\" in docs/runbook.md."
  }
  depends_on = [google_project_service.required]
}

resource "google_monitoring_alert_policy" "oldest_message" {
  count                 = var.alerts.enabled ? 1 : 0
  project               = var.project_id
  display_name          = "${var.name}: events are not getting through"
  combiner              = "OR"
  severity              = "WARNING"
  notification_channels = var.alerts.notification_channels
  user_labels           = var.labels
  dynamic "conditions" {
    for_each = local.watched
    iterator = subscription
    content {
      display_name = "The oldest message of ${subscription.value} is older than ${local.oldest_seconds[subscription.key]} seconds"
      condition_threshold {
        filter = join(" AND ", [
          "metric.type = \"pubsub.googleapis.com/subscription/oldest_unacked_message_age\"",
          "resource.type = \"pubsub_subscription\"",
          "resource.labels.subscription_id = \"${subscription.value}\"",
        ])
        comparison      = "COMPARISON_GT"
        threshold_value = local.oldest_seconds[subscription.key]
        duration        = "300s"
        aggregations {
          alignment_period   = "60s"
          per_series_aligner = "ALIGN_MAX"
        }
      }
    }
  }
  documentation {
    mime_type = "text/markdown"
    content   = "Events come back again and again. The entries of the log with `jsonPayload.outcome=\"retry\"` say why in `reason`; most often a permission that is missing, or a registry, Cloud KMS or Container Analysis that does not answer. Those of ${google_pubsub_topic.this["verdicts"].name} are verdicts that BigQuery does not take. No entry at all: nobody is called, or nothing starts. See \"Alert: events are not getting through\" in docs/runbook.md."
  }
  depends_on = [google_project_service.required]
}

resource "google_monitoring_alert_policy" "errors" {
  count                 = var.alerts.enabled && length(var.functions) > 0 ? 1 : 0
  project               = var.project_id
  display_name          = "${var.name}: functions answer with errors"
  combiner              = "OR"
  severity              = "WARNING"
  notification_channels = var.alerts.notification_channels
  user_labels           = var.labels
  conditions {
    display_name = "More than ${var.alerts.error_ratio * 100} % of the answers are 5xx"
    condition_threshold {
      filter             = "${local.answered} AND metric.labels.response_code_class = \"5xx\""
      denominator_filter = local.answered
      comparison         = "COMPARISON_GT"
      threshold_value    = var.alerts.error_ratio
      duration           = "600s"
      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_RATE"
        cross_series_reducer = "REDUCE_SUM"
      }
      denominator_aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_RATE"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }
  documentation {
    mime_type = "text/markdown"
    content   = "503 asks Pub/Sub to deliver again, so a few are no fault. Many are: see the entries of the log with `severity>=WARNING`."
  }
  depends_on = [google_project_service.required]
}
