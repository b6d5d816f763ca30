# Into a project where Voucher, or something else, has been at work: the topic gcr, the key ring and the attestors are there
# already. The README says how the attestors are imported.

module "voucher" {
  source = "../.."

  project_id     = var.project_id
  region         = var.region
  source_archive = var.source_archive

  images = { create_push_topic = false }
  kms    = { key_ring = "voucher", create_key_ring = false }

  checks = {
    diy = { attestor = "diy-attestor" }
    # Images attested by the old key stay admitted until `voucher replay --attested nobody` has attested them anew.
    nobody = { attestor = "nobody-attestor", other_pgp_keys = [file("${path.module}/nobody.asc")] }
  }

  config_file = "${path.module}/voucher.toml"
}
