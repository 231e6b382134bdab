// SPDX-License-Identifier: GPL-2.0-only
#include <endian.h>
#include <string.h>

#include "virtio.h"

#define MAGIC			0x74726976u
#define VENDOR			0x65766f63u	/* "cove" */
#define VERSION			2

#define REG_MAGIC		0x000
#define REG_VERSION		0x004
#define REG_DEVICE_ID		0x008
#define REG_VENDOR_ID		0x00c
#define REG_FEATURES		0x010
#define REG_FEATURES_SEL	0x014
#define REG_DRIVER_FEATURES	0x020
#define REG_DRIVER_SEL		0x024
#define REG_QUEUE_SEL		0x030
#define REG_QUEUE_NUM_MAX	0x034
#define REG_QUEUE_NUM		0x038
#define REG_QUEUE_READY		0x044
#define REG_QUEUE_NOTIFY	0x050
#define REG_INTERRUPT_STATUS	0x060
#define REG_INTERRUPT_ACK	0x064
#define REG_STATUS		0x070
#define REG_DESC_LOW		0x080
#define REG_DESC_HIGH		0x084
#define REG_AVAIL_LOW		0x090
#define REG_AVAIL_HIGH		0x094
#define REG_USED_LOW		0x0a0
#define REG_USED_HIGH		0x0a4
#define REG_CONFIG		0x100

#define F_VERSION_1		(1ULL << 32)
#define F_ACCESS_PLATFORM	(1ULL << 33)	/* the guest's DMA goes through its shared pool */
#define F_TRANSPORT		(F_VERSION_1 | F_ACCESS_PLATFORM)

#define STATUS_DRIVER_OK	4
#define STATUS_FEATURES_OK	8
#define STATUS_NEEDS_RESET	64
#define INTERRUPT_USED		1
#define INTERRUPT_CONFIG	2

#define DESC_NEXT		1
#define DESC_WRITE		2
#define AVAIL_NO_INTERRUPT	1

struct desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};

struct used {
	uint32_t id;
	uint32_t len;
};

/* A range of the guest's RAM in our mapping, or NULL. */
static void *guest(const struct virtio *v, uint64_t gpa, uint64_t size)
{
	uint64_t offset = gpa - v->ram_base;

	if (gpa < v->ram_base || offset > v->ram_size || size > v->ram_size - offset)
		return NULL;
	return v->ram + offset;
}

static uint16_t *guest_u16(const struct virtio *v, uint64_t gpa)
{
	return gpa & 1 ? NULL : guest(v, gpa, 2);
}

static void reset(struct virtio *v)
{
	memset(v->queues, 0, sizeof(v->queues));
	v->driver_features = 0;
	v->features_select = v->driver_select = v->queue_select = 0;
	v->status = v->interrupts = 0;
}

void virtio_break(struct virtio *v)
{
	v->status |= STATUS_NEEDS_RESET;
	v->interrupts |= INTERRUPT_CONFIG;
	v->raise(v->context);
}

static bool running(const struct virtio *v)
{
	return (v->status & STATUS_DRIVER_OK) && !(v->status & STATUS_NEEDS_RESET);
}

static uint32_t config_load(const struct virtio *v, uint64_t offset, unsigned int size)
{
	uint32_t value = 0;

	if (size <= sizeof(value) && offset < v->config_size && size <= v->config_size - offset)
		memcpy(&value, (const uint8_t *)v->config + offset, size);
	return value;
}

static struct virtq *selected(struct virtio *v)
{
	return v->queue_select < v->nr_queues ? &v->queues[v->queue_select] : NULL;
}

uint32_t virtio_load(struct virtio *v, uint64_t offset, unsigned int size)
{
	uint64_t features = v->features | F_TRANSPORT;
	struct virtq *q = selected(v);

	if (offset >= REG_CONFIG)
		return config_load(v, offset - REG_CONFIG, size);
	if (size != 4)
		return 0;
	switch (offset) {
	case REG_MAGIC:
		return MAGIC;
	case REG_VERSION:
		return VERSION;
	case REG_DEVICE_ID:
		return v->id;
	case REG_VENDOR_ID:
		return VENDOR;
	case REG_FEATURES:
		return v->features_select < 2 ? (uint32_t)(features >> 32 * v->features_select) : 0;
	case REG_QUEUE_NUM_MAX:
		return q ? VIRTIO_QUEUE_SIZE : 0;
	case REG_QUEUE_READY:
		return q && q->ready;
	case REG_INTERRUPT_STATUS:
		return v->interrupts;
	case REG_STATUS:
		return v->status;
	}
	return 0;
}

static void set_half(uint64_t *where, bool high, uint32_t value)
{
	if (high)
		*where = (*where & 0xffffffffULL) | (uint64_t)value << 32;
	else
		*where = (*where & ~0xffffffffULL) | value;
}

/* Queue registers are the driver's until it says that the queue is ready. */
static void store_queue(struct virtio *v, uint64_t offset, uint32_t value)
{
	struct virtq *q = selected(v);

	if (!q)
		return;
	if (offset == REG_QUEUE_READY) {
		q->ready = value & 1 && q->num;
		if (!q->ready)
			q->last = 0;
		return;
	}
	if (q->ready)
		return;
	switch (offset) {
	case REG_QUEUE_NUM:
		if (value && value <= VIRTIO_QUEUE_SIZE && !(value & (value - 1)))
			q->num = value;
		break;
	case REG_DESC_LOW:
	case REG_DESC_HIGH:
		set_half(&q->desc, offset == REG_DESC_HIGH, value);
		break;
	case REG_AVAIL_LOW:
	case REG_AVAIL_HIGH:
		set_half(&q->avail, offset == REG_AVAIL_HIGH, value);
		break;
	case REG_USED_LOW:
	case REG_USED_HIGH:
		set_half(&q->used, offset == REG_USED_HIGH, value);
		break;
	}
}

static void store_status(struct virtio *v, uint32_t value)
{
	const uint64_t needed = F_TRANSPORT, offered = v->features | F_TRANSPORT;

	if (!value) {
		reset(v);
		return;
	}
	/* Without these two the guest's memory could not be reached. */
	if ((v->driver_features & needed) != needed || v->driver_features & ~offered)
		value &= ~(uint32_t)STATUS_FEATURES_OK;
	v->status = (v->status & STATUS_NEEDS_RESET) | (value & 0x8f);
}

void virtio_store(struct virtio *v, uint64_t offset, unsigned int size, uint32_t value)
{
	if (size != 4 || offset >= REG_CONFIG)
		return;
	switch (offset) {
	case REG_FEATURES_SEL:
		v->features_select = value;
		break;
	case REG_DRIVER_FEATURES:
		if (v->driver_select < 2 && !(v->status & STATUS_FEATURES_OK))
			set_half(&v->driver_features, v->driver_select, value);
		break;
	case REG_DRIVER_SEL:
		v->driver_select = value;
		break;
	case REG_QUEUE_SEL:
		v->queue_select = value;
		break;
	case REG_QUEUE_NOTIFY:
		if (running(v) && value < v->nr_queues)
			v->notify(v, value);
		break;
	case REG_INTERRUPT_ACK:
		v->interrupts &= ~value;
		break;
	case REG_STATUS:
		store_status(v, value);
		break;
	default:
		store_queue(v, offset, value);
	}
}

static bool add_part(const struct virtio *v, struct chain *c, const struct desc *d)
{
	bool in = d->flags & DESC_WRITE;
	unsigned int *nr = in ? &c->nr_in : &c->nr_out;
	void *base = guest(v, d->addr, d->len);

	/* What the driver wrote comes before what it wants written. */
	if (!base || *nr == VIRTIO_PARTS || (!in && c->nr_in))
		return false;
	(in ? c->in : c->out)[(*nr)++] = (struct iovec){ base, d->len };
	*(in ? &c->in_size : &c->out_size) += d->len;
	return true;
}

static bool read_chain(const struct virtio *v, const struct virtq *q, struct chain *c)
{
	const uint8_t *table = guest(v, q->desc, q->num * sizeof(struct desc));
	uint16_t index = c->head;
	struct desc d;
	uint32_t i;

	for (i = 0; table && i < q->num && index < q->num; i++) {
		memcpy(&d, table + index * sizeof(d), sizeof(d));
		if (d.flags & ~(DESC_NEXT | DESC_WRITE) || !add_part(v, c, &d))
			return false;
		if (!(d.flags & DESC_NEXT))
			return true;
		index = d.next;
	}
	return false;
}

bool virtio_pop(struct virtio *v, unsigned int queue, struct chain *c)
{
	struct virtq *q = &v->queues[queue];
	uint16_t *at, *entry;

	if (!running(v) || !q->ready)
		return false;
	at = guest_u16(v, q->avail + 2);
	entry = guest_u16(v, q->avail + 4 + 2 * (q->last % q->num));
	if (at && entry && __atomic_load_n(at, __ATOMIC_ACQUIRE) == q->last)
		return false;
	memset(c, 0, sizeof(*c));
	if (at && entry) {
		c->head = __atomic_load_n(entry, __ATOMIC_RELAXED);
		q->last++;
	}
	if (at && entry && read_chain(v, q, c))
		return true;
	virtio_break(v);
	return false;
}

void virtio_push(struct virtio *v, unsigned int queue, const struct chain *c, size_t written)
{
	const struct virtq *q = &v->queues[queue];
	uint16_t *at = guest_u16(v, q->used + 2);
	struct used entry = { c->head, (uint32_t)written };
	void *where;
	uint16_t index;

	if (!at || !q->num)
		return;
	index = __atomic_load_n(at, __ATOMIC_RELAXED);
	where = guest(v, q->used + 4 + sizeof(entry) * (index % q->num), sizeof(entry));
	if (!where)
		return;
	memcpy(where, &entry, sizeof(entry));
	__atomic_store_n(at, (uint16_t)(index + 1), __ATOMIC_RELEASE);
}

void virtio_signal(struct virtio *v, unsigned int queue)
{
	const uint16_t *flags = guest_u16(v, v->queues[queue].avail);

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!flags || __atomic_load_n(flags, __ATOMIC_RELAXED) & AVAIL_NO_INTERRUPT)
		return;
	v->interrupts |= INTERRUPT_USED;
	v->raise(v->context);
}

static size_t parts_copy(const struct iovec *parts, unsigned int nr, size_t offset, void *to,
			 const void *from, size_t size)
{
	size_t done = 0, n;
	unsigned int i;

	for (i = 0; i < nr && done < size; i++) {
		if (offset >= parts[i].iov_len) {
			offset -= parts[i].iov_len;
			continue;
		}
		n = parts[i].iov_len - offset;
		n = n < size - done ? n : size - done;
		if (to)
			memcpy((uint8_t *)to + done, (uint8_t *)parts[i].iov_base + offset, n);
		else
			memcpy((uint8_t *)parts[i].iov_base + offset, (const uint8_t *)from + done,
			       n);
		done += n;
		offset = 0;
	}
	return done;
}

size_t parts_read(const struct iovec *parts, unsigned int nr, size_t offset, void *to, size_t size)
{
	return parts_copy(parts, nr, offset, to, NULL, size);
}

size_t parts_write(const struct iovec *parts, unsigned int nr, size_t offset, const void *from,
		   size_t size)
{
	return parts_copy(parts, nr, offset, NULL, from, size);
}

unsigned int parts_skip(struct iovec *parts, unsigned int nr, size_t size)
{
	unsigned int i = 0, left;

	while (i < nr && size >= parts[i].iov_len)
		size -= parts[i++].iov_len;
	left = nr - i;
	memmove(parts, parts + i, left * sizeof(*parts));
	if (left) {
		parts[0].iov_base = (uint8_t *)parts[0].iov_base + size;
		parts[0].iov_len -= size;
	}
	return left;
}
