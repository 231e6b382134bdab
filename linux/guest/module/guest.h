/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GUEST_H
#define GUEST_H

#undef pr_fmt
#define pr_fmt(fmt) "cove-guest: " fmt

#include <linux/types.h>

#define COVE_EID_COVG	0x434f5647

/* share.c: memory that devices reach. share_exit() does not unshare: devices may still use it. */
int share_init(void);
void share_exit(void);

/* measure.c: /sys/kernel/cove_guest */
int measure_init(void);
void measure_exit(void);

/* evidence.c: /dev/cove-evidence, /dev/cove-secret, Linux's TSM reports */
int evidence_init(void);

#endif
