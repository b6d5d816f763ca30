# What can be said without asking Google: every name, every number that follows from another, and the configuration as text.

locals {
  # A domain-scoped project, example.com:project, turns its id around in the addresses of its service accounts.
  project_parts = split(":", var.project_id)
  email_domain  = "${join(".", reverse(local.project_parts))}.iam.gserviceaccount.com"

  targets = {
    onPush       = "on-push"
    onOccurrence = "on-occurrence"
    onWebhook    = "on-webhook"
    api          = "api"
  }

  key_ring = "projects/${var.project_id}/locations/${var.kms.location == null ? var.region : var.kms.location}/keyRings/${var.kms.key_ring == null ? var.name : var.kms.key_ring}"

  checks = {
    for check, settings in var.checks : check => {
      key      = replace(check, ".", "-")
      attestor = settings.attestor == null ? replace(check, ".", "-") : settings.attestor
      signing  = "${local.key_ring}/cryptoKeys/${replace(check, ".", "-")}/cryptoKeyVersions/${settings.key_version}"
      # The one that signs comes first.
      versions = distinct(concat([settings.key_version], settings.retiring_versions))
    }
  }

  key_versions = merge([
    for check, settings in local.checks : {
      for version in settings.versions : "${check}/${version}" => {
        check   = check
        version = version
        # As Voucher and Binary Authorization name a key version; the two have to be equal to the letter.
        id = "//cloudkms.googleapis.com/v1/${local.key_ring}/cryptoKeys/${settings.key}/cryptoKeyVersions/${version}"
      }
    }
  ]...)

  topics = {
    dead-letters = "${var.name}-dead-letters"
    waiting      = "${var.name}-waiting"
    verdicts     = "${var.name}-verdicts"
  }
  topic_names = merge(
    { for role, topic in local.topics : role => "projects/${var.project_id}/topics/${topic}" },
    {
      images      = "projects/${var.images.project_id}/topics/${var.images.push_topic}"
      occurrences = "projects/${var.images.project_id}/topics/container-analysis-occurrences-v1"
    },
  )
}

# Review < function < Pub/Sub: whoever waits for another gives up later than it does.
locals {
  function_seconds     = var.delivery.review_seconds + 30
  ack_deadline_seconds = var.delivery.review_seconds + 60

  # Voucher gives up first, since its dead letters say why. Pub/Sub counts attempts only roughly.
  push_attempts = var.delivery.max_attempts + 5
  # Deliveries from the waiting topic come 60, 120, 240, 480 and then 600 seconds apart: twice as many as that takes.
  waiting_attempts = max(20, ceil(var.delivery.pending_minutes / 5) + 8)

  subscriptions = merge(
    {
      push = {
        topic       = "images"
        target      = "onPush"
        min_backoff = var.delivery.min_backoff_seconds
        max_backoff = var.delivery.max_backoff_seconds
        attempts    = local.push_attempts
      }
      waiting = {
        topic       = "waiting"
        target      = "onPush"
        min_backoff = 60
        max_backoff = 600
        attempts    = local.waiting_attempts
      }
    },
    {
      for name, subscription in {
        occurrences = {
          topic       = "occurrences"
          target      = "onOccurrence"
          min_backoff = var.delivery.min_backoff_seconds
          max_backoff = var.delivery.max_backoff_seconds
          attempts    = local.push_attempts
        }
      } : name => subscription if contains(keys(var.functions), "onOccurrence")
    },
  )
}
