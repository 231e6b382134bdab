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
	TSM_ERR_COUNT,
};

#endif
