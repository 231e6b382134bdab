/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A TVM image: a flat file with the 64-byte header of a RISC-V Linux Image, in which the field that
 * Linux leaves zero at offset 40 is the size of the file. tests/tvm/tvm.h describes it.
 */
#ifndef IMAGE_H
#define IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define IMAGE_FOLDER	"/usr/share/cove"
#define IMAGE_MIN	64

struct image_header {
	uint32_t code[2];
	uint64_t text_offset;	/* from the beginning of RAM */
	uint64_t image_size;	/* bytes of memory that it uses from its beginning on */
	uint64_t flags;
	uint32_t version;
	uint32_t res1;
	uint64_t file_size;
	char magic[8];
	char magic2[4];
	uint32_t res3;
};

_Static_assert(sizeof(struct image_header) == IMAGE_MIN, "the header of a RISC-V Image");

struct image {
	int fd;
	uint64_t size;		/* of the file */
	uint64_t memory;	/* image_size */
	uint64_t offset;	/* text_offset */
};

/* A name without a slash is looked up in IMAGE_FOLDER. The result lives in buf. */
const char *image_path(const char *name, char *buf, size_t size);

/*
 * Opens and checks an image that shall run in ram bytes of memory. False: why holds one line,
 * without the file's name, that says what is wrong and what helps.
 */
bool image_open(struct image *image, const char *path, uint64_t ram, char *why, size_t why_size);

/* Reads the whole file to where, and closes it. False as above. */
bool image_load(struct image *image, void *where, char *why, size_t why_size);

/* Exactly so many bytes, from where the file stands. */
bool image_read(int fd, void *where, uint64_t size);

#endif
