/* SPDX-License-Identifier: GPL-2.0-only */
/* virtio-blk over a file. */
#ifndef BLOCK_H
#define BLOCK_H

#include "virtio.h"

struct block_config {
	uint64_t capacity;		/* in sectors of 512 bytes */
	uint32_t size_max;		/* not offered */
	uint32_t seg_max;		/* parts of a request's data */
};

struct block {
	struct virtio virtio;		/* the first: notify() gets it */
	int fd;
	bool read_only;
	struct block_config config;
};

/* False after a message. What the device's machine decides is filled in by the caller. */
bool block_open(struct block *b, const char *path);

#endif
