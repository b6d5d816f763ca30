# How events reach the functions, and what becomes of those that do not get through.

mock_provider "google" {}

variables {
  project_id     = "my-project-1"
  project_number = "123456789012"
  region         = "europe-west1"
  source_archive = "tests/fixtures/bundle.zip"
}

run "pushes_come_through_a_subscription_of_our_own" {
  command = plan

  assert {
    condition     = google_pubsub_subscription.this["push"].topic == "projects/my-project-1/topics/gcr"
    error_message = "not the topic that Artifact Registry announces on"
  }
  assert {
    condition     = google_pubsub_subscription.this["push"].push_config[0].oidc_token[0].service_account_email == "voucher-invoker@my-project-1.iam.gserviceaccount.com"
    error_message = "Pub/Sub has to show who calls"
  }
  assert {
    condition     = google_pubsub_subscription.this["push"].retry_policy[0].minimum_backoff == "10s" && google_pubsub_subscription.this["push"].retry_policy[0].maximum_backoff == "600s"
    error_message = "without a retry policy Pub/Sub redelivers at once"
  }
  assert {
    condition     = google_pubsub_subscription.this["push"].dead_letter_policy[0].dead_letter_topic == "projects/my-project-1/topics/voucher-dead-letters"
    error_message = "what never gets through would be lost"
  }
  assert {
    condition     = google_pubsub_subscription.this["push"].dead_letter_policy[0].max_delivery_attempts == 15
    error_message = "Voucher gives up at 10 and says why; Pub/Sub only after that"
  }
}

run "every_subscription_retries_dead_letters_and_never_expires" {
  command = plan

  assert {
    condition     = sort(keys(google_pubsub_subscription.this)) == tolist(["occurrences", "push", "waiting"])
    error_message = "one of the three is missing"
  }
  assert {
    condition     = alltrue([for subscription in google_pubsub_subscription.this : length(subscription.retry_policy) == 1])
    error_message = "a subscription without a retry policy"
  }
  assert {
    condition     = alltrue([for subscription in google_pubsub_subscription.this : subscription.dead_letter_policy[0].dead_letter_topic == "projects/my-project-1/topics/voucher-dead-letters"])
    error_message = "a subscription without a dead-letter topic"
  }
  assert {
    condition     = alltrue([for subscription in google_pubsub_subscription.this : subscription.expiration_policy[0].ttl == ""])
    error_message = "a subscription that expires"
  }
  assert {
    condition     = alltrue([for subscription in google_pubsub_subscription.this : length(subscription.push_config) == 1])
    error_message = "a subscription that nobody reads"
  }
}

run "deadlines_nest" {
  command = plan

  assert {
    condition     = alltrue([for function in google_cloudfunctions2_function.this : function.service_config[0].timeout_seconds == 270])
    error_message = "a function has 270 seconds"
  }
  assert {
    condition     = alltrue([for subscription in google_pubsub_subscription.this : subscription.ack_deadline_seconds == 300])
    error_message = "Pub/Sub waits 300 seconds"
  }
  assert {
    condition     = strcontains(nonsensitive(google_secret_manager_secret_version.config.secret_data), "\"timeout_seconds\" = 240")
    error_message = "a review has 240 seconds"
  }
}

run "waiting_is_slow_and_patient" {
  command = plan

  assert {
    condition     = google_pubsub_subscription.this["waiting"].topic == "projects/my-project-1/topics/voucher-waiting"
    error_message = "not the waiting topic"
  }
  assert {
    condition     = google_pubsub_subscription.this["waiting"].retry_policy[0].minimum_backoff == "60s" && google_pubsub_subscription.this["waiting"].retry_policy[0].maximum_backoff == "600s"
    error_message = "60 to 600 seconds"
  }
  assert {
    condition     = google_pubsub_subscription.this["waiting"].dead_letter_policy[0].max_delivery_attempts >= 20
    error_message = "at least 20 attempts"
  }
}

run "dead_letters_are_kept_as_long_as_can_be" {
  command = plan

  assert {
    condition     = google_pubsub_subscription.dead_letters.topic == "projects/my-project-1/topics/voucher-dead-letters"
    error_message = "a dead-letter topic without a subscription keeps nothing"
  }
  assert {
    condition     = google_pubsub_subscription.dead_letters.message_retention_duration == "2678400s" && google_pubsub_subscription.dead_letters.expiration_policy[0].ttl == ""
    error_message = "31 days, and never to expire"
  }
}

run "announcements_of_container_analysis_are_heard" {
  command = plan

  assert {
    condition     = google_pubsub_subscription.this["occurrences"].topic == "projects/my-project-1/topics/container-analysis-occurrences-v1"
    error_message = "not the topic of Container Analysis"
  }
  assert {
    condition     = length(google_pubsub_topic.occurrences) == 0
    error_message = "Container Analysis has made it already"
  }
}

run "a_topic_that_is_there_is_adopted" {
  command = plan
  variables {
    images = {
      project_id               = "my-images"
      create_push_topic        = false
      create_occurrences_topic = true
    }
  }

  assert {
    condition     = length(google_pubsub_topic.images) == 0 && google_pubsub_subscription.this["push"].topic == "projects/my-images/topics/gcr"
    error_message = "the topic is there, in the project of the images"
  }
  assert {
    condition     = google_pubsub_topic.occurrences[0].project == "my-images"
    error_message = "asked for, and not made there"
  }
  assert {
    condition     = google_pubsub_subscription.this["push"].project == "my-project-1"
    error_message = "the subscription is ours"
  }
}

run "without_functions_the_subscriptions_are_pulled" {
  command = plan
  variables {
    functions      = {}
    source_archive = null
  }

  assert {
    condition     = alltrue([for subscription in google_pubsub_subscription.this : length(subscription.push_config) == 0])
    error_message = "there is nothing to push to"
  }
  assert {
    condition     = alltrue([for subscription in google_pubsub_subscription.this : length(subscription.dead_letter_policy) == 1 && length(subscription.retry_policy) == 1])
    error_message = "pulled or pushed, nothing may be lost"
  }
  assert {
    condition     = sort(keys(google_pubsub_subscription_iam_member.pull)) == tolist(["push", "waiting"])
    error_message = "`voucher subscribe` may not pull"
  }
  assert {
    condition     = length(google_storage_bucket.source) == 0 && length(google_monitoring_alert_policy.errors) == 0
    error_message = "made for functions that are not there"
  }
}

run "verdicts_are_kept_where_that_is_asked_for" {
  command = plan
  variables {
    verdicts = { retention_days = 400 }
  }

  assert {
    condition     = google_pubsub_subscription.verdicts[0].bigquery_config[0].table == "my-project-1.voucher.verdicts"
    error_message = "not the table"
  }
  assert {
    condition     = [for column in jsondecode(google_bigquery_table.verdicts[0].schema) : "${column.name} ${column.type}"] == ["subscription_name STRING", "message_id STRING", "publish_time TIMESTAMP", "data JSON", "attributes JSON"]
    error_message = "not the columns that Pub/Sub writes with metadata"
  }
  assert {
    condition     = google_bigquery_table.verdicts[0].time_partitioning[0].expiration_ms == 34560000000
    error_message = "400 days"
  }
}

run "nothing_of_bigquery_is_made_unasked" {
  command = plan

  assert {
    condition     = length(google_bigquery_table.verdicts) == 0 && length(google_pubsub_subscription.verdicts) == 0 && length(google_bigquery_table_iam_member.verdicts) == 0
    error_message = "BigQuery costs, and nobody asked"
  }
}
