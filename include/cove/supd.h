/* SPDX-License-Identifier: BSD-2-Clause */
/* Supervisor domains (SUPD): which domains are active, and the encoding of a6 that names one. */
#ifndef COVE_SUPD_H
#define COVE_SUPD_H

#define SUPD_GET_ACTIVE_DOMAINS		0

#define SUPD_HOST_DOMAIN		0
#define SUPD_TSM_DOMAIN			1

/* a6: FID in bits 15:0, domain in bits 31:26 */
#define SUPD_FID_MASK			0xffffULL
#define SUPD_SDID_SHIFT			26
#define SUPD_SDID_MASK			0x3fULL

#endif
