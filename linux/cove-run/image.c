// SPDX-License-Identifier: GPL-2.0-only
/* Finding, checking and reading a TVM image. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image.h"

#define PAGE		4096
#define OFFSET_MAX	(1ULL << 30)

#define REFUSE(...) (snprintf(why, why_size, __VA_ARGS__), false)

const char *image_path(const char *name, char *buf, size_t size)
{
	if (strchr(name, '/'))
		return name;
	snprintf(buf, size, "%s/%s", IMAGE_FOLDER, name);
	return buf;
}

bool image_read(int fd, void *where, uint64_t size)
{
	char *to = where;
	ssize_t n;

	while (size) {
		n = read(fd, to, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		to += n;
		size -= (uint64_t)n;
	}
	return true;
}

static bool check_header(struct image *image, const struct image_header *h, uint64_t ram, char *why,
			 size_t why_size)
{
	uint64_t needed;

	if (memcmp(h->magic, "RISCV\0\0", 8) || memcmp(h->magic2, "RSC\x05", 4))
		return REFUSE(
			"not a TVM image: it lacks the header that tests/tvm/tvm.h describes");
	if (!h->file_size)
		return REFUSE(
			"not a TVM image, but a plain kernel's: scripts/mkguest puts a boot stub in front of it");
	if (image->size < h->file_size)
		return REFUSE("truncated: its header says %" PRIu64 " bytes, the file has %" PRIu64
			      ": build or copy it again", h->file_size, image->size);
	if (image->size > h->file_size)
		return REFUSE("inconsistent: its header says %" PRIu64
			      " bytes, the file has %" PRIu64 ": build or copy it again",
			      h->file_size, image->size);
	if (h->image_size < h->file_size || h->text_offset % PAGE || h->text_offset > OFFSET_MAX)
		return REFUSE("inconsistent: its header says %" PRIu64
			      " bytes of memory at offset 0x%" PRIx64 ": build it again",
			      h->image_size, h->text_offset);
	if (h->image_size > ram || h->text_offset > ram - h->image_size) {
		needed = h->image_size > UINT64_MAX / 2 ? UINT64_MAX
							: h->text_offset + h->image_size;
		return REFUSE("too large: it needs %" PRIu64 " MiB of memory: give --memory %" PRIu64
			      "M or more, or a smaller image",
			      (needed >> 20) + 1, (needed >> 20) + 1);
	}
	image->memory = h->image_size;
	image->offset = h->text_offset;
	return true;
}

static bool open_checked(struct image *image, uint64_t ram, char *why, size_t why_size)
{
	struct image_header header;
	struct stat st;

	if (fstat(image->fd, &st))
		return REFUSE("%s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return REFUSE("not a file: give the path of a TVM image");
	image->size = (uint64_t)st.st_size;
	if (!image->size)
		return REFUSE("empty: give a TVM image, as tests/tvm/hello is one");
	if (image->size < IMAGE_MIN)
		return REFUSE("truncated: %" PRIu64
			      " bytes, and a TVM image's header alone takes %d: copy it again",
			      image->size, IMAGE_MIN);
	if (!image_read(image->fd, &header, sizeof(header)) || lseek(image->fd, 0, SEEK_SET))
		return REFUSE("it cannot be read: %s", strerror(errno));
	return check_header(image, &header, ram, why, why_size);
}

bool image_open(struct image *image, const char *path, uint64_t ram, char *why, size_t why_size)
{
	image->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (image->fd < 0)
		return REFUSE("%s: give the path of a TVM image, or the name of one in %s",
			      strerror(errno), IMAGE_FOLDER);
	if (open_checked(image, ram, why, why_size))
		return true;
	close(image->fd);
	return false;
}

bool image_load(struct image *image, void *where, char *why, size_t why_size)
{
	bool ok = image_read(image->fd, where, image->size);

	close(image->fd);
	return ok || REFUSE("it became shorter while it was read, or cannot be read");
}
