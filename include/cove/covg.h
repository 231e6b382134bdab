/* SPDX-License-Identifier: BSD-2-Clause */
/* CoVE guest extension (COVG): what a TVM calls. The numbers are the same for every client. */
#ifndef COVE_COVG_H
#define COVE_COVG_H

#define COVG_ADD_MMIO_REGION		0
#define COVG_REMOVE_MMIO_REGION		1
#define COVG_SHARE_MEMORY		2
#define COVG_UNSHARE_MEMORY		3
#define COVG_ALLOW_EXT_INTERRUPT	4
#define COVG_DENY_EXT_INTERRUPT		5
#define COVG_GET_ATTCAPS		6
#define COVG_EXTEND_MEASUREMENT		7
#define COVG_GET_EVIDENCE		8
#define COVG_RETRIEVE_SECRET		9
#define COVG_READ_MEASUREMENT		10

/* Measurement registers: initial, then runtime. Register 4 is Salus's R2, register 5 its R3. */
#define COVE_MR_PLATFORM_FW		0
#define COVE_MR_PLATFORM_CONFIG		1
#define COVE_MR_TSM			2
#define COVE_MR_TSM_MANIFEST		3
#define COVE_MR_TVM_PAGES		4
#define COVE_MR_TVM_ENTRY		5
#define COVE_MR_TVM_CONFIG		6
#define COVE_MR_INITIAL_COUNT		7
#define COVE_MR_RUNTIME_COUNT		4
#define COVE_MR_COUNT			(COVE_MR_INITIAL_COUNT + COVE_MR_RUNTIME_COUNT)
#define COVE_MR_SIZE			48	/* SHA-384 */

#endif
