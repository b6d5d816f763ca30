# A note and an attestor for each check, and, where it is asked for, the policy that admits what they attest.

locals {
  attestors = {
    for check, attestor in google_binary_authorization_attestor.check : check => "projects/${attestor.project}/attestors/${attestor.name}"
  }
  enforcement = try(var.admission.enforce, false) ? "ENFORCED_BLOCK_AND_AUDIT_LOG" : "DRYRUN_AUDIT_LOG_ONLY"
}

# Voucher finds a check's note by the name of the check.
resource "google_container_analysis_note" "check" {
  for_each          = module.settings.checks
  project           = var.project_id
  name              = each.key
  short_description = "Voucher: ${each.key}"
  attestation_authority {
    hint {
      human_readable_name = each.key
    }
  }
  depends_on = [google_project_service.required]
}

resource "google_binary_authorization_attestor" "check" {
  for_each    = module.settings.checks
  project     = var.project_id
  name        = each.value.attestor
  description = "Images that passed Voucher's check ${each.key}"
  attestation_authority_note {
    note_reference = google_container_analysis_note.check[each.key].name

    dynamic "public_keys" {
      for_each = [for version in each.value.versions : "${each.key}/${version}"]
      iterator = key
      content {
        # Attestations name their key by exactly this id.
        id      = module.settings.key_versions[key.value].id
        comment = "Cloud KMS, version ${module.settings.key_versions[key.value].version}"
        pkix_public_key {
          public_key_pem      = data.google_kms_crypto_key_version.check[key.value].public_key[0].pem
          signature_algorithm = data.google_kms_crypto_key_version.check[key.value].public_key[0].algorithm
        }
      }
    }

    dynamic "public_keys" {
      for_each = var.checks[each.key].other_pgp_keys
      iterator = key
      content {
        comment                      = "Kept from before"
        ascii_armored_pgp_public_key = key.value
      }
    }
  }
}

# A project has one policy. It is taken over, not made, and `terraform destroy` sets it back to Google's default, which
# admits everything.
resource "google_binary_authorization_policy" "this" {
  count                         = var.admission == null ? 0 : 1
  project                       = var.project_id
  description                   = "Images that Voucher attested"
  global_policy_evaluation_mode = var.admission.trust_google_images ? "ENABLE" : "DISABLE"

  dynamic "admission_whitelist_patterns" {
    for_each = var.admission.exempt_images
    iterator = image
    content {
      name_pattern = image.value
    }
  }

  dynamic "cluster_admission_rules" {
    for_each = var.admission.clusters
    iterator = cluster
    content {
      cluster                 = cluster.key
      evaluation_mode         = "REQUIRE_ATTESTATION"
      enforcement_mode        = local.enforcement
      require_attestations_by = [for check in cluster.value : local.attestors[check]]
    }
  }

  default_admission_rule {
    evaluation_mode         = "REQUIRE_ATTESTATION"
    enforcement_mode        = local.enforcement
    require_attestations_by = [for check in var.admission.checks : local.attestors[check]]
  }

  depends_on = [google_project_service.required]
}
