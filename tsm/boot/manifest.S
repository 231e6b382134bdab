/* SPDX-License-Identifier: BSD-2-Clause */
/* The manifest: what this image is, as text. Firmware measures it into register 3 (docs/attestation.md). */
#include <sbi.h>
#include "cove/attest.h"
#include "generated/config.h"

#define TEXT_(x)	#x
#define TEXT(x)		TEXT_(x)

	.section .rodata, "a"
	.globl tsm_manifest, tsm_manifest_end
tsm_manifest:
	.ascii	"name=cove-tsm\n"
	.ascii	"version=" TEXT(TSM_VERSION) "\n"
	.ascii	"svn=" TEXT(COVE_TCB_SVN) "\n"
	.ascii	"rfc_deviations=" TEXT(CONFIG_RFC_DEVIATIONS) "\n"
	.ascii	"atst=" TEXT(CONFIG_ATST) "\n"
	.ascii	"trusted_devices=" TEXT(CONFIG_TRUSTED_DEVICES) "\n"
tsm_manifest_end:
