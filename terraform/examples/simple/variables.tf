variable "project_id" {
  description = "An empty project with a billing account."
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
