/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Our M-mode firmware: OpenSBI as a library, with a root of trust (simulated) and measured boot.
 * start.S hashes the image as it was loaded; override.c is where OpenSBI calls us; measured_boot.c
 * measures, derives and signs; layers.c knows the keys. docs/attestation.md describes what is
 * measured how.
 *
 * The first 2 MiB of RAM on QEMU virt: this image with its data from the start, and at the end the
 * page of the root of trust and the page that is handed to the TSM.
 */
#ifndef FIRMWARE_MEASURED_BOOT_H
#define FIRMWARE_MEASURED_BOOT_H

#include "cove/attest_handoff.h"

#define FW_BLOCK_SIZE		0x200000UL
#define FW_ROT_OFFSET		0x1ff000UL	/* from the image's start */
#define FW_HANDOFF_OFFSET	0x1fe000UL
#define FW_PAGE_SIZE		4096UL

/*
 * The root of trust's fuses, as QEMU's loader puts them into the page at FW_ROT_OFFSET. Little
 * endian. scripts/cove-rot writes such a file.
 */
#define FW_ROT_MAGIC		0x31544f5245564f43	/* "COVEROT1" */

struct rot_page {
	uint64_t magic;
	uint32_t state;			/* COVE_STATE_*: how the machine left its factory */
	uint32_t reserved;		/* 0 */
	uint8_t manufacturer[COVE_MANUFACTURER_SIZE];
	uint8_t uds[COVE_UDS_SIZE];
};

_Static_assert(sizeof(struct rot_page) == 128, "scripts/cove-rot");

enum measured_boot {
	BOOT_ATTESTED,			/* the handoff page is filled */
	BOOT_NO_ROT,			/* there are no fuses: nothing can be derived */
	BOOT_NO_TSM,			/* what comes next has no header to say how large it is */
	BOOT_FAILED,			/* a defect: do not go on */
};

/*
 * The whole of measured boot, on the boot hart, before S-mode starts: what runs next is at @next,
 * @fdt is the machine's tree as it was received, pages are those of the layout above. Nothing
 * secret is left anywhere but in the handoff page.
 */
enum measured_boot measured_boot(const void *fdt, uint64_t next, struct rot_page *rot,
				 struct cove_handoff *out);

#endif
