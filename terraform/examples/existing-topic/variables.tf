variable "project_id" {
  description = "The project in which Voucher already is."
  type        = string
}

variable "region" {
  description = "Where the functions run and the registry is."
  type        = string
  default     = "europe-west1"
}

variable "source_archive" {
  description = "What `npm run build` made."
  type        = string
  default     = "../../../dist/voucher.zip"
}
