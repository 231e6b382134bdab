/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A virtio device behind the MMIO transport (version 2): registers, and split queues in memory that
 * the guest shares. The guest is not trusted: addresses are looked up in its RAM, each descriptor is
 * copied once, chains are bounded, and what makes no sense stops the device until its driver resets
 * it. The caller holds its machine's lock.
 */
#ifndef VIRTIO_H
#define VIRTIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define VIRTIO_QUEUES		2
#define VIRTIO_QUEUE_SIZE	128
#define VIRTIO_PARTS		64	/* of a chain, each way */

#define VIRTIO_ID_NET		1
#define VIRTIO_ID_BLOCK		2

struct virtq {
	uint32_t num;
	bool ready;
	uint64_t desc, avail, used;
	uint16_t last;			/* of avail: up to here it was taken */
};

struct virtio {
	uint32_t id;
	uint64_t features;		/* offered by the device, without those of the transport */
	const void *config;
	size_t config_size;
	unsigned int nr_queues;
	void (*notify)(struct virtio *v, unsigned int queue);
	void (*raise)(void *context);	/* its interrupt, an edge */
	void *context;
	uint8_t *ram;
	uint64_t ram_base, ram_size;

	uint32_t features_select, driver_select;
	uint64_t driver_features;
	uint32_t queue_select;
	uint32_t status;
	uint32_t interrupts;
	struct virtq queues[VIRTIO_QUEUES];
};

/* A request: what the driver wrote, and where it wants an answer. */
struct chain {
	uint16_t head;
	struct iovec out[VIRTIO_PARTS], in[VIRTIO_PARTS];
	unsigned int nr_out, nr_in;
	size_t out_size, in_size;
};

uint32_t virtio_load(struct virtio *v, uint64_t offset, unsigned int size);
void virtio_store(struct virtio *v, uint64_t offset, unsigned int size, uint32_t value);

/* The next request of a queue; false: there is none, or the driver broke the rules. */
bool virtio_pop(struct virtio *v, unsigned int queue, struct chain *c);
/* It is done, and so many bytes of in were written. virtio_signal() follows when all are. */
void virtio_push(struct virtio *v, unsigned int queue, const struct chain *c, size_t written);
void virtio_signal(struct virtio *v, unsigned int queue);
/* Stops the device. */
void virtio_break(struct virtio *v);

/* Bytes out of or into parts, from an offset in them; how many there were. */
size_t parts_read(const struct iovec *parts, unsigned int nr, size_t offset, void *to, size_t size);
size_t parts_write(const struct iovec *parts, unsigned int nr, size_t offset, const void *from,
		   size_t size);
/* Parts without their first bytes; how many parts are left, in place. */
unsigned int parts_skip(struct iovec *parts, unsigned int nr, size_t size);

#endif
