# SPDX-License-Identifier: BSD-2-Clause
"""A relying party's side of attestation, written from docs/attestation.md alone: none of the monitor's C is behind it."""
