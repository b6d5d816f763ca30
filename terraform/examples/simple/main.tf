# From an empty project to attested images: every image of this project's registry that runs as another user than root, and
# comes from that registry, gets an attestation by each check.

module "voucher" {
  source = "../.."

  project_id     = var.project_id
  region         = var.region
  source_archive = var.source_archive

  config = {
    valid_repos = ["${var.region}-docker.pkg.dev/${var.project_id}"]
  }
}

output "attestors" {
  description = "What a Binary Authorization policy asks for."
  value       = module.voucher.attestors
}
