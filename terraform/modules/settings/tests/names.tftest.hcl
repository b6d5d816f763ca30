# What follows from the variables, with no provider.

variables {
  name           = "voucher"
  project_id     = "my-project-1"
  region         = "europe-west1"
  image          = null
  source_archive = "voucher.zip"
  functions = {
    onPush       = { public = false, cpu = 1, concurrency = 8 }
    onOccurrence = { public = false, cpu = 1, concurrency = 8 }
  }
  checks = {
    diy    = { key_version = 1, retiring_versions = [], attestor = null }
    nobody = { key_version = 1, retiring_versions = [], attestor = null }
  }
  images   = { project_id = "my-project-1", push_topic = "gcr" }
  kms      = { location = null, key_ring = null }
  delivery = { review_seconds = 240, min_backoff_seconds = 10, max_backoff_seconds = 600, max_attempts = 10, pending_minutes = 60 }
  verdicts = false
  config   = {}

  config_text                 = null
  secrets                     = {}
  referenced_secrets          = {}
  admission                   = null
  kubernetes_service_accounts = []
}

run "a_deadline_ends_before_the_one_around_it" {
  assert {
    condition     = output.function_seconds > 240 && output.ack_deadline_seconds > output.function_seconds
    error_message = "review < function < acknowledgement does not hold"
  }
}

run "the_longest_review_fits_what_pubsub_allows" {
  variables {
    delivery = { review_seconds = 540, min_backoff_seconds = 0, max_backoff_seconds = 600, max_attempts = 95, pending_minutes = 460 }
  }
  assert {
    condition     = output.ack_deadline_seconds <= 600
    error_message = "Pub/Sub takes 600 seconds at the most"
  }
  assert {
    condition     = alltrue([for subscription in output.subscriptions : subscription.attempts <= 100])
    error_message = "Pub/Sub takes 100 attempts at the most"
  }
}

run "voucher_gives_up_before_pubsub_does" {
  assert {
    condition     = output.subscriptions.push.attempts > 10
    error_message = "Pub/Sub would dead-letter without a reason"
  }
}

run "the_waiting_subscription_is_slow_and_patient" {
  assert {
    condition     = output.subscriptions.waiting.min_backoff == 60 && output.subscriptions.waiting.max_backoff == 600
    error_message = "waiting comes back after 60 to 600 seconds"
  }
  assert {
    condition     = output.subscriptions.waiting.attempts >= 20
    error_message = "at least 20 attempts"
  }
}

run "who_waits_longer_gets_more_attempts" {
  variables {
    delivery = { review_seconds = 240, min_backoff_seconds = 10, max_backoff_seconds = 600, max_attempts = 10, pending_minutes = 300 }
  }
  assert {
    condition     = output.subscriptions.waiting.attempts > 300 / 10 + 4
    error_message = "Pub/Sub would give up before pending_minutes are over"
  }
}

run "without_on_occurrence_nobody_listens_to_container_analysis" {
  variables {
    functions = { onPush = { public = false, cpu = 1, concurrency = 8 } }
  }
  assert {
    condition     = !contains(keys(output.subscriptions), "occurrences")
    error_message = "a subscription that nobody reads"
  }
}

run "a_dot_in_a_check_becomes_a_hyphen_in_what_cannot_have_dots" {
  variables {
    checks = { "acme.signed" = { key_version = 3, retiring_versions = [2], attestor = null } }
  }
  assert {
    condition     = output.checks["acme.signed"].key == "acme-signed" && output.checks["acme.signed"].attestor == "acme-signed"
    error_message = "KMS and Binary Authorization refuse dots"
  }
  assert {
    condition     = output.checks["acme.signed"].signing == "projects/my-project-1/locations/europe-west1/keyRings/voucher/cryptoKeys/acme-signed/cryptoKeyVersions/3"
    error_message = "the version that signs is key_version"
  }
  assert {
    condition     = join(" ", keys(output.key_versions)) == "acme.signed/2 acme.signed/3"
    error_message = "the attestor trusts the retiring version too"
  }
  assert {
    condition     = output.key_versions["acme.signed/3"].id == "//cloudkms.googleapis.com/v1/${output.checks["acme.signed"].signing}"
    error_message = "the id in attestations is the version's resource name"
  }
}

run "a_project_of_a_domain_turns_around_in_addresses" {
  variables {
    project_id = "example.com:my-project"
  }
  assert {
    condition     = output.email_domain == "my-project.example.com.iam.gserviceaccount.com"
    error_message = output.email_domain
  }
}

run "images_of_another_project_announce_themselves_there" {
  variables {
    images = { project_id = "my-images", push_topic = "gcr" }
  }
  assert {
    condition     = output.topic_names.images == "projects/my-images/topics/gcr" && output.topic_names.occurrences == "projects/my-images/topics/container-analysis-occurrences-v1"
    error_message = "the topics are in the images' project"
  }
  assert {
    condition     = output.topic_names.waiting == "projects/my-project-1/topics/voucher-waiting"
    error_message = "our own topics are in ours"
  }
}
