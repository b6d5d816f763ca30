# The history: every verdict in a table of BigQuery. A verdict is kept as JSON, whole, so that one with new members is
# never refused.

resource "google_bigquery_dataset" "verdicts" {
  count       = var.verdicts == null ? 0 : 1
  project     = var.project_id
  dataset_id  = replace(var.name, "-", "_")
  location    = var.verdicts.location == null ? var.region : var.verdicts.location
  description = "What Voucher decided."
  labels      = var.labels
  depends_on  = [google_project_service.required]
}

resource "google_bigquery_table" "verdicts" {
  count               = var.verdicts == null ? 0 : 1
  project             = var.project_id
  dataset_id          = google_bigquery_dataset.verdicts[0].dataset_id
  table_id            = "verdicts"
  description         = "One row a verdict event. Pub/Sub may deliver one twice."
  labels              = var.labels
  deletion_protection = var.verdicts.deletion_protection
  time_partitioning {
    type          = "DAY"
    field         = "publish_time"
    expiration_ms = var.verdicts.retention_days == null ? null : var.verdicts.retention_days * 24 * 60 * 60 * 1000
  }
  # The names and types that a subscription with metadata writes: https://cloud.google.com/pubsub/docs/bigquery
  schema = jsonencode([
    { name = "subscription_name", type = "STRING", mode = "NULLABLE", description = "The subscription that wrote the row." },
    { name = "message_id", type = "STRING", mode = "NULLABLE", description = "Pub/Sub's id of the message." },
    { name = "publish_time", type = "TIMESTAMP", mode = "NULLABLE", description = "When the verdict was published." },
    { name = "data", type = "JSON", mode = "NULLABLE", description = "The verdict, as `voucher check --json` prints it." },
    { name = "attributes", type = "JSON", mode = "NULLABLE", description = "The attributes of the message." },
  ])
}

resource "google_pubsub_subscription" "verdicts" {
  count                      = var.verdicts == null ? 0 : 1
  project                    = var.project_id
  name                       = google_pubsub_topic.this["verdicts"].name
  topic                      = local.topics["verdicts"]
  labels                     = var.labels
  message_retention_duration = local.longest_retention
  bigquery_config {
    table          = "${google_bigquery_table.verdicts[0].project}.${google_bigquery_table.verdicts[0].dataset_id}.${google_bigquery_table.verdicts[0].table_id}"
    write_metadata = true
  }
  expiration_policy {
    ttl = ""
  }
  # Pub/Sub looks at once whether it may write.
  depends_on = [google_bigquery_table_iam_member.verdicts]
}
