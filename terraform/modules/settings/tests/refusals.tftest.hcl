# What is refused, one run each: the variable that is at fault is the one that is named.

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

run "a_name_with_capitals" {
  command = plan
  variables {
    name = "Voucher"
  }
  expect_failures = [var.name]
}

run "a_name_too_long_for_service_accounts" {
  command = plan
  variables {
    name = "voucher-of-the-platform-team"
  }
  expect_failures = [var.name]
}

run "a_project_number_as_the_project" {
  command = plan
  variables {
    project_id = "123456789012"
  }
  expect_failures = [var.project_id]
}

run "a_zone_as_the_region" {
  command = plan
  variables {
    region = "europe-west1-b"
  }
  expect_failures = [var.region]
}

run "nothing_to_deploy" {
  command = plan
  variables {
    source_archive = null
  }
  expect_failures = [var.source_archive]
}

run "both_a_zip_and_an_image" {
  command = plan
  variables {
    image = "europe-docker.pkg.dev/my-project-1/tools/voucher:1"
  }
  expect_failures = [var.source_archive]
}

run "a_function_that_there_is_not" {
  command = plan
  variables {
    functions = { onpush = { public = false, cpu = 1, concurrency = 8 } }
  }
  expect_failures = [var.functions]
}

run "a_public_on_push" {
  command = plan
  variables {
    functions = { onPush = { public = true, cpu = 1, concurrency = 8 } }
  }
  expect_failures = [var.functions]
}

run "many_requests_on_less_than_one_cpu" {
  command = plan
  variables {
    functions = { onPush = { public = false, cpu = 0.5, concurrency = 8 } }
  }
  expect_failures = [var.functions]
}

run "no_concurrency" {
  command = plan
  variables {
    functions = { onPush = { public = false, cpu = 1, concurrency = 0 } }
  }
  expect_failures = [var.functions]
}

run "a_public_api_that_asks_nobody_who_they_are" {
  command = plan
  variables {
    functions = { api = { public = true, cpu = 1, concurrency = 8 } }
  }
  expect_failures = [var.functions]
}

run "a_webhook_without_sources" {
  command = plan
  variables {
    functions = { onWebhook = { public = true, cpu = 1, concurrency = 8 } }
  }
  expect_failures = [var.functions]
}

run "a_webhook_that_contacts_any_host" {
  command = plan
  variables {
    functions = { onWebhook = { public = true, cpu = 1, concurrency = 8 } }
    config    = { webhook = { harbor = { secret = "s" } } }
  }
  expect_failures = [var.functions]
}

run "no_check" {
  command = plan
  variables {
    checks = {}
  }
  expect_failures = [var.checks]
}

run "a_check_with_capitals" {
  command = plan
  variables {
    checks = { Nobody = { key_version = 1, retiring_versions = [], attestor = null } }
  }
  expect_failures = [var.checks]
}

run "two_checks_that_would_share_a_key" {
  command = plan
  variables {
    checks = {
      "a.b" = { key_version = 1, retiring_versions = [], attestor = null }
      "a-b" = { key_version = 1, retiring_versions = [], attestor = "other" }
    }
  }
  expect_failures = [var.checks]
}

run "a_key_version_zero" {
  command = plan
  variables {
    checks = { diy = { key_version = 0, retiring_versions = [], attestor = null } }
  }
  expect_failures = [var.checks]
}

run "a_version_that_signs_and_retires" {
  command = plan
  variables {
    checks = { diy = { key_version = 2, retiring_versions = [1, 2], attestor = null } }
  }
  expect_failures = [var.checks]
}

run "an_attestor_by_its_full_name" {
  command = plan
  variables {
    checks = { diy = { key_version = 1, retiring_versions = [], attestor = "projects/p/attestors/diy" } }
  }
  expect_failures = [var.checks]
}

run "one_attestor_for_two_checks" {
  command = plan
  variables {
    checks = {
      diy    = { key_version = 1, retiring_versions = [], attestor = "nobody" }
      nobody = { key_version = 1, retiring_versions = [], attestor = null }
    }
  }
  expect_failures = [var.checks]
}

run "a_check_that_is_on_and_has_no_key" {
  command = plan
  variables {
    config = { checks = { snakeoil = true } }
  }
  expect_failures = [var.checks]
}

run "a_check_of_a_group_that_has_no_key" {
  command = plan
  variables {
    config = { required = { production = { snakeoil = true } } }
  }
  expect_failures = [var.checks]
}

run "a_check_of_ones_own_that_has_no_key" {
  command = plan
  variables {
    config = { checks = { numeric = { module = "./numeric-user.js" } } }
  }
  expect_failures = [var.checks]
}

run "a_topic_by_its_full_name" {
  command = plan
  variables {
    images = { project_id = "my-project-1", push_topic = "projects/my-project-1/topics/gcr" }
  }
  expect_failures = [var.images]
}

run "no_project_of_images" {
  command = plan
  variables {
    images = { project_id = "My Project", push_topic = "gcr" }
  }
  expect_failures = [var.images]
}

run "a_key_ring_by_its_full_name" {
  command = plan
  variables {
    kms = { location = null, key_ring = "projects/p/locations/l/keyRings/r" }
  }
  expect_failures = [var.kms]
}

run "a_review_longer_than_pubsub_waits" {
  command = plan
  variables {
    delivery = { review_seconds = 600, min_backoff_seconds = 10, max_backoff_seconds = 600, max_attempts = 10, pending_minutes = 60 }
  }
  expect_failures = [var.delivery]
}

run "half_a_second_of_review" {
  command = plan
  variables {
    delivery = { review_seconds = 240.5, min_backoff_seconds = 10, max_backoff_seconds = 600, max_attempts = 10, pending_minutes = 60 }
  }
  expect_failures = [var.delivery]
}

run "a_back_off_that_shrinks" {
  command = plan
  variables {
    delivery = { review_seconds = 240, min_backoff_seconds = 60, max_backoff_seconds = 10, max_attempts = 10, pending_minutes = 60 }
  }
  expect_failures = [var.delivery]
}

run "too_few_attempts_for_pubsub" {
  command = plan
  variables {
    delivery = { review_seconds = 240, min_backoff_seconds = 10, max_backoff_seconds = 600, max_attempts = 4, pending_minutes = 60 }
  }
  expect_failures = [var.delivery]
}

run "too_many_attempts_for_pubsub" {
  command = plan
  variables {
    delivery = { review_seconds = 240, min_backoff_seconds = 10, max_backoff_seconds = 600, max_attempts = 100, pending_minutes = 60 }
  }
  expect_failures = [var.delivery]
}

run "a_wait_that_outlasts_pubsub" {
  command = plan
  variables {
    delivery = { review_seconds = 240, min_backoff_seconds = 10, max_backoff_seconds = 600, max_attempts = 10, pending_minutes = 1440 }
  }
  expect_failures = [var.delivery]
}

run "a_configuration_that_is_a_text" {
  command = plan
  variables {
    config = "valid_repos = []"
  }
  expect_failures = [var.config]
}

run "topics_in_the_configuration" {
  command = plan
  variables {
    config = { events = { waiting_topic = "mine" } }
  }
  expect_failures = [var.config]
}

run "a_signer_in_the_configuration" {
  command = plan
  variables {
    config = { signer = "pgp" }
  }
  expect_failures = [var.config]
}

run "a_second_deadline_in_the_configuration" {
  command = plan
  variables {
    config = { limits = { timeout_seconds = 60 } }
  }
  expect_failures = [var.config]
}

run "a_null_in_the_configuration" {
  command = plan
  variables {
    config = { failon = null }
  }
  expect_failures = [var.config]
}

run "a_file_that_names_no_key" {
  command = plan
  variables {
    config_text = "valid_repos = []"
  }
  expect_failures = [var.config_text]
}

run "a_file_that_keeps_no_verdicts_where_they_are_to_be_kept" {
  command = plan
  variables {
    config_text = "projects/my-project-1/locations/europe-west1/keyRings/voucher/cryptoKeys/diy/cryptoKeyVersions/1 projects/my-project-1/locations/europe-west1/keyRings/voucher/cryptoKeys/nobody/cryptoKeyVersions/1 voucher-waiting voucher-dead-letters"
    verdicts    = true
  }
  expect_failures = [var.config_text]
}

run "a_file_that_announces_no_webhook" {
  command = plan
  variables {
    config_text = "gcr.io projects/my-project-1/locations/europe-west1/keyRings/voucher/cryptoKeys/diy/cryptoKeyVersions/1 projects/my-project-1/locations/europe-west1/keyRings/voucher/cryptoKeys/nobody/cryptoKeyVersions/1 voucher-waiting voucher-dead-letters"
    functions   = { onWebhook = { public = true, cpu = 1, concurrency = 8 } }
  }
  expect_failures = [var.functions]
}

run "a_file_and_an_object" {
  command = plan
  variables {
    config      = { failon = "high" }
    config_text = "projects/my-project-1/locations/europe-west1/keyRings/voucher/cryptoKeys/diy/cryptoKeyVersions/1 projects/my-project-1/locations/europe-west1/keyRings/voucher/cryptoKeys/nobody/cryptoKeyVersions/1 voucher-waiting voucher-dead-letters"
  }
  expect_failures = [var.config_text]
}

run "a_secret_at_a_relative_path" {
  command = plan
  variables {
    secrets = { "secrets.yaml" = { secret = "github", version = "latest" } }
  }
  expect_failures = [var.secrets]
}

run "a_secret_that_climbs_out" {
  command = plan
  variables {
    secrets = { "/secrets/../etc/x" = { secret = "github", version = "latest" } }
  }
  expect_failures = [var.secrets]
}

run "two_secrets_in_one_folder" {
  command = plan
  variables {
    secrets = {
      "/secrets/a.yaml" = { secret = "a", version = "latest" }
      "/secrets/b.yaml" = { secret = "b", version = "latest" }
    }
  }
  expect_failures = [var.secrets]
}

run "a_secret_within_the_folder_of_another" {
  command = plan
  variables {
    secrets = {
      "/secrets/a/a.yaml"   = { secret = "a", version = "latest" }
      "/secrets/a/b/b.yaml" = { secret = "b", version = "latest" }
    }
  }
  expect_failures = [var.secrets]
}

run "a_secret_over_the_configuration" {
  command = plan
  variables {
    secrets = { "/etc/voucher/secrets.yaml" = { secret = "github", version = "latest" } }
  }
  expect_failures = [var.secrets]
}

run "a_secret_over_the_program" {
  command = plan
  variables {
    secrets = { "/voucher/secrets.yaml" = { secret = "github", version = "latest" } }
  }
  expect_failures = [var.secrets]
}

run "a_secret_over_the_system" {
  command = plan
  variables {
    secrets = { "/etc/ca.pem" = { secret = "ca", version = "latest" } }
  }
  expect_failures = [var.secrets]
}

run "a_secret_where_cloud_run_mounts_none" {
  command = plan
  variables {
    secrets = { "/proc/github/secrets.yaml" = { secret = "github", version = "latest" } }
  }
  expect_failures = [var.secrets]
}

run "a_secret_that_nobody_may_read" {
  command = plan
  variables {
    config = { server = { password = "sm://projects/my-project-1/secrets/api/versions/1" } }
  }
  expect_failures = [var.referenced_secrets]
}

run "a_secret_of_a_webhook_that_the_worker_reads" {
  command = plan
  variables {
    config             = { webhook = { harbor = { secret = "sm://projects/my-project-1/secrets/harbor/versions/1" } } }
    referenced_secrets = { harbor = { reader = "worker" } }
  }
  expect_failures = [var.referenced_secrets]
}

run "a_reader_that_there_is_not" {
  command = plan
  variables {
    referenced_secrets = { harbor = { reader = "api" } }
  }
  expect_failures = [var.referenced_secrets]
}

run "admission_by_a_check_that_there_is_not" {
  command = plan
  variables {
    admission = { checks = ["snakeoil"], clusters = {} }
  }
  expect_failures = [var.admission]
}

run "admission_of_a_cluster_by_a_check_that_there_is_not" {
  command = plan
  variables {
    admission = { checks = ["diy"], clusters = { "europe-west1.production" = ["snakeoil"] } }
  }
  expect_failures = [var.admission]
}

run "admission_by_no_check" {
  command = plan
  variables {
    admission = { checks = [], clusters = {} }
  }
  expect_failures = [var.admission]
}

run "a_cluster_without_its_location" {
  command = plan
  variables {
    admission = { checks = ["diy"], clusters = { production = ["diy"] } }
  }
  expect_failures = [var.admission]
}

run "a_kubernetes_account_without_its_namespace" {
  command = plan
  variables {
    kubernetes_service_accounts = ["voucher"]
  }
  expect_failures = [var.kubernetes_service_accounts]
}

