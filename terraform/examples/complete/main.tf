# Everything that the module can do: images of a project of their own, all checks, an API for the build pipelines, webhooks of
# another registry, verdicts in BigQuery, alerts to the people on call, and admission by attestation. The service account
# builds, and the secrets voucher-github and voucher-harbor with a version each, have to be there.

module "voucher" {
  source = "../.."

  project_id     = var.project_id
  region         = var.region
  source_archive = var.source_archive
  labels         = { team = "platform" }

  functions = {
    onPush       = { min_instances = 1, max_instances = 50 }
    onOccurrence = {}
    api          = { invokers = { builds = "serviceAccount:builds@${var.images_project_id}.iam.gserviceaccount.com" } }
    onWebhook    = { public = true }
  }

  images = {
    project_id = var.images_project_id
    repositories = {
      apps = { location = var.region, repository = "apps" }
      base = { location = var.region, repository = "base" }
    }
  }

  checks = {
    diy        = {}
    nobody     = {}
    snakeoil   = {}
    provenance = {}
    approved   = {}
    is_acme    = {}
  }

  config = {
    valid_repos = [
      "${var.region}-docker.pkg.dev/${var.images_project_id}/apps",
      "${var.region}-docker.pkg.dev/${var.images_project_id}/base",
      "harbor.example.com/apps",
    ]
    failon                     = "high"
    snakeoil                   = { only_fixable = true, platforms = ["linux/amd64"] }
    trusted_builder_identities = ["builds@${var.images_project_id}.iam.gserviceaccount.com"]
    trusted_projects           = [var.images_project_id]
    repository                 = { acme = { org-url = "https://github.com/acme" } }
    secrets                    = { file = "/secrets/github/secrets.yaml" }
    webhook                    = { harbor = { secret = "sm://projects/${var.project_id}/secrets/voucher-harbor/versions/1" } }
  }
  secrets = {
    "/secrets/github/secrets.yaml" = { secret = "voucher-github" }
  }
  referenced_secrets = {
    voucher-harbor = { reader = "webhook" }
  }

  kms      = { protection_level = "HSM" }
  verdicts = { retention_days = 400 }

  admission = {
    enforce       = var.enforce
    checks        = ["diy", "nobody"]
    clusters      = { "${var.region}.production" = ["diy", "nobody", "snakeoil", "provenance", "approved", "is_acme"] }
    exempt_images = ["registry.k8s.io/**"]
  }

  alerts = { notification_channels = var.notification_channels }
}

output "api" {
  description = "The URL to ask by `voucher check --server URL --auth idtoken`."
  value       = module.voucher.urls["api"]
}

output "webhooks" {
  description = "The URL for registries to call, with /harbor after it."
  value       = module.voucher.urls["onWebhook"]
}

output "verdicts" {
  description = "The table of every verdict."
  value       = module.voucher.verdicts_table
}
