// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/fs.h>

#include "block.h"
#include "vm.h"

#define SECTOR		512
#define F_SEG_MAX	(1ULL << 2)
#define F_READ_ONLY	(1ULL << 5)
#define F_FLUSH		(1ULL << 9)
#define TYPE_IN		0
#define TYPE_OUT	1
#define TYPE_FLUSH	4
#define TYPE_GET_ID	8
#define STATUS_OK	0
#define STATUS_ERROR	1
#define STATUS_UNKNOWN	2
#define ID_SIZE		20

struct request {
	uint32_t type;
	uint32_t reserved;
	uint64_t sector;
};

/* All parts, from a place in the file. */
static bool transfer(const struct block *b, struct iovec *parts, unsigned int nr, uint64_t at,
		     bool write)
{
	ssize_t n;

	while ((nr = parts_skip(parts, nr, 0)) > 0) {
		n = write ? pwritev(b->fd, parts, (int)nr, (off_t)at) :
			    preadv(b->fd, parts, (int)nr, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += (uint64_t)n;
		nr = parts_skip(parts, nr, (size_t)n);
	}
	return true;
}

static uint8_t read_write(const struct block *b, struct chain *c, const struct request *r,
			  size_t *written)
{
	bool write = r->type == TYPE_OUT;
	size_t size = write ? c->out_size - sizeof(*r) : c->in_size - 1;
	struct iovec *parts = write ? c->out : c->in;
	unsigned int nr = write ? parts_skip(c->out, c->nr_out, sizeof(*r)) : c->nr_in;

	if (size % SECTOR || r->sector > b->config.capacity ||
	    size / SECTOR > b->config.capacity - r->sector || (write && b->read_only))
		return STATUS_ERROR;
	/* The last byte is the status, in a part of its own or at the end of one. */
	if (!write && !--parts[nr - 1].iov_len)
		nr--;
	if (!transfer(b, parts, nr, r->sector * SECTOR, write))
		return STATUS_ERROR;
	*written = write ? 0 : size;
	return STATUS_OK;
}

static uint8_t perform(const struct block *b, struct chain *c, size_t *written)
{
	static const char id[ID_SIZE] = "cove-disk";
	struct request r;

	if (parts_read(c->out, c->nr_out, 0, &r, sizeof(r)) != sizeof(r))
		return STATUS_ERROR;
	switch (r.type) {
	case TYPE_IN:
	case TYPE_OUT:
		return read_write(b, c, &r, written);
	case TYPE_FLUSH:
		return fdatasync(b->fd) ? STATUS_ERROR : STATUS_OK;
	case TYPE_GET_ID:
		if (c->in_size <= ID_SIZE)
			return STATUS_ERROR;
		*written = parts_write(c->in, c->nr_in, 0, id, ID_SIZE);
		return STATUS_OK;
	}
	return STATUS_UNKNOWN;
}

static void notify(struct virtio *v, unsigned int queue)
{
	struct block *b = (struct block *)v;
	struct chain c;
	bool any = false;

	while (virtio_pop(v, queue, &c)) {
		size_t written = 0;
		uint8_t status, *where;

		/* Without room for the status there is no answer. */
		if (!c.in_size || !c.in[c.nr_in - 1].iov_len) {
			virtio_break(v);
			return;
		}
		where = (uint8_t *)c.in[c.nr_in - 1].iov_base + c.in[c.nr_in - 1].iov_len - 1;
		status = perform(b, &c, &written);
		*where = status;
		virtio_push(v, queue, &c, written + 1);
		any = true;
	}
	if (any)
		virtio_signal(v, queue);
}

static bool size_of(int fd, uint64_t *size)
{
	struct stat st;

	if (fstat(fd, &st))
		return false;
	*size = (uint64_t)st.st_size;
	if (S_ISBLK(st.st_mode))
		return !ioctl(fd, BLKGETSIZE64, size);
	return S_ISREG(st.st_mode);
}

bool block_open(struct block *b, const char *path)
{
	uint64_t size;

	b->fd = open(path, O_RDWR | O_CLOEXEC);
	b->read_only = b->fd < 0 && (errno == EROFS || errno == EACCES || errno == EPERM);
	if (b->read_only)
		b->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (b->fd < 0) {
		complain("--disk %s: %s", path, strerror(errno));
		return false;
	}
	if (!size_of(b->fd, &size) || size < SECTOR) {
		complain("--disk %s: not a disk: give a file or block device of at least %d bytes",
			 path, SECTOR);
		return false;
	}
	b->config.capacity = size / SECTOR;
	/* A request has a header and a status besides. Without this a driver makes one request of each page. */
	b->config.seg_max = VIRTIO_PARTS - 2;
	b->virtio.id = VIRTIO_ID_BLOCK;
	b->virtio.features = F_FLUSH | F_SEG_MAX | (b->read_only ? F_READ_ONLY : 0);
	b->virtio.config = &b->config;
	b->virtio.config_size = sizeof(b->config);
	b->virtio.nr_queues = 1;
	b->virtio.notify = notify;
	return true;
}
