# What this module itself refuses. The rest is judged in modules/settings, and tested there.

mock_provider "google" {}

variables {
  project_id     = "my-project-1"
  project_number = "123456789012"
  region         = "europe-west1"
  source_archive = "tests/fixtures/bundle.zip"
}

run "a_projects_id_as_its_number" {
  command = plan
  variables {
    project_number = "my-project-1"
  }
  expect_failures = [var.project_number]
}

run "a_bundle_that_was_not_built" {
  command = plan
  variables {
    source_archive = "tests/fixtures/missing.zip"
  }
  expect_failures = [var.source_archive]
}

run "a_configuration_file_that_is_not_there" {
  command = plan
  variables {
    config_file = "tests/fixtures/missing.toml"
  }
  expect_failures = [var.config_file]
}

run "a_configuration_file_of_yaml" {
  command = plan
  variables {
    config_file = "tests/fixtures/voucher.yaml"
  }
  expect_failures = [var.config_file]
}

run "everybody_as_an_invoker" {
  command = plan
  variables {
    functions = { onPush = { invokers = { everybody = "allUsers" } } }
  }
  expect_failures = [var.functions]
}

run "everybody_who_signed_in_as_an_invoker" {
  command = plan
  variables {
    functions = { api = { invokers = { everybody = "allAuthenticatedUsers" } } }
  }
  expect_failures = [var.functions]
}

run "a_log_level_that_there_is_not" {
  command = plan
  variables {
    log_level = "TRACE"
  }
  expect_failures = [var.log_level]
}

run "a_protection_level_that_there_is_not" {
  command = plan
  variables {
    kms = { protection_level = "EXTERNAL" }
  }
  expect_failures = [var.kms]
}

run "verdicts_that_are_kept_no_day" {
  command = plan
  variables {
    verdicts = { retention_days = 0 }
  }
  expect_failures = [var.verdicts]
}

run "a_share_of_errors_above_all_answers" {
  command = plan
  variables {
    alerts = { error_ratio = 20 }
  }
  expect_failures = [var.alerts]
}
