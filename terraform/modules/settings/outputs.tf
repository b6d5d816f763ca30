output "email_domain" {
  description = "What follows the @ in the addresses of the project's service accounts."
  value       = local.email_domain
}

output "functions" {
  description = "The names of the functions that are deployed, by target."
  value       = { for target in keys(var.functions) : target => "${var.name}-${local.targets[target]}" }
}

output "key_ring" {
  description = "The full name of the key ring."
  value       = local.key_ring
}

output "checks" {
  description = "Of each check: the name of its key, the key version that signs, all versions that its attestor trusts, and its attestor."
  value       = local.checks
}

output "key_versions" {
  description = "Each key version that an attestor trusts, by check and number, with the id that Voucher gives it in attestations."
  value       = local.key_versions
}

output "topics" {
  description = "The short names of the topics that are always made."
  value       = local.topics
}

output "topic_names" {
  description = "The full names of every topic."
  value       = local.topic_names
}

output "subscriptions" {
  description = "The subscriptions that functions are behind: where from, to which function, and how often."
  value       = local.subscriptions
}

output "function_seconds" {
  description = "How long a function may take."
  value       = local.function_seconds
}

output "ack_deadline_seconds" {
  description = "How long Pub/Sub waits for an answer."
  value       = local.ack_deadline_seconds
}

output "config" {
  description = "The text of the configuration file."
  value       = var.config_text == null ? local.toml : var.config_text
}
