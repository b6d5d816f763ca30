# Keys, notes, attestors, and the policy that asks for them.

mock_provider "google" {}

variables {
  project_id     = "my-project-1"
  project_number = "123456789012"
  region         = "europe-west1"
  source_archive = "tests/fixtures/bundle.zip"
  checks = {
    diy      = {}
    nobody   = { key_version = 2, retiring_versions = [1] }
    snakeoil = { attestor = "vulnerability-scan" }
  }
}

run "a_key_for_each_check" {
  command = plan

  assert {
    condition     = sort([for key in google_kms_crypto_key.check : key.name]) == tolist(["diy", "nobody", "snakeoil"])
    error_message = "two checks must never share a key"
  }
  assert {
    condition     = alltrue([for key in google_kms_crypto_key.check : key.purpose == "ASYMMETRIC_SIGN" && key.version_template[0].algorithm == "EC_SIGN_P256_SHA256"])
    error_message = "EC P-256 with SHA-256"
  }
  assert {
    condition     = google_kms_key_ring.this[0].name == "voucher" && google_kms_key_ring.this[0].location == "europe-west1"
    error_message = "one key ring, in the region"
  }
}

run "key_ids_match" {
  command = plan

  assert {
    condition     = [for key in google_binary_authorization_attestor.check["diy"].attestation_authority_note[0].public_keys : key.id] == ["//cloudkms.googleapis.com/v1/${output.key_versions["diy"]}"]
    error_message = "the attestor's key id is not the one that attestations carry"
  }
  assert {
    condition     = alltrue([for version in values(output.key_versions) : strcontains(nonsensitive(google_secret_manager_secret_version.config.secret_data), "\"path\" = \"${version}\"")])
    error_message = "Voucher signs with another version than its attestor trusts"
  }
  assert {
    condition     = output.key_versions["nobody"] == "projects/my-project-1/locations/europe-west1/keyRings/voucher/cryptoKeys/nobody/cryptoKeyVersions/2"
    error_message = "key_version signs"
  }
}

run "a_retiring_version_is_still_admitted" {
  command = plan

  assert {
    condition     = [for key in google_binary_authorization_attestor.check["nobody"].attestation_authority_note[0].public_keys : reverse(split("/", key.id))[0]] == ["2", "1"]
    error_message = "while images are attested anew, attestations of both versions count"
  }
  assert {
    condition     = sort(keys(data.google_kms_crypto_key_version.check)) == tolist(["diy/1", "nobody/1", "nobody/2", "snakeoil/1"])
    error_message = "a public key is missing"
  }
}

run "a_note_and_an_attestor_for_each_check" {
  command = plan

  assert {
    condition     = { for check, note in google_container_analysis_note.check : check => note.name } == { diy = "diy", nobody = "nobody", snakeoil = "snakeoil" }
    error_message = "Voucher finds a note by the name of its check"
  }
  assert {
    condition     = { for check, attestor in google_binary_authorization_attestor.check : check => attestor.attestation_authority_note[0].note_reference } == { diy = "diy", nobody = "nobody", snakeoil = "snakeoil" }
    error_message = "an attestor of another note"
  }
  assert {
    condition     = output.attestors == { diy = "projects/my-project-1/attestors/diy", nobody = "projects/my-project-1/attestors/nobody", snakeoil = "projects/my-project-1/attestors/vulnerability-scan" }
    error_message = "an attestor that is called otherwise keeps its name"
  }
}

run "keys_of_before_stay_trusted" {
  command = plan
  variables {
    checks = { diy = { other_pgp_keys = ["-----BEGIN PGP PUBLIC KEY BLOCK-----"] } }
  }

  assert {
    condition     = length(google_binary_authorization_attestor.check["diy"].attestation_authority_note[0].public_keys) == 2 && google_binary_authorization_attestor.check["diy"].attestation_authority_note[0].public_keys[1].ascii_armored_pgp_public_key == "-----BEGIN PGP PUBLIC KEY BLOCK-----"
    error_message = "an adopted attestor loses the key that its attestations were made with"
  }
}

run "a_key_ring_that_is_there_is_adopted" {
  command = plan
  variables {
    kms = {
      location         = "europe"
      key_ring         = "signing"
      create_key_ring  = false
      protection_level = "HSM"
    }
  }

  assert {
    condition     = length(google_kms_key_ring.this) == 0 && google_kms_crypto_key.check["diy"].key_ring == "projects/my-project-1/locations/europe/keyRings/signing"
    error_message = "not the key ring that was named"
  }
  assert {
    condition     = google_kms_crypto_key.check["diy"].version_template[0].protection_level == "HSM"
    error_message = "HSM was asked for"
  }
}

run "the_policy_is_left_alone_unasked" {
  command = plan

  assert {
    condition     = length(google_binary_authorization_policy.this) == 0
    error_message = "a project has one policy, and nobody gave it to us"
  }
}

run "a_policy_only_logs_at_first" {
  command = plan
  variables {
    admission = {
      checks   = ["diy"]
      clusters = { "europe-west1.production" = ["diy", "nobody", "snakeoil"] }
    }
  }

  assert {
    condition     = google_binary_authorization_policy.this[0].default_admission_rule[0].enforcement_mode == "DRYRUN_AUDIT_LOG_ONLY" && alltrue([for rule in google_binary_authorization_policy.this[0].cluster_admission_rules : rule.enforcement_mode == "DRYRUN_AUDIT_LOG_ONLY"])
    error_message = "it blocks before anything is attested"
  }
  assert {
    condition     = google_binary_authorization_policy.this[0].default_admission_rule[0].evaluation_mode == "REQUIRE_ATTESTATION" && google_binary_authorization_policy.this[0].default_admission_rule[0].require_attestations_by == toset(["projects/my-project-1/attestors/diy"])
    error_message = "the default rule asks for diy"
  }
  assert {
    condition     = one(google_binary_authorization_policy.this[0].cluster_admission_rules).cluster == "europe-west1.production" && length(one(google_binary_authorization_policy.this[0].cluster_admission_rules).require_attestations_by) == 3
    error_message = "the cluster asks for all three"
  }
}

run "a_policy_blocks_when_it_is_told_to" {
  command = plan
  variables {
    admission = {
      enforce       = true
      checks        = ["diy", "nobody"]
      exempt_images = ["registry.k8s.io/**"]
    }
  }

  assert {
    condition     = google_binary_authorization_policy.this[0].default_admission_rule[0].enforcement_mode == "ENFORCED_BLOCK_AND_AUDIT_LOG"
    error_message = "enforce = true enforces"
  }
  assert {
    condition     = google_binary_authorization_policy.this[0].admission_whitelist_patterns[0].name_pattern == "registry.k8s.io/**"
    error_message = "an exemption is missing"
  }
}
