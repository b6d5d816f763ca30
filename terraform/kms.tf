# One key a check: the payload that is signed does not name the check, so a shared key would let one attestation pass for
# another.

locals {
  key_algorithm = "EC_SIGN_P256_SHA256"
  key_ring      = var.kms.create_key_ring ? google_kms_key_ring.this[0].id : module.settings.key_ring
}

# Cloud KMS deletes neither key rings nor the names of keys; what is once made stays.
resource "google_kms_key_ring" "this" {
  count      = var.kms.create_key_ring ? 1 : 0
  project    = var.project_id
  location   = var.kms.location == null ? var.region : var.kms.location
  name       = var.kms.key_ring == null ? var.name : var.kms.key_ring
  depends_on = [google_project_service.required]
}

resource "google_kms_crypto_key" "check" {
  for_each = module.settings.checks
  name     = each.value.key
  key_ring = local.key_ring
  purpose  = "ASYMMETRIC_SIGN"
  labels   = var.labels
  version_template {
    algorithm        = local.key_algorithm
    protection_level = var.kms.protection_level
  }
  # To destroy a key is to withdraw every attestation that it ever signed.
  lifecycle {
    prevent_destroy = true
  }
}

data "google_kms_crypto_key_version" "check" {
  for_each   = module.settings.key_versions
  crypto_key = google_kms_crypto_key.check[each.value.check].id
  version    = each.value.version
}
