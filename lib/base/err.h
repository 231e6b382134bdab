/* SPDX-License-Identifier: BSD-2-Clause */
/* The one internal error type. abi/ maps it to SBI codes in one table; no other code reaches a caller. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum tsm_err {
	TSM_OK,
	TSM_E_FAILED,
	TSM_E_NOT_SUPPORTED,
	TSM_E_PARAM,
	TSM_E_DENIED,
	TSM_E_ADDRESS,
	TSM_E_ALREADY_AVAILABLE,
	TSM_E_ALREADY_STARTED,
	TSM_E_ALREADY_STOPPED,
	TSM_E_NO_SHMEM,
	TSM_E_NO_MEMORY,	/* no id, no descriptor */
	TSM_E_NO_PTPAGES,	/* the TVM's page-table pool is empty */
	TSM_ERR_COUNT,		/* of those that a caller can see */

	/*
	 * Not an error: something that passes by itself is in the way (another hart's call is at work on the same object, or
	 * the host has an interrupt to take). The TSM returns to the ECALL itself with its registers unchanged, so the call
	 * is made again; the caller never sees it (reference/DECISIONS.md 5). The gate in abi/ alone acts on it.
	 */
	TSM_AGAIN = TSM_ERR_COUNT,
};

#endif
