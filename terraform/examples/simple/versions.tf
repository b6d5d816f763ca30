terraform {
  required_version = ">= 1.9"
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.45, < 8"
    }
  }
}

provider "google" {
  project = var.project_id
  region  = var.region
  # Container Analysis and Binary Authorization ask a person's own credentials for a project that their calls count for.
  billing_project       = var.project_id
  user_project_override = true
}
