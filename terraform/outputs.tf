output "urls" {
  description = "The URL of each function, by target."
  value       = local.urls
}

output "topics" {
  description = "The full name of each topic: images, occurrences, waiting, dead-letters, verdicts."
  value       = local.topics
}

output "subscriptions" {
  description = "The name of each subscription that events come through."
  value       = { for name, subscription in google_pubsub_subscription.this : name => subscription.name }
}

output "dead_letter_subscription" {
  description = "What `voucher replay --dead-letter` reads."
  value       = google_pubsub_subscription.dead_letters.name
}

output "key_versions" {
  description = "The key version that signs for each check, as `[[kms_keys]] path` names it."
  value       = { for check, settings in module.settings.checks : check => settings.signing }
}

output "attestors" {
  description = "The attestor of each check, as policies name it."
  value       = local.attestors
}

output "service_accounts" {
  description = "The address of each service account: worker, and where there are functions invoker, build and webhook."
  value       = local.emails
}

output "config_secret" {
  description = "The secret that holds the configuration."
  value       = google_secret_manager_secret.config.secret_id
}

output "verdicts_table" {
  description = "The table of verdicts, as PROJECT.DATASET.TABLE; null without one."
  value       = var.verdicts == null ? null : "${google_bigquery_table.verdicts[0].project}.${google_bigquery_table.verdicts[0].dataset_id}.${google_bigquery_table.verdicts[0].table_id}"
}
