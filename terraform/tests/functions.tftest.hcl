# The functions themselves: from the zip or from an image, and what they find when they start.

mock_provider "google" {}

variables {
  project_id     = "my-project-1"
  project_number = "123456789012"
  region         = "europe-west1"
  source_archive = "tests/fixtures/bundle.zip"
}

run "on_push_and_on_occurrence_by_default" {
  command = plan

  assert {
    condition     = { for target, function in google_cloudfunctions2_function.this : target => function.name } == { onPush = "voucher-on-push", onOccurrence = "voucher-on-occurrence" }
    error_message = "these two, and no other"
  }
  assert {
    condition     = alltrue([for target, function in google_cloudfunctions2_function.this : function.build_config[0].runtime == "nodejs24" && function.build_config[0].entry_point == target])
    error_message = "Node.js 24, each with its own target"
  }
  assert {
    condition     = alltrue([for function in google_cloudfunctions2_function.this : length(function.event_trigger) == 0])
    error_message = "an event trigger has no dead-letter topic of ours"
  }
  assert {
    condition     = alltrue([for function in google_cloudfunctions2_function.this : function.service_config[0].ingress_settings == "ALLOW_INTERNAL_ONLY"])
    error_message = "only Pub/Sub calls them"
  }
}

run "another_bundle_is_another_object" {
  command = plan

  assert {
    condition     = google_storage_bucket_object.source[0].name == "voucher-${filemd5("tests/fixtures/bundle.zip")}.zip" && google_storage_bucket_object.source[0].source == "tests/fixtures/bundle.zip"
    error_message = "the functions would not be built anew"
  }
  assert {
    condition     = google_cloudfunctions2_function.this["onPush"].build_config[0].source[0].storage_source[0].object == google_storage_bucket_object.source[0].name
    error_message = "built from something else"
  }
}

run "the_configuration_is_mounted_where_voucher_looks" {
  command = plan
  variables {
    secrets = { "/secrets/github/secrets.yaml" = { secret = "voucher-github", version = "7" } }
  }

  assert {
    condition     = alltrue([for function in google_cloudfunctions2_function.this : function.service_config[0].environment_variables["VOUCHER_CONFIG"] == "/etc/voucher/config.toml"])
    error_message = "VOUCHER_CONFIG"
  }
  assert {
    condition     = [for volume in google_cloudfunctions2_function.this["onPush"].service_config[0].secret_volumes : "${volume.secret} ${volume.mount_path} ${volume.versions[0].path}"] == ["voucher-config /etc/voucher config.toml", "voucher-github /secrets/github secrets.yaml"]
    error_message = "config.toml in /etc/voucher, and each secret in its folder"
  }
}

run "an_image_in_place_of_the_bundle" {
  command = plan
  variables {
    source_archive = null
    image          = "europe-docker.pkg.dev/my-project-1/tools/voucher@sha256:0000000000000000000000000000000000000000000000000000000000000000"
    functions = {
      onPush = { cpu = 2, memory = "1Gi", concurrency = 16, environment = { NODE_EXTRA_CA_CERTS = "/secrets/ca/ca.pem" } }
      api    = {}
    }
    secrets = { "/secrets/ca/ca.pem" = { secret = "internal-ca" } }
  }

  assert {
    condition     = length(google_cloudfunctions2_function.this) == 0 && length(google_storage_bucket.source) == 0 && length(google_artifact_registry_repository.build) == 0
    error_message = "nothing is built"
  }
  assert {
    condition     = sort([for service in google_cloud_run_v2_service.this : service.name]) == tolist(["voucher-api", "voucher-on-push"])
    error_message = "a service for each function"
  }
  assert {
    condition     = { for variable in google_cloud_run_v2_service.this["onPush"].template[0].containers[0].env : variable.name => variable.value }["FUNCTION_TARGET"] == "onPush"
    error_message = "the image serves what FUNCTION_TARGET says"
  }
  assert {
    condition     = google_cloud_run_v2_service.this["onPush"].template[0].timeout == "270s" && google_cloud_run_v2_service.this["onPush"].template[0].max_instance_request_concurrency == 16
    error_message = "the same limits as a function has"
  }
  assert {
    condition     = alltrue([for service in google_cloud_run_v2_service.this : service.template[0].containers[0].resources[0].cpu_idle])
    error_message = "an instance would be paid for while it waits"
  }
  assert {
    condition     = [for mount in google_cloud_run_v2_service.this["onPush"].template[0].containers[0].volume_mounts : mount.mount_path] == ["/etc/voucher", "/secrets/ca"]
    error_message = "what is mounted"
  }
  assert {
    condition     = [for volume in google_cloud_run_v2_service.this["onPush"].template[0].volumes : volume.name] == [for mount in google_cloud_run_v2_service.this["onPush"].template[0].containers[0].volume_mounts : mount.name]
    error_message = "a mount without its volume"
  }
  assert {
    condition     = google_cloud_run_v2_service.this["onPush"].ingress == "INGRESS_TRAFFIC_INTERNAL_ONLY" && google_cloud_run_v2_service.this["api"].ingress == "INGRESS_TRAFFIC_ALL"
    error_message = "only what people call is reachable from outside"
  }
}

run "the_configuration_may_be_kept_in_regions_that_are_named" {
  command = plan
  variables {
    secret_locations = ["europe-west1", "europe-west4"]
  }

  assert {
    condition     = [for replica in google_secret_manager_secret.config.replication[0].user_managed[0].replicas : replica.location] == ["europe-west1", "europe-west4"] && length(google_secret_manager_secret.config.replication[0].auto) == 0
    error_message = "there, and nowhere else"
  }
}

run "a_secret_in_the_configuration_stays_one" {
  command = plan
  variables {
    functions = { onPush = {}, api = { public = true } }
    config    = { server = { require_auth = true, username = "ci", password = sensitive("$2b$12$abcdefghijklmnopqrstuv") } }
  }

  assert {
    condition     = strcontains(nonsensitive(google_secret_manager_secret_version.config.secret_data), "\"username\" = \"ci\"")
    error_message = "the configuration lacks its server"
  }
}

run "alerts_can_be_somebody_elses" {
  command = plan
  variables {
    alerts = { enabled = false }
  }

  assert {
    condition     = length(google_monitoring_alert_policy.dead_letters) + length(google_monitoring_alert_policy.oldest_message) + length(google_monitoring_alert_policy.errors) == 0
    error_message = "alerts that nobody wants"
  }
}

run "alerts_speak_of_what_is_made" {
  command = plan
  variables {
    alerts = { notification_channels = ["projects/my-project-1/notificationChannels/1"], error_ratio = 0.5 }
  }

  assert {
    condition     = strcontains(google_monitoring_alert_policy.dead_letters[0].conditions[0].condition_threshold[0].filter, "\"voucher-dead-letters\"") && google_monitoring_alert_policy.dead_letters[0].conditions[0].condition_threshold[0].threshold_value == 0
    error_message = "the first dead letter"
  }
  assert {
    condition     = [for condition in google_monitoring_alert_policy.oldest_message[0].conditions : condition.condition_threshold[0].threshold_value] == [3600, 3600, 7200]
    error_message = "what waits is older before it is late"
  }
  assert {
    condition     = google_monitoring_alert_policy.errors[0].conditions[0].condition_threshold[0].threshold_value == 0.5 && strcontains(google_monitoring_alert_policy.errors[0].conditions[0].condition_threshold[0].denominator_filter, "\"voucher-on-push\"")
    error_message = "the share of 5xx answers of our services"
  }
  assert {
    condition     = alltrue([for policy in concat(google_monitoring_alert_policy.dead_letters, google_monitoring_alert_policy.oldest_message, google_monitoring_alert_policy.errors) : contains(policy.notification_channels, "projects/my-project-1/notificationChannels/1")])
    error_message = "an alert that nobody hears"
  }
}

run "verdicts_that_bigquery_does_not_take_are_noticed" {
  command = plan
  variables {
    verdicts = {}
  }

  assert {
    condition     = anytrue([for condition in google_monitoring_alert_policy.oldest_message[0].conditions : strcontains(condition.condition_threshold[0].filter, "\"voucher-verdicts\"")])
    error_message = "they would be lost after a month, and nobody told"
  }
}

run "the_dashboard_counts_what_voucher_logs" {
  command = plan

  assert {
    condition     = google_logging_metric.outcomes.label_extractors["outcome"] == "EXTRACT(jsonPayload.outcome)" && strcontains(google_logging_metric.outcomes.filter, "\"voucher-on-push\"")
    error_message = "outcomes of our services"
  }
  assert {
    condition     = length(jsondecode(google_monitoring_dashboard.this.dashboard_json).mosaicLayout.tiles) == 5 && strcontains(google_monitoring_dashboard.this.dashboard_json, "logging.googleapis.com/user/voucher-outcomes")
    error_message = "four charts and the log"
  }
  assert {
    condition     = [for tile in jsondecode(google_monitoring_dashboard.this.dashboard_json).mosaicLayout.tiles : [try(tile.xPos, 0), try(tile.yPos, 0)]] == [[0, 0], [6, 0], [0, 4], [6, 4], [0, 8]]
    error_message = "two charts a row, and the log below them"
  }
  assert {
    condition     = length(regexall(":(0|\\[\\]|null)[,}]", google_monitoring_dashboard.this.dashboard_json)) == 0
    error_message = "what Google does not give back would be found changed for ever"
  }
}
