# The examples plan as they stand.

mock_provider "google" {}

variables {
  project_id     = "my-project-1"
  source_archive = "tests/fixtures/bundle.zip"
}

run "simple" {
  command = plan
  module {
    source = "./examples/simple"
  }

  assert {
    condition     = output.attestors == { diy = "projects/my-project-1/attestors/diy", nobody = "projects/my-project-1/attestors/nobody" }
    error_message = "an attestor for each check"
  }
}

run "complete" {
  command = plan
  module {
    source = "./examples/complete"
  }
  variables {
    images_project_id = "my-images"
  }

  assert {
    condition     = output.verdicts == "my-project-1.voucher.verdicts"
    error_message = "verdicts are kept"
  }
}

run "existing_topic" {
  command = plan
  module {
    source = "./examples/existing-topic"
  }
}
