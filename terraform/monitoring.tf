# What to wake somebody for, and what to look at then. Alerts watch metrics of Google's own, which exist from the first
# minute; the dashboard counts what Voucher logs.

locals {
  logged = length(var.functions) > 0 ? join(" ", [
    "resource.type=\"cloud_run_revision\"",
    "resource.labels.service_name=(${join(" OR ", [for service in values(module.settings.functions) : "\"${service}\""])})",
  ]) : "resource.type=\"k8s_container\" resource.labels.container_name=\"voucher\""

  answered = join(" AND ", [
    "metric.type = \"run.googleapis.com/request_count\"",
    "resource.type = \"cloud_run_revision\"",
    "resource.labels.service_name = one_of(${join(", ", [for service in values(module.settings.functions) : "\"${service}\""])})",
  ])

  # A message of the waiting topic is old before it is late.
  oldest_seconds = {
    for subscription in keys(module.settings.subscriptions) : subscription =>
    var.alerts.oldest_message_seconds + (subscription == "waiting" ? var.delivery.pending_minutes * 60 : 0)
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
    content   = "Each message says why in its attributes `voucher-reason` and `voucher-detail`. Look: `gcloud pubsub subscriptions pull ${google_pubsub_subscription.dead_letters.name} --project=${var.project_id} --limit=10`. Mend what they name, then `voucher replay --dead-letter ${google_pubsub_subscription.dead_letters.name}`."
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
    for_each = google_pubsub_subscription.this
    iterator = subscription
    content {
      display_name = "The oldest message of ${subscription.value.name} is older than ${local.oldest_seconds[subscription.key]} seconds"
      condition_threshold {
        filter = join(" AND ", [
          "metric.type = \"pubsub.googleapis.com/subscription/oldest_unacked_message_age\"",
          "resource.type = \"pubsub_subscription\"",
          "resource.labels.subscription_id = \"${subscription.value.name}\"",
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
    content   = "Events come back again and again. The entries of the log with `jsonPayload.outcome=\"retry\"` say why in `reason`; most often a permission that is missing, or a registry, Cloud KMS or Container Analysis that does not answer."
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

resource "google_logging_metric" "outcomes" {
  project          = var.project_id
  name             = "${var.name}-outcomes"
  description      = "How deliveries ended."
  filter           = "${local.logged} jsonPayload.outcome:*"
  label_extractors = { outcome = "EXTRACT(jsonPayload.outcome)" }
  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"
    labels {
      key         = "outcome"
      value_type  = "STRING"
      description = "attested, decided, ignored, waiting, retry or dead-lettered"
    }
  }
  depends_on = [google_project_service.required]
}

resource "google_logging_metric" "milliseconds" {
  project         = var.project_id
  name            = "${var.name}-milliseconds"
  description     = "How long deliveries took."
  filter          = "${local.logged} jsonPayload.outcome:* jsonPayload.milliseconds>=0"
  value_extractor = "EXTRACT(jsonPayload.milliseconds)"
  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "DISTRIBUTION"
    unit        = "ms"
  }
  bucket_options {
    exponential_buckets {
      num_finite_buckets = 20
      growth_factor      = 2
      scale              = 1
    }
  }
  depends_on = [google_project_service.required]
}

locals {
  charts = [
    {
      title     = "Deliveries, by how they ended"
      filter    = "metric.type=\"logging.googleapis.com/user/${google_logging_metric.outcomes.name}\""
      aligner   = "ALIGN_RATE"
      reducer   = "REDUCE_SUM"
      group     = ["metric.label.outcome"]
      plot_type = "STACKED_BAR"
    },
    {
      title     = "How long a delivery takes, 95th percentile, in milliseconds"
      filter    = "metric.type=\"logging.googleapis.com/user/${google_logging_metric.milliseconds.name}\""
      aligner   = "ALIGN_PERCENTILE_95"
      reducer   = "REDUCE_MAX"
      group     = []
      plot_type = "LINE"
    },
    {
      title     = "The oldest message of each subscription, in seconds"
      filter    = "metric.type=\"pubsub.googleapis.com/subscription/oldest_unacked_message_age\" resource.type=\"pubsub_subscription\" resource.label.subscription_id=monitoring.regex.full_match(\"${var.name}-.*\")"
      aligner   = "ALIGN_MAX"
      reducer   = "REDUCE_MAX"
      group     = ["resource.label.subscription_id"]
      plot_type = "LINE"
    },
    {
      title     = "Dead letters"
      filter    = "metric.type=\"pubsub.googleapis.com/subscription/num_undelivered_messages\" resource.type=\"pubsub_subscription\" resource.label.subscription_id=\"${google_pubsub_subscription.dead_letters.name}\""
      aligner   = "ALIGN_MAX"
      reducer   = "REDUCE_MAX"
      group     = []
      plot_type = "LINE"
    },
  ]
}

resource "google_monitoring_dashboard" "this" {
  project = var.project_id
  dashboard_json = jsonencode({
    displayName = "Voucher (${var.name})"
    mosaicLayout = {
      columns = 12
      tiles = concat(
        [
          for index, chart in local.charts : {
            xPos   = 6 * (index % 2)
            yPos   = 4 * floor(index / 2)
            width  = 6
            height = 4
            widget = {
              title = chart.title
              xyChart = {
                dataSets = [{
                  plotType   = chart.plot_type
                  targetAxis = "Y1"
                  timeSeriesQuery = {
                    timeSeriesFilter = {
                      filter = chart.filter
                      aggregation = {
                        alignmentPeriod    = "60s"
                        perSeriesAligner   = chart.aligner
                        crossSeriesReducer = chart.reducer
                        groupByFields      = chart.group
                      }
                    }
                  }
                }]
              }
            }
          }
        ],
        [
          {
            xPos   = 0
            yPos   = 8
            width  = 12
            height = 6
            widget = {
              title = "What went wrong"
              logsPanel = {
                filter        = "${local.logged} severity>=WARNING"
                resourceNames = ["projects/${var.project_id}"]
              }
            }
          },
        ],
      )
    }
  })
  depends_on = [google_project_service.required]
}
