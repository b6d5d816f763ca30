# What to look at when one was woken: what Voucher logs, counted. Google drops zeros, and lists that are empty, and fills in
# what is left out; so nothing here says either, or every plan would find the dashboard changed.

locals {
  logged = length(var.functions) > 0 ? join(" ", [
    "resource.type=\"cloud_run_revision\"",
    "resource.labels.service_name=(${join(" OR ", [for service in values(module.settings.functions) : "\"${service}\""])})",
  ]) : "resource.type=\"k8s_container\" resource.labels.container_name=\"voucher\""
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
          for index, chart in local.charts : merge(
            { for axis, place in { xPos = 6 * (index % 2), yPos = 4 * floor(index / 2) } : axis => place if place > 0 },
            {
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
                        aggregation = merge(
                          {
                            alignmentPeriod    = "60s"
                            perSeriesAligner   = chart.aligner
                            crossSeriesReducer = chart.reducer
                          },
                          { for fields in [chart.group] : "groupByFields" => fields if length(fields) > 0 },
                        )
                      }
                    }
                  }]
                }
              }
            },
          )
        ],
        [
          {
            yPos   = 8
            width  = 12
            height = 6
            widget = {
              title = "What went wrong"
              logsPanel = {
                filter = "${local.logged} severity>=WARNING"
              }
            }
          },
        ],
      )
    }
  })
  depends_on = [google_project_service.required]
}
