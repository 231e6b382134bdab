/* SPDX-License-Identifier: BSD-2-Clause */
/* CoVE interrupt extension (COVI). The numbers are the same for every client. */
#ifndef COVE_COVI_H
#define COVE_COVI_H

#define COVI_INIT_AIA			0
#define COVI_SET_CPU_IMSIC_ADDR		1
#define COVI_CONVERT_IMSIC		2
#define COVI_RECLAIM_IMSIC		3
#define COVI_BIND			4
#define COVI_UNBIND_BEGIN		5
#define COVI_UNBIND_END			6
#define COVI_INJECT			7
#define COVI_REBIND_BEGIN		8
#define COVI_REBIND_CLONE		9
#define COVI_REBIND_END			10

#endif
