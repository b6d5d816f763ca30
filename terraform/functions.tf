# The functions: built from the bundle's zip, or run from a container image. Either way they are services of Cloud Run.

locals {
  source_functions = { for target, function in var.functions : target => function if local.from_source }
  image_functions  = { for target, function in var.functions : target => function if !local.from_source }

  environment = {
    GOOGLE_CLOUD_PROJECT = var.project_id
    NODE_ENV             = "production"
    VOUCHER_CONFIG       = "/etc/voucher/config.toml"
    VOUCHER_LOG_LEVEL    = var.log_level
  }

  # Each folder that is mounted, and the file in it. What strangers can call has no secret to lose.
  mounts = {
    for account in ["worker", "webhook"] : account => merge(
      {
        "/etc/voucher" = {
          file    = "config.toml"
          secret  = google_secret_manager_secret.config.secret_id
          version = google_secret_manager_secret_version.config.version
        }
      },
      {
        for path, mounted in var.secrets : dirname(path) => {
          file    = basename(path)
          secret  = mounted.secret
          version = mounted.version
        } if account == "worker"
      },
    )
  }

  urls = merge(
    { for target, function in google_cloudfunctions2_function.this : target => function.service_config[0].uri },
    { for target, service in google_cloud_run_v2_service.this : target => service.uri },
  )
}

resource "google_storage_bucket" "source" {
  count                       = local.from_source ? 1 : 0
  project                     = var.project_id
  name                        = "${replace(var.project_id, "/[^a-z0-9-]/", "-")}-${var.name}-source"
  location                    = var.region
  labels                      = var.labels
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = true
  depends_on                  = [google_project_service.required]
}

resource "google_storage_bucket_object" "source" {
  count  = local.from_source ? 1 : 0
  bucket = google_storage_bucket.source[0].name
  # Another bundle is another object, so that the functions are built anew.
  name         = "voucher-${filemd5(var.source_archive)}.zip"
  source       = var.source_archive
  content_type = "application/zip"
  lifecycle {
    create_before_destroy = true
  }
}

# The builds' own, so that whoever builds functions can write nowhere else, least of all where the attested images are.
resource "google_artifact_registry_repository" "build" {
  count         = local.from_source ? 1 : 0
  project       = var.project_id
  location      = var.region
  repository_id = "${var.name}-functions"
  description   = "Images that Cloud Build makes of Voucher's functions."
  format        = "DOCKER"
  labels        = var.labels
  cleanup_policies {
    id     = "keep-recent"
    action = "KEEP"
    most_recent_versions {
      keep_count = 5
    }
  }
  cleanup_policies {
    id     = "delete-old"
    action = "DELETE"
    condition {
      older_than = "2592000s"
    }
  }
  depends_on = [google_project_service.required]
}

resource "google_cloudfunctions2_function" "this" {
  for_each    = local.source_functions
  project     = var.project_id
  location    = var.region
  name        = module.settings.functions[each.key]
  description = "Voucher: ${each.key}"
  labels      = var.labels

  build_config {
    runtime           = "nodejs24"
    entry_point       = each.key
    docker_repository = "projects/${google_artifact_registry_repository.build[0].project}/locations/${google_artifact_registry_repository.build[0].location}/repositories/${google_artifact_registry_repository.build[0].repository_id}"
    service_account   = "projects/${var.project_id}/serviceAccounts/${local.emails["build"]}"
    source {
      storage_source {
        bucket = google_storage_bucket.source[0].name
        object = google_storage_bucket_object.source[0].name
      }
    }
  }

  service_config {
    available_cpu                    = tostring(each.value.cpu)
    available_memory                 = each.value.memory
    timeout_seconds                  = module.settings.function_seconds
    max_instance_request_concurrency = each.value.concurrency
    min_instance_count               = each.value.min_instances
    max_instance_count               = each.value.max_instances
    # Pub/Sub counts as internal; a person's client and a registry's webhook do not.
    ingress_settings               = contains(["api", "onWebhook"], each.key) ? "ALLOW_ALL" : "ALLOW_INTERNAL_ONLY"
    all_traffic_on_latest_revision = true
    service_account_email          = local.emails[local.identities[each.key]]
    environment_variables          = merge(local.environment, each.value.environment)

    dynamic "secret_volumes" {
      for_each = local.mounts[local.identities[each.key]]
      iterator = mount
      content {
        mount_path = mount.key
        project_id = var.project_id
        secret     = mount.value.secret
        versions {
          path    = mount.value.file
          version = mount.value.version
        }
      }
    }
  }

  depends_on = [
    google_artifact_registry_repository_iam_member.build,
    google_project_iam_member.build,
    google_secret_manager_secret_iam_member.config,
    google_secret_manager_secret_iam_member.mounted,
    google_secret_manager_secret_iam_member.referenced,
  ]
}

resource "google_cloud_run_v2_service" "this" {
  for_each            = local.image_functions
  project             = var.project_id
  location            = var.region
  name                = module.settings.functions[each.key]
  description         = "Voucher: ${each.key}"
  labels              = var.labels
  ingress             = contains(["api", "onWebhook"], each.key) ? "INGRESS_TRAFFIC_ALL" : "INGRESS_TRAFFIC_INTERNAL_ONLY"
  deletion_protection = false

  template {
    service_account                  = local.emails[local.identities[each.key]]
    timeout                          = "${module.settings.function_seconds}s"
    max_instance_request_concurrency = each.value.concurrency

    scaling {
      min_instance_count = each.value.min_instances
      max_instance_count = each.value.max_instances
    }

    containers {
      image = var.image
      dynamic "env" {
        for_each = merge(local.environment, each.value.environment, { FUNCTION_TARGET = each.key })
        content {
          name  = env.key
          value = env.value
        }
      }
      resources {
        limits = {
          cpu    = tostring(each.value.cpu)
          memory = each.value.memory
        }
        startup_cpu_boost = true
        # Paid by the request, as functions are. Where resources are named at all, leaving this out means the opposite.
        cpu_idle = true
      }
      dynamic "volume_mounts" {
        for_each = local.mounts[local.identities[each.key]]
        iterator = mount
        content {
          mount_path = mount.key
          name       = trim(replace(mount.key, "/[^a-z0-9]+/", "-"), "-")
        }
      }
    }

    dynamic "volumes" {
      for_each = local.mounts[local.identities[each.key]]
      iterator = mount
      content {
        name = trim(replace(mount.key, "/[^a-z0-9]+/", "-"), "-")
        secret {
          secret = mount.value.secret
          items {
            path    = mount.value.file
            version = mount.value.version
          }
        }
      }
    }
  }

  depends_on = [
    google_project_service.required,
    google_secret_manager_secret_iam_member.config,
    google_secret_manager_secret_iam_member.mounted,
    google_secret_manager_secret_iam_member.referenced,
  ]
}
