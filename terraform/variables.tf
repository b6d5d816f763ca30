variable "project_id" {
  description = "The project that everything is made in, by id. Attestations and attestors live here too."
  type        = string
  nullable    = false
}

variable "project_number" {
  description = "The number of that project. It is looked up where it is not given, which takes resourcemanager.projects.get."
  type        = string
  default     = null
  validation {
    condition     = var.project_number == null || can(regex("^[0-9]+$", var.project_number))
    error_message = "project_number has digits only; `gcloud projects describe PROJECT_ID --format='value(projectNumber)'` tells it."
  }
}

variable "region" {
  description = "Where the functions run, and by default the keys and the verdicts are, such as europe-west1."
  type        = string
  nullable    = false
}

variable "name" {
  description = "What every name begins with: 1 to 20 lower-case letters, digits and hyphens."
  type        = string
  default     = "voucher"
  nullable    = false
}

variable "labels" {
  description = "Labels of everything that can have them."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "enable_services" {
  description = "Whether the Google APIs that are needed are enabled here. Container Scanning, which costs by image, never is."
  type        = bool
  default     = true
  nullable    = false
}

variable "source_archive" {
  description = "Path of the zip that `npm run build` makes, dist/voucher.zip. Either this or image."
  type        = string
  default     = null
  validation {
    condition     = var.source_archive == null || can(filemd5(var.source_archive))
    error_message = "source_archive ${var.source_archive == null ? "" : var.source_archive} cannot be read; make it with `npm ci && npm run build`, which writes dist/voucher.zip."
  }
}

variable "image" {
  description = "The container image to run, best by digest, as the Dockerfile makes it. Either this or source_archive."
  type        = string
  default     = null
}

variable "functions" {
  description = <<-EOT
    The functions to deploy, by target: onPush, onOccurrence, onWebhook, api. public = true lets everybody call one (api and onWebhook only); invokers are members that may, by any name.
    Without onPush its subscriptions are pulled, by `voucher subscribe`.
  EOT
  type = map(object({
    public        = optional(bool, false)
    invokers      = optional(map(string), {})
    cpu           = optional(number, 1)
    memory        = optional(string, "512Mi")
    concurrency   = optional(number, 8)
    min_instances = optional(number, 0)
    max_instances = optional(number, 20)
    environment   = optional(map(string), {})
  }))
  default = {
    onPush       = {}
    onOccurrence = {}
  }
  nullable = false
  validation {
    condition     = alltrue(flatten([for function in var.functions : [for member in values(function.invokers) : !contains(["allusers", "allauthenticatedusers"], lower(member))]]))
    error_message = "functions.*.invokers names everybody. What everybody may call says so: public = true."
  }
}

variable "checks" {
  description = <<-EOT
    The checks that sign, by name; each gets a key, a note and an attestor. key_version signs; attestations by retiring_versions, and by other_pgp_keys (ASCII-armored), are still admitted.
    attestor names one that is called otherwise than its check.
  EOT
  type = map(object({
    key_version       = optional(number, 1)
    retiring_versions = optional(list(number), [])
    attestor          = optional(string)
    other_pgp_keys    = optional(list(string), [])
  }))
  default = {
    diy    = {}
    nobody = {}
  }
  nullable = false
}

variable "config" {
  description = "Voucher's configuration, as an object with the keys of its file: valid_repos, failon, required, … Store, keys, topics and deadlines are written by this module."
  type        = any
  default     = {}
  nullable    = false
}

variable "config_file" {
  description = "Path of a TOML file to use as it stands, in place of config. It has to name the keys and topics that this module makes."
  type        = string
  default     = null
  validation {
    condition     = var.config_file == null || can(file(var.config_file))
    error_message = "config_file ${var.config_file == null ? "" : var.config_file} cannot be read."
  }
  validation {
    condition     = var.config_file == null || endswith(var.config_file == null ? "" : var.config_file, ".toml")
    error_message = "config_file is a TOML file, since it is mounted as config.toml. For YAML or JSON write config = yamldecode(file(\"voucher.yaml\"))."
  }
}

variable "secrets" {
  description = "Secrets of this project to mount where Voucher signs, by the absolute path of their file, each in a folder of its own: { \"/secrets/github/secrets.yaml\" = { secret = \"voucher-github\" } }."
  type = map(object({
    secret  = string
    version = optional(string, "latest")
  }))
  default  = {}
  nullable = false
}

variable "referenced_secrets" {
  description = "Secrets of this project that the configuration or a mounted file names as sm://…, by their id, and who reads each: worker, or webhook for the secrets of webhooks."
  type = map(object({
    reader = optional(string, "worker")
  }))
  default  = {}
  nullable = false
}

variable "secret_locations" {
  description = "The regions that may hold the configuration's secret; Google chooses where none is named."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "log_level" {
  description = "The least severity that is logged."
  type        = string
  default     = "INFO"
  nullable    = false
  validation {
    condition     = contains(["DEBUG", "INFO", "WARNING", "ERROR"], var.log_level)
    error_message = "log_level is DEBUG, INFO, WARNING or ERROR."
  }
}

variable "images" {
  description = <<-EOT
    Where the images are: the registry's project (by default project_id), and the repositories that Voucher may read, by any name (all of the project's where none is named).
    The topic gcr is made, or adopted with create_push_topic = false; that of Container Analysis is there already, or made with create_occurrences_topic = true.
  EOT
  type = object({
    project_id               = optional(string)
    repositories             = optional(map(object({ location = string, repository = string })), {})
    push_topic               = optional(string, "gcr")
    create_push_topic        = optional(bool, true)
    create_occurrences_topic = optional(bool, false)
  })
  default  = {}
  nullable = false
}

variable "kms" {
  description = "Where the keys are: location (by default region) and key_ring (by default name). A key ring that exists already is adopted with create_key_ring = false."
  type = object({
    location         = optional(string)
    key_ring         = optional(string)
    create_key_ring  = optional(bool, true)
    protection_level = optional(string, "SOFTWARE")
  })
  default  = {}
  nullable = false
  validation {
    condition     = contains(["SOFTWARE", "HSM"], var.kms.protection_level)
    error_message = "kms.protection_level is SOFTWARE or HSM."
  }
}

variable "delivery" {
  description = <<-EOT
    How events are delivered. A review may take review_seconds; the function has 30 seconds more, and Pub/Sub waits 60 more. What fails comes back after min_backoff_seconds, then later and later up to max_backoff_seconds, until max_attempts.
    Evidence that is still to come is waited for pending_minutes.
  EOT
  type = object({
    review_seconds      = optional(number, 240)
    min_backoff_seconds = optional(number, 10)
    max_backoff_seconds = optional(number, 600)
    max_attempts        = optional(number, 10)
    pending_minutes     = optional(number, 60)
  })
  default  = {}
  nullable = false
}

variable "verdicts" {
  description = "Keeps every verdict in a table of BigQuery, at location (by default region), for retention_days (for ever where null)."
  type = object({
    location            = optional(string)
    retention_days      = optional(number)
    deletion_protection = optional(bool, true)
  })
  default = null
  validation {
    condition     = try(var.verdicts.retention_days, null) == null || try(var.verdicts.retention_days >= 1, false)
    error_message = "verdicts.retention_days is 1 or more; leave it out to keep verdicts for ever."
  }
}

variable "admission" {
  description = <<-EOT
    The project's Binary Authorization policy: what is deployed needs the attestations of checks, in the clusters that are named (LOCATION.NAME) of theirs. It only logs, until enforce = true.
    Null leaves the policy alone; a project has one only.
  EOT
  type = object({
    enforce             = optional(bool, false)
    checks              = list(string)
    clusters            = optional(map(list(string)), {})
    exempt_images       = optional(list(string), [])
    trust_google_images = optional(bool, true)
  })
  default = null
}

variable "attestor_verifiers" {
  description = "Members that may verify with the attestors, by any name: the Binary Authorization service agents of other projects, serviceAccount:service-NUMBER@gcp-sa-binaryauthorization.iam.gserviceaccount.com."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "kubernetes_service_accounts" {
  description = "Kubernetes service accounts that act as Voucher on GKE, as NAMESPACE/NAME."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "workload_identity_pool" {
  description = "The workload identity pool of the cluster; by default PROJECT_ID.svc.id.goog."
  type        = string
  default     = null
}

variable "alerts" {
  description = "When to alert and through which notification channels: more dead letters than dead_letters, a message older than oldest_message_seconds, a larger share of 5xx answers than error_ratio."
  type = object({
    enabled                = optional(bool, true)
    notification_channels  = optional(list(string), [])
    dead_letters           = optional(number, 0)
    oldest_message_seconds = optional(number, 3600)
    error_ratio            = optional(number, 0.2)
  })
  default  = {}
  nullable = false
  validation {
    condition     = var.alerts.error_ratio > 0 && var.alerts.error_ratio < 1
    error_message = "alerts.error_ratio is a share of all answers, between 0 and 1."
  }
}
