# The configuration file. TOML takes any value on one line, as JSON writes it but for the `=` after a key; so this writes
# JSON and replaces the colons. Strings of JSON are strings of TOML.

locals {
  # What config may not say, since it has to agree with what is made here.
  written = ["binauth_project", "events", "kms_keys", "pending", "pgp_keys", "pkix_keys", "signer"]

  enabled = distinct(concat(
    [for check, setting in try(var.config.checks, {}) : check if setting != false],
    flatten([for group in try(values(var.config.required), []) : [for check, setting in group : check if setting != false]]),
  ))

  # The secrets of this project that are referred to as sm://projects/P/secrets/S/versions/V.
  references = {
    for part, value in { all = var.config, webhook = try(var.config.webhook, {}) } : part => toset([
      for found in regexall("\"sm://projects/([^/\"]+)/secrets/([^/\"]+)/versions/", jsonencode(value)) : found[1] if found[0] == var.project_id
    ])
  }

  # A file is taken as it is, so it has to say these itself.
  expected = concat(
    [for check in values(local.checks) : check.signing],
    [local.topics.waiting, local.topics.dead-letters],
    var.verdicts ? [local.topics.verdicts] : [],
  )

  config = merge(
    { image_project = var.images.project_id },
    var.config,
    {
      binauth_project = var.project_id
      signer          = "kms"
      kms_keys        = [for check, settings in local.checks : { check = check, path = settings.signing }]
      checks          = merge({ for check in keys(local.checks) : check => true }, try(var.config.checks, {}))
      limits          = merge(try(var.config.limits, {}), { timeout_seconds = var.delivery.review_seconds })
      pending         = { max_minutes = var.delivery.pending_minutes }
      events = merge(
        {
          max_attempts      = var.delivery.max_attempts
          dead_letter_topic = local.topic_names.dead-letters
          verdict_topic     = local.topic_names.verdicts
          waiting_topic     = local.topic_names.waiting
        },
        { for key, topic in { push_topic = local.topic_names.images } : key => topic if contains(keys(var.functions), "onWebhook") },
      )
    },
  )

  # A string with the colon that makes it a key, or whatever stands between two strings.
  token  = "\"(?:[^\"\\\\]|\\\\.)*\":?|[^\"]+"
  tokens = { for key, value in local.config : key => regexall(local.token, jsonencode(value)) }
  toml = join("\n", concat(
    ["# Written by Terraform. Whatever is changed here is undone by the next apply."],
    [for key, tokens in local.tokens :
      "${jsonencode(key)} = ${join("", [for token in tokens : endswith(token, "\":") ? "${trimsuffix(token, ":")} = " : token])}"
    ],
    [""],
  ))
}
