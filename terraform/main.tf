# Names, numbers and the configuration's text come from modules/settings, which also judges the variables.

module "settings" {
  source = "./modules/settings"

  name           = var.name
  project_id     = var.project_id
  region         = var.region
  image          = var.image
  source_archive = var.source_archive
  functions      = var.functions
  checks         = var.checks
  images = {
    project_id = local.images_project
    push_topic = var.images.push_topic
  }
  kms                         = var.kms
  delivery                    = var.delivery
  verdicts                    = var.verdicts != null
  config                      = var.config
  config_text                 = var.config_file == null ? null : file(var.config_file)
  secrets                     = var.secrets
  referenced_secrets          = var.referenced_secrets
  admission                   = var.admission
  kubernetes_service_accounts = var.kubernetes_service_accounts
}

locals {
  images_project = var.images.project_id == null ? var.project_id : var.images.project_id
  project_number = var.project_number == null ? data.google_project.this[0].number : var.project_number

  # Google's own account that pushes, dead-letters and writes to BigQuery for this project.
  pubsub_agent = "serviceAccount:service-${local.project_number}@gcp-sa-pubsub.iam.gserviceaccount.com"

  from_source = var.source_archive != null && length(var.functions) > 0
  apis = toset(concat(
    [
      "binaryauthorization.googleapis.com",
      "cloudkms.googleapis.com",
      "cloudresourcemanager.googleapis.com",
      "containeranalysis.googleapis.com",
      "iam.googleapis.com",
      "logging.googleapis.com",
      "monitoring.googleapis.com",
      "pubsub.googleapis.com",
      "secretmanager.googleapis.com",
    ],
    length(var.functions) > 0 ? ["run.googleapis.com"] : [],
    local.from_source ? [
      "artifactregistry.googleapis.com",
      "cloudbuild.googleapis.com",
      "cloudfunctions.googleapis.com",
      "storage.googleapis.com",
    ] : [],
    var.verdicts == null ? [] : ["bigquery.googleapis.com"],
    # Workload Identity takes the tokens of the account that Pods act as from it.
    length(var.kubernetes_service_accounts) > 0 ? ["iamcredentials.googleapis.com"] : [],
  ))
}

data "google_project" "this" {
  count      = var.project_number == null ? 1 : 0
  project_id = var.project_id
}

resource "google_project_service" "required" {
  for_each           = var.enable_services ? local.apis : []
  project            = var.project_id
  service            = each.value
  disable_on_destroy = false
}
