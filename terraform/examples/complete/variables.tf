variable "project_id" {
  description = "The project of Voucher, its keys and its attestors."
  type        = string
}

variable "images_project_id" {
  description = "The project of the registry."
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

variable "enforce" {
  description = "Whether images without attestations are blocked; until then they are only logged."
  type        = bool
  default     = false
}

variable "notification_channels" {
  description = "Whom alerts wake."
  type        = list(string)
  default     = []
}
