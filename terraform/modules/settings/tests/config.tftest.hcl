# The configuration's text. That Voucher reads it as it was meant is tested by test/terraform/config.test.ts.

variables {
  name           = "voucher"
  project_id     = "my-project-1"
  region         = "europe-west1"
  image          = null
  source_archive = "voucher.zip"
  functions = {
    onPush = { public = false, cpu = 1, concurrency = 8 }
  }
  checks = {
    diy = { key_version = 1, retiring_versions = [], attestor = null }
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

run "every_check_is_on_with_its_key" {
  assert {
    condition     = strcontains(output.config, "\"checks\" = {\"diy\" = true}\n")
    error_message = output.config
  }
  assert {
    condition     = strcontains(output.config, "\"kms_keys\" = [{\"check\" = \"diy\",\"path\" = \"${output.checks.diy.signing}\"}]\n")
    error_message = output.config
  }
}

run "what_config_says_is_kept" {
  variables {
    config = {
      failon      = "high"
      valid_repos = ["europe-docker.pkg.dev/my-project-1/images"]
      limits      = { children = 64 }
      snakeoil    = { allow = [{ id = "CVE-2026-1", reason = "not \"reachable\": a\\b", expires = "2027-01-31" }] }
    }
  }
  assert {
    condition     = strcontains(output.config, "\"failon\" = \"high\"\n") && strcontains(output.config, "\"valid_repos\" = [\"europe-docker.pkg.dev/my-project-1/images\"]\n")
    error_message = output.config
  }
  assert {
    condition     = strcontains(output.config, "\"limits\" = {\"children\" = 64,\"timeout_seconds\" = 240}\n")
    error_message = output.config
  }
  assert {
    condition     = strcontains(output.config, "\"reason\" = \"not \\\"reachable\\\": a\\\\b\"}]}\n")
    error_message = output.config
  }
}

run "a_check_can_be_left_to_a_group" {
  variables {
    config = {
      checks   = { diy = false }
      required = { production = { diy = true } }
    }
  }
  assert {
    condition     = strcontains(output.config, "\"checks\" = {\"diy\" = false}\n")
    error_message = output.config
  }
}

run "the_topics_are_the_ones_that_are_made" {
  assert {
    condition     = alltrue([for role in ["waiting", "dead-letters", "verdicts"] : strcontains(output.config, "\"${output.topic_names[role]}\"")])
    error_message = output.config
  }
  assert {
    condition     = !strcontains(output.config, "push_topic")
    error_message = "only onWebhook publishes pushes"
  }
}

run "a_webhook_publishes_where_pushes_are_announced" {
  variables {
    functions = {
      onPush    = { public = false, cpu = 1, concurrency = 8 }
      onWebhook = { public = true, cpu = 1, concurrency = 8 }
    }
    config = {
      valid_repos = ["harbor.example.com/apps"]
      webhook     = { harbor = { secret = "sm://projects/my-project-1/secrets/harbor/versions/1" } }
    }
    referenced_secrets = { harbor = { reader = "webhook" } }
  }
  assert {
    condition     = strcontains(output.config, "\"push_topic\" = \"projects/my-project-1/topics/gcr\"")
    error_message = output.config
  }
}

run "a_file_is_used_as_it_stands" {
  variables {
    config_text = <<-EOT
      # Ours.
      path = "projects/my-project-1/locations/europe-west1/keyRings/voucher/cryptoKeys/diy/cryptoKeyVersions/1"
      waiting_topic = "voucher-waiting"
      dead_letter_topic = "voucher-dead-letters"
    EOT
  }
  assert {
    condition     = startswith(output.config, "# Ours.\n")
    error_message = output.config
  }
}
