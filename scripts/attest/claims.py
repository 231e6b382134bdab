# SPDX-License-Identifier: BSD-2-Clause
"""Labels of evidence (docs/attestation.md). tests/attest compares them with include/cove/claims.h."""

TAG_SIGN1, TAG_CWT, TAG_UCCS = 18, 61, 601
ISS, SUB, NONCE, PROFILE, SUBMODS = 1, 2, 10, 265, 266
PROFILE_TEXT = "https://riscv.org/TBD"

PLATFORM_KEY, MANUFACTURER, PLATFORM_STATE, PLATFORM_COMPONENTS = -70001, -70002, -70003, -70004
TSM_KEY, TSM_COMPONENTS, SEALING_KEY = -70011, -70012, -70013
TVM_IDENTITY, TVM_KEY, INITIAL, RUNTIME, DEVICES = -70021, -70022, -70023, -70024, -70025
EVIDENCE = -70031

COMPONENT_TYPE, COMPONENT_MEASUREMENT, COMPONENT_SVN, COMPONENT_MANIFEST, COMPONENT_SIGNER, COMPONENT_HASH = range(1, 7)
TYPE_FIRMWARE, TYPE_CONFIG, TYPE_TSM_DRIVER, TYPE_TSM = "platform-firmware", "platform-configuration", "TSM-driver", "TSM"
MEASUREMENT_INDEX, MEASUREMENT_VALUE, MEASUREMENT_HASH = range(1, 4)
HASH = "sha-384"

ALG, KID, ES384 = 1, 4, -35
KTY, CRV, X, Y = 1, -1, -2, -3
OKP, EC2 = 1, 2
CURVES = {1: ("P-256", EC2, 32), 2: ("P-384", EC2, 48), 4: ("X25519", OKP, 32), 6: ("Ed25519", OKP, 32)}
P384 = 2

MANUFACTURER_SIZE, CHALLENGE_SIZE, IDENTITY_SIZE = 64, 64, 64
INITIAL_REGISTERS, RUNTIME_REGISTERS = range(7), range(7, 11)
REGISTER_NAMES = ["platform firmware", "platform configuration", "TSM", "TSM manifest", "TVM pages", "TVM entry",
                  "TVM configuration", "runtime 0", "runtime 1", "runtime 2", "runtime 3"]
# what keeps devices from confidential memory
DEVICE_POLICIES = {1: "all that do DMA are behind an IOMMU", 2: "none does DMA, there is no IOMMU", 3: "trusted"}
TRUSTED_DEVICES = 3
UCCS_OID = "2.23.133.5.4.6"
