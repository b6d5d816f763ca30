# Who may do what.

mock_provider "google" {}

variables {
  project_id     = "my-project-1"
  project_number = "123456789012"
  region         = "europe-west1"
  source_archive = "tests/fixtures/bundle.zip"
}

run "pubsubs_service_agent_can_do_its_part" {
  command = plan
  variables {
    verdicts = {}
  }

  assert {
    condition     = google_service_account_iam_member.push_token[0].role == "roles/iam.serviceAccountTokenCreator" && google_service_account_iam_member.push_token[0].member == "serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com"
    error_message = "it cannot make the token that it shows the functions"
  }
  assert {
    condition     = google_service_account_iam_member.push_token[0].service_account_id == "projects/my-project-1/serviceAccounts/voucher-invoker@my-project-1.iam.gserviceaccount.com"
    error_message = "it may be the invoker, and nobody else"
  }
  assert {
    condition     = google_pubsub_topic_iam_member.dead_letter.topic == "voucher-dead-letters" && google_pubsub_topic_iam_member.dead_letter.role == "roles/pubsub.publisher" && google_pubsub_topic_iam_member.dead_letter.member == "serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com"
    error_message = "it cannot publish dead letters"
  }
  assert {
    condition     = { for name, binding in google_pubsub_subscription_iam_member.dead_letter : name => binding.subscription } == { for name, subscription in google_pubsub_subscription.this : name => subscription.name }
    error_message = "it cannot take dead letters from each subscription"
  }
  assert {
    condition     = alltrue([for binding in google_pubsub_subscription_iam_member.dead_letter : binding.role == "roles/pubsub.subscriber" && binding.member == "serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com"])
    error_message = "it cannot acknowledge what it dead-letters"
  }
  assert {
    condition     = google_bigquery_table_iam_member.verdicts[0].role == "roles/bigquery.dataEditor" && google_bigquery_table_iam_member.verdicts[0].member == "serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com"
    error_message = "it cannot write verdicts down"
  }
}

run "nothing_is_public" {
  command = plan
  variables {
    functions = {
      onPush       = {}
      onOccurrence = {}
      api          = { invokers = { ci = "serviceAccount:ci@my-project-1.iam.gserviceaccount.com" } }
    }
  }

  assert {
    condition     = length(google_cloud_run_v2_service_iam_member.public) == 0
    error_message = "public, and nothing said so"
  }
  assert {
    condition     = alltrue([for binding in concat(values(google_cloud_run_v2_service_iam_member.pubsub), values(google_cloud_run_v2_service_iam_member.callers)) : !contains(["allUsers", "allAuthenticatedUsers"], binding.member)])
    error_message = "public by another name"
  }
  assert {
    condition     = sort([for binding in google_cloud_run_v2_service_iam_member.pubsub : binding.name]) == tolist(["voucher-on-occurrence", "voucher-on-push"])
    error_message = "Pub/Sub calls these two, and only these"
  }
  assert {
    condition     = alltrue([for binding in google_cloud_run_v2_service_iam_member.pubsub : binding.member == "serviceAccount:voucher-invoker@my-project-1.iam.gserviceaccount.com" && binding.role == "roles/run.invoker"])
    error_message = "only the invoker calls them"
  }
  assert {
    condition     = google_cloud_run_v2_service_iam_member.callers["api ci"].member == "serviceAccount:ci@my-project-1.iam.gserviceaccount.com" && google_cloud_run_v2_service_iam_member.callers["api ci"].name == "voucher-api"
    error_message = "an invoker that was named may not call"
  }
  assert {
    condition     = google_storage_bucket.source[0].public_access_prevention == "enforced"
    error_message = "the bundle could be made public"
  }
}

run "public_is_what_says_so" {
  command = plan
  variables {
    functions = {
      onPush    = {}
      api       = {}
      onWebhook = { public = true }
    }
    config = {
      valid_repos = ["harbor.example.com/apps"]
      webhook     = { harbor = { secret = "sm://projects/my-project-1/secrets/harbor/versions/1" } }
    }
    referenced_secrets = { harbor = { reader = "webhook" } }
    secrets            = { "/secrets/github/secrets.yaml" = { secret = "voucher-github" } }
  }

  assert {
    condition     = keys(google_cloud_run_v2_service_iam_member.public) == ["onWebhook"] && google_cloud_run_v2_service_iam_member.public["onWebhook"].member == "allUsers"
    error_message = "public are those that say public = true"
  }
}

run "voucher_has_what_it_needs_and_on_nothing_else" {
  command = plan

  assert {
    condition     = sort(keys(google_kms_crypto_key_iam_member.sign)) == tolist(["diy", "nobody"]) && alltrue([for binding in google_kms_crypto_key_iam_member.sign : binding.role == "roles/cloudkms.signerVerifier"])
    error_message = "it signs with the keys of its checks"
  }
  assert {
    condition     = sort([for binding in google_container_analysis_note_iam_member.attach : binding.note]) == tolist(["diy", "nobody"])
    error_message = "it attests under the notes of its checks"
  }
  assert {
    condition     = sort([for binding in google_pubsub_topic_iam_member.publish : binding.topic]) == tolist(["voucher-dead-letters", "voucher-verdicts", "voucher-waiting"])
    error_message = "it publishes on its own topics"
  }
  assert {
    condition     = google_project_iam_member.attestations.role == "roles/containeranalysis.occurrences.editor" && length(google_project_iam_member.evidence) == 0
    error_message = "who may write occurrences may read them"
  }
  assert {
    condition     = google_project_iam_member.images[0].role == "roles/artifactregistry.reader"
    error_message = "it reads images, and writes none"
  }
  assert {
    condition     = alltrue([for binding in concat(values(google_kms_crypto_key_iam_member.sign), values(google_container_analysis_note_iam_member.attach), values(google_pubsub_topic_iam_member.publish), [google_project_iam_member.attestations, google_project_iam_member.images[0]]) : binding.member == "serviceAccount:voucher-worker@my-project-1.iam.gserviceaccount.com"])
    error_message = "somebody else has a role of Voucher's"
  }
}

run "images_of_another_project_are_read_there" {
  command = plan
  variables {
    images = {
      project_id   = "my-images"
      repositories = { apps = { location = "europe", repository = "apps" } }
    }
  }

  assert {
    condition     = length(google_project_iam_member.images) == 0 && google_artifact_registry_repository_iam_member.images["apps"].project == "my-images" && google_artifact_registry_repository_iam_member.images["apps"].repository == "apps"
    error_message = "of the repositories that are named, and of no other"
  }
  assert {
    condition     = google_project_iam_member.evidence[0].project == "my-images" && google_project_iam_member.evidence[0].role == "roles/containeranalysis.occurrences.viewer"
    error_message = "scans and build records are in the images' project"
  }
}

run "binary_authorization_can_read_attestations" {
  command = plan

  assert {
    condition     = sort([for binding in google_container_analysis_note_iam_member.read : binding.note]) == tolist(["diy", "nobody"]) && alltrue([for binding in google_container_analysis_note_iam_member.read : binding.role == "roles/containeranalysis.notes.occurrences.viewer"])
    error_message = "an attestor that cannot read its note admits nothing"
  }
}

run "what_strangers_can_call_cannot_sign" {
  command = plan
  variables {
    functions = {
      onPush    = {}
      onWebhook = { public = true }
    }
    config = {
      valid_repos = ["harbor.example.com/apps"]
      webhook     = { harbor = { secret = "sm://projects/my-project-1/secrets/harbor/versions/1" } }
    }
    referenced_secrets = { harbor = { reader = "webhook" } }
    secrets            = { "/secrets/github/secrets.yaml" = { secret = "voucher-github" } }
  }

  assert {
    condition     = google_cloudfunctions2_function.this["onWebhook"].service_config[0].service_account_email == "voucher-webhook@my-project-1.iam.gserviceaccount.com"
    error_message = "onWebhook runs as an account of its own"
  }
  assert {
    condition     = google_cloudfunctions2_function.this["onPush"].service_config[0].service_account_email == "voucher-worker@my-project-1.iam.gserviceaccount.com"
    error_message = "onPush signs"
  }
  assert {
    condition     = { for role, binding in google_pubsub_topic_iam_member.announce : role => "${binding.project} ${binding.topic} ${binding.role}" } == { images = "my-project-1 gcr roles/pubsub.publisher", dead-letters = "my-project-1 voucher-dead-letters roles/pubsub.publisher" }
    error_message = "all that it may is to announce pushes, and to give up what it cannot read"
  }
  assert {
    condition     = alltrue([for binding in google_pubsub_topic_iam_member.announce : binding.member == "serviceAccount:voucher-webhook@my-project-1.iam.gserviceaccount.com"])
    error_message = "somebody else announces"
  }
  assert {
    condition     = [for volume in google_cloudfunctions2_function.this["onWebhook"].service_config[0].secret_volumes : volume.secret] == ["voucher-config"]
    error_message = "a secret of Voucher's is mounted where strangers call"
  }
  assert {
    condition     = google_secret_manager_secret_iam_member.mounted["voucher-github"].member == "serviceAccount:voucher-worker@my-project-1.iam.gserviceaccount.com" && google_secret_manager_secret_iam_member.referenced["harbor"].member == "serviceAccount:voucher-webhook@my-project-1.iam.gserviceaccount.com"
    error_message = "each reads its own secrets"
  }
}

run "whoever_builds_can_write_to_one_repository" {
  command = plan

  assert {
    condition     = google_artifact_registry_repository_iam_member.build[0].repository == "voucher-functions" && google_artifact_registry_repository_iam_member.build[0].role == "roles/artifactregistry.writer"
    error_message = "builds are written to a repository of their own"
  }
  assert {
    condition     = sort(keys(google_project_iam_member.build)) == tolist(["roles/logging.logWriter", "roles/storage.objectViewer"])
    error_message = "a build may write nothing else in the project"
  }
  assert {
    condition     = google_cloudfunctions2_function.this["onPush"].build_config[0].service_account == "projects/my-project-1/serviceAccounts/voucher-build@my-project-1.iam.gserviceaccount.com"
    error_message = "not the default account, which may do much"
  }
}

run "secrets_are_readable_one_by_one" {
  command = plan
  variables {
    secrets = {
      "/secrets/github/secrets.yaml" = { secret = "voucher-github" }
      "/secrets/docker/config.json"  = { secret = "voucher-docker", version = "3" }
    }
  }

  assert {
    condition     = sort([for binding in google_secret_manager_secret_iam_member.mounted : binding.secret_id]) == tolist(["voucher-docker", "voucher-github"])
    error_message = "what is mounted has to be readable"
  }
  assert {
    condition     = alltrue([for binding in concat(values(google_secret_manager_secret_iam_member.mounted), values(google_secret_manager_secret_iam_member.config)) : binding.role == "roles/secretmanager.secretAccessor"])
    error_message = "read, and no more"
  }
}

run "pods_act_as_voucher" {
  command = plan
  variables {
    kubernetes_service_accounts = ["voucher/voucher"]
  }

  assert {
    condition     = google_service_account_iam_member.kubernetes["voucher/voucher"].member == "serviceAccount:my-project-1.svc.id.goog[voucher/voucher]" && google_service_account_iam_member.kubernetes["voucher/voucher"].role == "roles/iam.workloadIdentityUser"
    error_message = "Workload Identity"
  }
  assert {
    condition     = contains(keys(google_project_service.required), "iamcredentials.googleapis.com")
    error_message = "Workload Identity gets no token"
  }
}

run "other_projects_admit_by_our_attestors" {
  command = plan
  variables {
    attestor_verifiers = { production = "serviceAccount:service-987654321098@gcp-sa-binaryauthorization.iam.gserviceaccount.com" }
  }

  assert {
    condition     = sort(keys(google_binary_authorization_attestor_iam_member.verify)) == tolist(["diy production", "nobody production"]) && alltrue([for binding in google_binary_authorization_attestor_iam_member.verify : binding.role == "roles/binaryauthorization.attestorsVerifier"])
    error_message = "each of our attestors, and nothing else"
  }
}

run "the_projects_number_is_looked_up_where_it_is_not_given" {
  command = plan
  variables {
    project_number = null
  }
  override_data {
    target = data.google_project.this[0]
    values = { number = "555555555555" }
  }

  assert {
    condition     = google_pubsub_topic_iam_member.dead_letter.member == "serviceAccount:service-555555555555@gcp-sa-pubsub.iam.gserviceaccount.com"
    error_message = "not this project's service agent"
  }
}
