/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/* What a program in a confidential VM needs of /dev/cove-evidence; evidence.c describes it. */
#ifndef COVE_GUEST_H
#define COVE_GUEST_H

#include <linux/ioctl.h>

#define COVE_GUEST_CHALLENGE_SIZE	64
#define COVE_GUEST_KEY_MAX		512

/* The form of the evidence asked for next: COVE_CERT_CBOR or COVE_CERT_X509 of cove/attest.h, by value. */
#define COVE_GUEST_SET_FORMAT		_IO('C', 0xe0)

#endif
