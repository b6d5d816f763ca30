# Topics and subscriptions. The push subscriptions are our own, not Eventarc's: only those have a dead-letter topic, a
# back-off, an acknowledgement deadline and a count of deliveries.

locals {
  # By the attributes of what is made, so that a subscription waits for its topic.
  topics = merge(
    module.settings.topic_names,
    { for role, topic in google_pubsub_topic.this : role => "projects/${topic.project}/topics/${topic.name}" },
    { for topic in google_pubsub_topic.images : "images" => "projects/${topic.project}/topics/${topic.name}" },
    { for topic in google_pubsub_topic.occurrences : "occurrences" => "projects/${topic.project}/topics/${topic.name}" },
  )

  # As long as Pub/Sub keeps anything.
  longest_retention = "${31 * 24 * 60 * 60}s"
}

resource "google_pubsub_topic" "this" {
  for_each   = module.settings.topics
  project    = var.project_id
  name       = each.value
  labels     = var.labels
  depends_on = [google_project_service.required]
}

# Where Artifact Registry and Container Registry announce pushes; it is there already where somebody else made it.
resource "google_pubsub_topic" "images" {
  count      = var.images.create_push_topic ? 1 : 0
  project    = local.images_project
  name       = var.images.push_topic
  labels     = var.labels
  depends_on = [google_project_service.required]
}

# Container Analysis makes it when its API is enabled, unless a policy of the organisation forbids that.
resource "google_pubsub_topic" "occurrences" {
  count      = var.images.create_occurrences_topic ? 1 : 0
  project    = local.images_project
  name       = "container-analysis-occurrences-v1"
  labels     = var.labels
  depends_on = [google_project_service.required]
}

# Pushed to the function where it is deployed; else to be pulled by `voucher subscribe`.
resource "google_pubsub_subscription" "this" {
  for_each             = module.settings.subscriptions
  project              = var.project_id
  name                 = "${var.name}-${each.key}"
  topic                = local.topics[each.value.topic]
  labels               = var.labels
  ack_deadline_seconds = module.settings.ack_deadline_seconds

  dynamic "push_config" {
    for_each = contains(keys(var.functions), each.value.target) ? [each.value.target] : []
    content {
      push_endpoint = local.urls[push_config.value]
      oidc_token {
        service_account_email = local.emails["invoker"]
        audience              = local.urls[push_config.value]
      }
    }
  }

  retry_policy {
    minimum_backoff = "${each.value.min_backoff}s"
    maximum_backoff = "${each.value.max_backoff}s"
  }

  dead_letter_policy {
    dead_letter_topic     = local.topics["dead-letters"]
    max_delivery_attempts = each.value.attempts
  }

  # One that nobody reads for a month must not vanish with what it holds.
  expiration_policy {
    ttl = ""
  }

  depends_on = [google_project_service.required]
}

# Without it the dead-letter topic keeps nothing. `voucher replay --dead-letter` reads it.
resource "google_pubsub_subscription" "dead_letters" {
  project                    = var.project_id
  name                       = google_pubsub_topic.this["dead-letters"].name
  topic                      = local.topics["dead-letters"]
  labels                     = var.labels
  ack_deadline_seconds       = 60
  message_retention_duration = local.longest_retention
  expiration_policy {
    ttl = ""
  }
}
