variable "name" {
  description = "What every name begins with."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$", var.name))
    error_message = "name begins every name, those of service accounts included: write 1 to 20 lower-case letters, digits and hyphens, a letter first and no hyphen last."
  }
}

variable "project_id" {
  description = "The project that everything is made in."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id ${jsonencode(var.project_id)} is no project id; one looks like my-project-1. (A project's number or name is none.)"
  }
}

variable "region" {
  description = "The region of the functions."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region ${jsonencode(var.region)} is no region; one looks like europe-west1. (A zone, europe-west1-b, is none.)"
  }
}

variable "image" {
  description = "The container image to deploy, if one is given."
  type        = string
}

variable "source_archive" {
  description = "The zip to deploy, if one is given."
  type        = string
  validation {
    condition     = length(var.functions) == 0 || (var.image == null) != (var.source_archive == null)
    error_message = "The functions are deployed either from the zip that `npm run build` makes (source_archive = \"…/dist/voucher.zip\") or from a container image (image): set exactly one of them."
  }
}

variable "functions" {
  description = "The functions to deploy, by target."
  type = map(object({
    public      = bool
    cpu         = number
    concurrency = number
  }))
  nullable = false
  validation {
    condition     = length(setsubtract(keys(var.functions), ["onPush", "onOccurrence", "onWebhook", "api"])) == 0
    error_message = "functions names ${join(", ", setsubtract(keys(var.functions), ["onPush", "onOccurrence", "onWebhook", "api"]))}; there are onPush, onOccurrence, onWebhook and api."
  }
  validation {
    condition     = alltrue([for target, function in var.functions : !function.public || contains(["onWebhook", "api"], target)])
    error_message = "onPush and onOccurrence cannot be public: only Pub/Sub calls them, with an identity of its own. api and onWebhook can."
  }
  validation {
    condition     = alltrue([for function in var.functions : function.cpu >= 1 || function.concurrency == 1])
    error_message = "A function with less than 1 CPU answers one request at a time: set concurrency = 1, or cpu = 1 or more."
  }
  validation {
    condition     = alltrue([for function in var.functions : function.concurrency >= 1 && function.concurrency <= 1000 && floor(function.concurrency) == function.concurrency])
    error_message = "concurrency is a whole number from 1 to 1000."
  }
  validation {
    condition     = !try(var.functions.api.public, false) || var.config_text != null || try(var.config.server.require_auth, false) || try(var.config.server.auth, "basic") == "oidc"
    error_message = "functions.api.public = true lets the whole internet ask for attestations: say who may ask in config.server (require_auth = true with username and password, or auth = \"oidc\" with audience and allowed_emails)."
  }
  validation {
    condition     = !contains(keys(var.functions), "onWebhook") || var.config_text != null || length(try(var.config.webhook, {})) > 0
    error_message = "functions.onWebhook serves the sources that config.webhook names, each with its secret, and config.webhook names none."
  }
  validation {
    condition     = !contains(keys(var.functions), "onWebhook") || var.config_text != null || length(try(var.config.valid_repos, [])) > 0
    error_message = "functions.onWebhook believes which host a push went to: name the hosts that may be contacted in config.valid_repos."
  }
  validation {
    # By its full name: the short one is part of the names of registries too.
    condition     = !contains(keys(var.functions), "onWebhook") || var.config_text == null || strcontains(coalesce(var.config_text, " "), local.topic_names.images)
    error_message = "functions.onWebhook cannot sign, so config_file has to say where it announces pushes: push_topic = \"${local.topic_names.images}\" in [events]."
  }
}

variable "checks" {
  description = "The checks that sign, by name."
  type = map(object({
    key_version       = number
    retiring_versions = list(number)
    attestor          = string
  }))
  nullable = false
  validation {
    condition     = length(var.checks) > 0
    error_message = "checks names none: without a check nothing is ever attested."
  }
  validation {
    condition     = alltrue([for check in keys(var.checks) : can(regex("^[a-z0-9][a-z0-9._-]{0,62}$", check))])
    error_message = "A check's name has lower-case letters, digits, dots, hyphens and underscores, 63 at the most; not so: ${join(", ", [for check in keys(var.checks) : check if !can(regex("^[a-z0-9][a-z0-9._-]{0,62}$", check))])}."
  }
  validation {
    condition     = length(distinct([for check in keys(var.checks) : replace(check, ".", "-")])) == length(var.checks)
    error_message = "Keys and attestors cannot have dots in their names, so a dot becomes a hyphen, and then two of these checks would share a key: ${join(", ", keys(var.checks))}. Rename one."
  }
  validation {
    condition = alltrue(flatten([for settings in var.checks : [
      for version in concat([settings.key_version], settings.retiring_versions) : version >= 1 && floor(version) == version
    ]]))
    error_message = "The versions of a key are numbered from 1: key_version and retiring_versions take whole numbers."
  }
  validation {
    condition     = alltrue([for settings in var.checks : !contains(settings.retiring_versions, settings.key_version)])
    error_message = "A key version that signs is not retiring: take key_version out of retiring_versions."
  }
  validation {
    condition     = alltrue([for settings in var.checks : settings.attestor == null || can(regex("^[a-zA-Z0-9][a-zA-Z0-9_-]{0,62}$", settings.attestor))])
    error_message = "attestor is the short name of an attestor, as in projects/PROJECT/attestors/NAME: letters, digits, hyphens and underscores, 63 at the most."
  }
  validation {
    condition     = length(distinct([for check, settings in var.checks : settings.attestor == null ? replace(check, ".", "-") : settings.attestor])) == length(var.checks)
    error_message = "Two checks have one attestor. An attestor has one note, and so one check."
  }
  validation {
    condition     = length(setsubtract(local.enabled, keys(var.checks))) == 0
    error_message = "config switches on ${join(", ", setsubtract(local.enabled, keys(var.checks)))}, and checks has no key for it; every check that runs needs an entry in checks."
  }
}

variable "images" {
  description = "Where the images are."
  type = object({
    project_id = string
    push_topic = string
  })
  nullable = false
  validation {
    condition     = can(regex("^([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.images.project_id))
    error_message = "images.project_id ${jsonencode(var.images.project_id)} is no project id; one looks like my-project-1."
  }
  validation {
    condition     = can(regex("^[A-Za-z][A-Za-z0-9._~+%-]{2,254}$", var.images.push_topic))
    error_message = "images.push_topic is the short name of a topic; Google's registries publish on gcr."
  }
}

variable "kms" {
  description = "Where the keys are."
  type = object({
    location = string
    key_ring = string
  })
  nullable = false
  validation {
    condition     = var.kms.key_ring == null || can(regex("^[a-zA-Z0-9_-]{1,63}$", var.kms.key_ring))
    error_message = "kms.key_ring is the short name of a key ring: letters, digits, hyphens and underscores, 63 at the most."
  }
}

variable "delivery" {
  description = "How events are delivered, and how long."
  type = object({
    review_seconds      = number
    min_backoff_seconds = number
    max_backoff_seconds = number
    max_attempts        = number
    pending_minutes     = number
  })
  nullable = false
  validation {
    condition     = var.delivery.review_seconds >= 30 && var.delivery.review_seconds <= 540 && floor(var.delivery.review_seconds) == var.delivery.review_seconds
    error_message = "delivery.review_seconds is a whole number from 30 to 540: Pub/Sub waits 600 seconds at the most for an answer, and a function needs some of them to finish."
  }
  validation {
    condition     = 0 <= var.delivery.min_backoff_seconds && var.delivery.min_backoff_seconds <= var.delivery.max_backoff_seconds && var.delivery.max_backoff_seconds <= 600
    error_message = "delivery.min_backoff_seconds and max_backoff_seconds are from 0 to 600, the first no larger than the second: Pub/Sub takes no others."
  }
  validation {
    condition     = var.delivery.max_attempts >= 5 && var.delivery.max_attempts <= 95 && floor(var.delivery.max_attempts) == var.delivery.max_attempts
    error_message = "delivery.max_attempts is a whole number from 5 to 95: Voucher gives up then and says why, and Pub/Sub, which says nothing, five attempts later, at 100 at the most."
  }
  validation {
    condition     = var.delivery.pending_minutes >= 1 && var.delivery.pending_minutes <= 460
    error_message = "delivery.pending_minutes is from 1 to 460: a longer wait takes more than the 100 deliveries that Pub/Sub allows before it gives up without a word."
  }
}

variable "verdicts" {
  description = "Whether verdicts are kept."
  type        = bool
  nullable    = false
}

variable "config" {
  description = "Voucher's configuration, where it is given as an object."
  type        = any
  nullable    = false
  validation {
    condition     = can(keys(var.config))
    error_message = "config is an object with the keys of Voucher's configuration file. A TOML file is given by config_file, a YAML or JSON file by config = yamldecode(file(\"voucher.yaml\"))."
  }
  validation {
    condition     = length(setintersection(try(keys(var.config), []), local.written)) == 0
    error_message = "This module writes ${join(", ", setintersection(try(keys(var.config), []), local.written))} itself; take them out of config."
  }
  validation {
    condition     = !can(var.config.limits.timeout_seconds)
    error_message = "The deadlines of review, function and Pub/Sub have to fit together: set delivery.review_seconds, and take limits.timeout_seconds out of config."
  }
  validation {
    condition     = length([for token in regexall(local.token, jsonencode(var.config)) : token if !startswith(token, "\"") && strcontains(token, "null")]) == 0
    error_message = "config holds a null, which TOML cannot say; leave the key out."
  }
}

variable "config_text" {
  description = "Voucher's configuration, where it is given as a TOML file."
  type        = string
  validation {
    condition     = var.config_text == null || length(try(keys(var.config), [])) == 0
    error_message = "config and config_file are two ways to say one thing: set one of them."
  }
  validation {
    condition     = length([for value in local.expected : value if var.config_text != null && !strcontains(coalesce(var.config_text, " "), value)]) == 0
    error_message = "config_file is used as it stands, and it does not name what this module makes: ${join(", ", [for value in local.expected : value if !strcontains(coalesce(var.config_text, " "), value)])}."
  }
}

variable "secrets" {
  description = "The secrets that are mounted, by the absolute path of their file."
  type = map(object({
    secret  = string
    version = string
  }))
  nullable = false
  validation {
    condition     = alltrue([for path in keys(var.secrets) : can(regex("^(/[A-Za-z0-9._-]+){2,}$", path)) && !can(regex("/\\.\\.?(/|$)", path))])
    error_message = "secrets has the absolute path of a file in a folder as its key, such as /secrets/github/secrets.yaml."
  }
  validation {
    condition     = alltrue([for pair in setproduct(keys(var.secrets), keys(var.secrets)) : pair[0] == pair[1] || !startswith(pair[0], "${dirname(pair[1])}/")])
    error_message = "A folder can hold one secret only: Cloud Run mounts a secret as a folder. Give each file of secrets a folder of its own, and none within another's."
  }
  validation {
    condition     = alltrue([for path in keys(var.secrets) : !can(regex("^/(etc/voucher|etc/ssl|workspace|voucher|layers|nodejs|usr|bin|sbin|lib|lib64|dev|proc|sys)/|^/(etc|home|root|tmp|var)/[^/]+$", path))])
    error_message = "A secret hides what else its folder holds, and /etc/voucher holds the configuration, /workspace and /voucher the program, others the system; mount secrets elsewhere, in /secrets/NAME/ for example."
  }
}

variable "referenced_secrets" {
  description = "The secrets that the configuration refers to, and who reads each."
  type = map(object({
    reader = string
  }))
  nullable = false
  validation {
    condition     = alltrue([for reference in var.referenced_secrets : contains(["worker", "webhook"], reference.reader)])
    error_message = "The reader of a secret in referenced_secrets is worker, or webhook for the secrets of webhooks."
  }
  validation {
    condition     = length(setsubtract(local.references.all, keys(var.referenced_secrets))) == 0
    error_message = "config refers to secrets that nobody may read: name ${join(", ", nonsensitive(setsubtract(local.references.all, keys(var.referenced_secrets))))} in referenced_secrets."
  }
  validation {
    condition     = alltrue([for secret in local.references.webhook : try(var.referenced_secrets[secret].reader, "webhook") == "webhook"])
    error_message = "The secrets that config.webhook refers to are read by the webhook: write { reader = \"webhook\" } for each in referenced_secrets."
  }
}

variable "admission" {
  description = "The checks that Binary Authorization asks for; null where the policy is not managed here."
  type = object({
    checks   = list(string)
    clusters = map(list(string))
  })
  validation {
    condition     = var.admission == null || length(setsubtract(flatten([try(var.admission.checks, []), try(values(var.admission.clusters), [])]), keys(var.checks))) == 0
    error_message = "admission asks for attestations by ${join(", ", setsubtract(flatten([try(var.admission.checks, []), try(values(var.admission.clusters), [])]), keys(var.checks)))}, which checks does not name; nothing could ever be admitted."
  }
  validation {
    condition     = var.admission == null || alltrue([for checks in concat([try(var.admission.checks, ["any"])], try(values(var.admission.clusters), [])) : length(checks) > 0])
    error_message = "admission that asks for no check at all admits everything; name at least one for the default rule and for each cluster."
  }
  validation {
    condition     = alltrue([for cluster in try(keys(var.admission.clusters), []) : can(regex("^[a-z0-9-]+\\.[a-z0-9-]+$", cluster))])
    error_message = "admission.clusters has LOCATION.NAME as its keys, such as europe-west1.production."
  }
}

variable "kubernetes_service_accounts" {
  description = "The Kubernetes service accounts that act as Voucher, as NAMESPACE/NAME."
  type        = list(string)
  nullable    = false
  validation {
    condition     = alltrue([for account in var.kubernetes_service_accounts : can(regex("^[a-z0-9-]+/[a-z0-9.-]+$", account))])
    error_message = "kubernetes_service_accounts has entries of the form NAMESPACE/NAME, such as voucher/voucher."
  }
}
