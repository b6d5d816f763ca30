# Who may do what. Every role is given on the one thing that it is needed for; on a project only where there is no less.

locals {
  # api signs too. What strangers can call through a webhook cannot sign, nor read an image.
  identities = {
    onPush       = "worker"
    onOccurrence = "worker"
    api          = "worker"
    onWebhook    = "webhook"
  }
  accounts = merge(
    { worker = "Voucher: reviews images and signs" },
    { for account, description in { invoker = "Voucher: Pub/Sub calls the functions as this" } : account => description if length(var.functions) > 0 },
    { for account, description in { build = "Voucher: Cloud Build builds the functions as this" } : account => description if local.from_source },
    { for account, description in { webhook = "Voucher: passes on what webhooks announce" } : account => description if contains(keys(var.functions), "onWebhook") },
  )
  readers = toset(concat(["worker"], contains(keys(var.functions), "onWebhook") ? ["webhook"] : []))

  # By the attributes of what is made, so that a role waits for its account; in an address nothing is left to be known.
  emails  = { for account, made in google_service_account.this : account => "${made.account_id}@${module.settings.email_domain}" }
  members = { for account, email in local.emails : account => "serviceAccount:${email}" }

  services = merge(
    { for target, function in google_cloudfunctions2_function.this : target => function.name },
    { for target, service in google_cloud_run_v2_service.this : target => service.name },
  )
}

resource "google_service_account" "this" {
  for_each     = local.accounts
  project      = var.project_id
  account_id   = "${var.name}-${each.key}"
  display_name = each.value
  depends_on   = [google_project_service.required]
}

# Voucher itself: reads images and what is known of them, signs, and writes attestations.

resource "google_project_iam_member" "images" {
  count   = length(var.images.repositories) == 0 ? 1 : 0
  project = local.images_project
  role    = "roles/artifactregistry.reader"
  member  = local.members["worker"]
}

resource "google_artifact_registry_repository_iam_member" "images" {
  for_each   = var.images.repositories
  project    = local.images_project
  location   = each.value.location
  repository = each.value.repository
  role       = "roles/artifactregistry.reader"
  member     = local.members["worker"]
}

resource "google_project_iam_member" "evidence" {
  count   = local.images_project == var.project_id ? 0 : 1
  project = local.images_project
  role    = "roles/containeranalysis.occurrences.viewer"
  member  = local.members["worker"]
}

resource "google_project_iam_member" "attestations" {
  project = var.project_id
  role    = "roles/containeranalysis.occurrences.editor"
  member  = local.members["worker"]
}

resource "google_container_analysis_note_iam_member" "attach" {
  for_each = google_container_analysis_note.check
  project  = each.value.project
  note     = each.value.name
  role     = "roles/containeranalysis.notes.attacher"
  member   = local.members["worker"]
}

resource "google_kms_crypto_key_iam_member" "sign" {
  for_each      = google_kms_crypto_key.check
  crypto_key_id = each.value.id
  role          = "roles/cloudkms.signerVerifier"
  member        = local.members["worker"]
}

resource "google_pubsub_topic_iam_member" "publish" {
  for_each = google_pubsub_topic.this
  project  = each.value.project
  topic    = each.value.name
  role     = "roles/pubsub.publisher"
  member   = local.members["worker"]
}

# A webhook is published as a push; one that cannot be read is given up.
resource "google_pubsub_topic_iam_member" "announce" {
  for_each = toset(contains(keys(var.functions), "onWebhook") ? ["images", "dead-letters"] : [])
  project  = split("/", local.topics[each.value])[1]
  topic    = split("/", local.topics[each.value])[3]
  role     = "roles/pubsub.publisher"
  member   = local.members["webhook"]
}

# Where no function is deployed, `voucher subscribe` pulls.
resource "google_pubsub_subscription_iam_member" "pull" {
  for_each     = { for name, subscription in module.settings.subscriptions : name => subscription if !contains(keys(var.functions), subscription.target) }
  project      = google_pubsub_subscription.this[each.key].project
  subscription = google_pubsub_subscription.this[each.key].name
  role         = "roles/pubsub.subscriber"
  member       = local.members["worker"]
}

resource "google_secret_manager_secret_iam_member" "config" {
  for_each  = local.readers
  project   = google_secret_manager_secret.config.project
  secret_id = google_secret_manager_secret.config.secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = local.members[each.value]
}

resource "google_secret_manager_secret_iam_member" "mounted" {
  for_each  = toset([for mounted in values(var.secrets) : mounted.secret])
  project   = var.project_id
  secret_id = each.value
  role      = "roles/secretmanager.secretAccessor"
  member    = local.members["worker"]
}

resource "google_secret_manager_secret_iam_member" "referenced" {
  for_each  = { for secret, reference in var.referenced_secrets : secret => reference.reader if contains(local.readers, reference.reader) }
  project   = var.project_id
  secret_id = each.key
  role      = "roles/secretmanager.secretAccessor"
  member    = local.members[each.value]
}

# On GKE, Voucher's Pods are this account.
resource "google_service_account_iam_member" "kubernetes" {
  for_each           = toset(var.kubernetes_service_accounts)
  service_account_id = "projects/${var.project_id}/serviceAccounts/${local.emails["worker"]}"
  role               = "roles/iam.workloadIdentityUser"
  member             = "serviceAccount:${var.workload_identity_pool == null ? "${var.project_id}.svc.id.goog" : var.workload_identity_pool}[${each.value}]"
}

# Who calls the functions.

resource "google_cloud_run_v2_service_iam_member" "pubsub" {
  for_each = toset([for target in keys(var.functions) : target if contains(["onPush", "onOccurrence"], target)])
  project  = var.project_id
  location = var.region
  name     = local.services[each.value]
  role     = "roles/run.invoker"
  member   = local.members["invoker"]
}

resource "google_cloud_run_v2_service_iam_member" "callers" {
  for_each = merge([
    for target, function in var.functions : { for caller, member in function.invokers : "${target} ${caller}" => { target = target, member = member } }
  ]...)
  project  = var.project_id
  location = var.region
  name     = local.services[each.value.target]
  role     = "roles/run.invoker"
  member   = each.value.member
}

# Only where a function says public = true.
resource "google_cloud_run_v2_service_iam_member" "public" {
  for_each = toset([for target, function in var.functions : target if function.public])
  project  = var.project_id
  location = var.region
  name     = local.services[each.value]
  role     = "roles/run.invoker"
  member   = "allUsers"
}

# What Pub/Sub's own service agent needs: to call as the invoker, to give up messages, and to write verdicts down.

resource "google_service_account_iam_member" "push_token" {
  count              = length(var.functions) > 0 ? 1 : 0
  service_account_id = "projects/${var.project_id}/serviceAccounts/${local.emails["invoker"]}"
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = local.pubsub_agent
  # The agent exists once Pub/Sub was used.
  depends_on = [google_pubsub_subscription.dead_letters]
}

resource "google_pubsub_topic_iam_member" "dead_letter" {
  project    = google_pubsub_topic.this["dead-letters"].project
  topic      = google_pubsub_topic.this["dead-letters"].name
  role       = "roles/pubsub.publisher"
  member     = local.pubsub_agent
  depends_on = [google_pubsub_subscription.dead_letters]
}

resource "google_pubsub_subscription_iam_member" "dead_letter" {
  for_each     = google_pubsub_subscription.this
  project      = each.value.project
  subscription = each.value.name
  role         = "roles/pubsub.subscriber"
  member       = local.pubsub_agent
}

resource "google_bigquery_table_iam_member" "verdicts" {
  count      = var.verdicts == null ? 0 : 1
  project    = google_bigquery_table.verdicts[0].project
  dataset_id = google_bigquery_table.verdicts[0].dataset_id
  table_id   = google_bigquery_table.verdicts[0].table_id
  role       = "roles/bigquery.dataEditor"
  member     = local.pubsub_agent
  depends_on = [google_pubsub_subscription.dead_letters]
}

# Binary Authorization reads attestations as an account that it names itself.
resource "google_container_analysis_note_iam_member" "read" {
  for_each = google_binary_authorization_attestor.check
  project  = google_container_analysis_note.check[each.key].project
  note     = google_container_analysis_note.check[each.key].name
  role     = "roles/containeranalysis.notes.occurrences.viewer"
  member   = "serviceAccount:${each.value.attestation_authority_note[0].delegation_service_account_email}"
}

# Binary Authorization of the projects whose clusters admit by these attestors.
resource "google_binary_authorization_attestor_iam_member" "verify" {
  for_each = {
    for pair in setproduct(keys(var.checks), keys(var.attestor_verifiers)) : "${pair[0]} ${pair[1]}" => {
      check  = pair[0]
      member = var.attestor_verifiers[pair[1]]
    }
  }
  project  = google_binary_authorization_attestor.check[each.value.check].project
  attestor = google_binary_authorization_attestor.check[each.value.check].name
  role     = "roles/binaryauthorization.attestorsVerifier"
  member   = each.value.member
}

# Whoever builds the functions.

resource "google_project_iam_member" "build" {
  for_each = toset(local.from_source ? ["roles/logging.logWriter", "roles/storage.objectViewer"] : [])
  project  = var.project_id
  role     = each.value
  member   = local.members["build"]
}

resource "google_artifact_registry_repository_iam_member" "build" {
  count      = local.from_source ? 1 : 0
  project    = google_artifact_registry_repository.build[0].project
  location   = google_artifact_registry_repository.build[0].location
  repository = google_artifact_registry_repository.build[0].repository_id
  role       = "roles/artifactregistry.writer"
  member     = local.members["build"]
}
