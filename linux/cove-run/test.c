// SPDX-License-Identifier: GPL-2.0-only
/* What of cove-run needs no TSM, tested on the build machine. TAP on standard output. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console.h"
#include "image.h"
#include "measure.h"
#include "test.h"

#define RAM	(64ULL << 20)

static unsigned int count, failed;

void ok(bool good, const char *what)
{
	failed += !good;
	printf("%sok %u - %s\n", good ? "" : "not ", ++count, what);
}

static const char *hex(const uint8_t digest[SHA384_SIZE])
{
	static char text[2 * SHA384_SIZE + 1];
	int i;

	for (i = 0; i < SHA384_SIZE; i++)
		snprintf(text + 2 * i, 3, "%02x", digest[i]);
	return text;
}

static bool sha_is(const void *data, size_t n, const char *start)
{
	uint8_t digest[SHA384_SIZE];
	struct sha384 h;

	sha384_init(&h);
	sha384_update(&h, data, n / 3);
	sha384_update(&h, (const char *)data + n / 3, n - n / 3);
	sha384_final(&h, digest);
	return !strncmp(hex(digest), start, strlen(start));
}

static void test_sha384(void)
{
	static const struct {
		size_t n;
		const char *start;
	} lengths[] = {
		{ 111, "3c37955051cb5c30" }, { 112, "187d4e07cb306103" },
		{ 127, "9bd06b1763c2cf7a" }, { 128, "edb12730a366098b" },
		{ 129, "39b6f5a7b0e781db" },
	};
	char many[129];
	uint8_t bytes[1000];
	size_t i;

	ok(sha_is("", 0, "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da"
			 "274edebfe76f65fbd51ad2f14898b95b"), "SHA-384 of nothing");
	ok(sha_is("abc", 3, "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
			    "8086072ba1e7cc2358baeca134c825a7"), "SHA-384 of abc");
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	ok(sha_is(bytes, sizeof(bytes),
		  "cfe84a17cb1c1c9d4e7d1b1f5e7aee4ba0fa7ccaafe00c80b20b94ef4250ecae"
		  "24321940e3e66510732fe32f386e4cc7"),
	   "SHA-384 of 1000 bytes");
	memset(many, 'a', sizeof(many));
	for (i = 0; i < sizeof(lengths) / sizeof(*lengths); i++)
		ok(sha_is(many, lengths[i].n, lengths[i].start),
		   "SHA-384 of a length about a block's end");
}

static void test_measure(void)
{
	uint8_t reg[SHA384_SIZE] = { 0 };
	static uint8_t pages[2 * MEASURE_PAGE];
	size_t i;

	for (i = 0; i < sizeof(pages); i++)
		pages[i] = (uint8_t)(i * 7 + 3);
	measure_pages(reg, 0x80200000, pages, sizeof(pages));
	ok(!strcmp(hex(reg), "0c3599213bf6fec143886df204cac03059816c856ef5b4e39bc5ff5e9f1af548"
			     "519cd20b8db1223369edcbb25b3021fb"), "register 4 of two pages");
	memset(reg, 0, sizeof(reg));
	measure_entry(reg, 0x80200000, 0x1122334455667788);
	ok(!strcmp(hex(reg), "00a81dff89cfd6d74976aa99f5901f139852ebcfbeb4c4c9202a8ae315aead41"
			     "bd0afccf201f1ed49cde6c9c8b049072"), "register 5");
	memset(reg, 0, sizeof(reg));
	measure_config(reg, &(struct measure_shape){ .base = 0x80000000, .size = 64 << 20, .vcpus = 2 });
	ok(!strcmp(hex(reg), "ba669e6fea8f04c39ed2dcbfd0b0a9daad075c9b598c04be75f87b4fddf15153"
			     "1dd04cb0e541ea4b35d81dce12ab288e"), "register 6");
}

static struct image_header good_header(uint64_t file_size)
{
	struct image_header h = {
		.text_offset = 0x200000,
		.image_size = file_size,
		.file_size = file_size,
		.magic = "RISCV",
	};

	memcpy(h.magic2, "RSC\x05", 4);
	return h;
}

/* Whether a file of that size with that header is taken, and if not, whether why says the word. */
static bool image_says(const struct image_header *h, size_t size, uint64_t ram, const char *word)
{
	char path[] = "/tmp/cove-run-test-XXXXXX", why[256] = "";
	int fd = mkstemp(path);
	struct image image;
	bool taken, good;

	if (fd < 0 || (size && write(fd, h, size < sizeof(*h) ? size : sizeof(*h)) < 0) ||
	    ftruncate(fd, (off_t)size))
		return false;
	close(fd);
	taken = image_open(&image, path, ram, why, sizeof(why));
	good = word ? !taken && strstr(why, word) : taken;
	if (!good)
		printf("# %s: %s\n", taken ? "taken" : "refused", why);
	if (taken) {
		char *where = malloc(size);

		good = good && image_load(&image, where, why, sizeof(why)) &&
		       !memcmp(where, h, sizeof(*h));
		free(where);
	}
	unlink(path);
	return good;
}

static void test_image(void)
{
	struct image_header h = good_header(5000);
	struct image image;
	char why[256];

	ok(image_says(&h, 5000, RAM, NULL), "a good image is taken");
	ok(image_says(&h, 4999, RAM, "truncated"), "a truncated image is refused");
	ok(image_says(&h, 5001, RAM, "inconsistent"),
	   "an image with more bytes than it says is refused");
	ok(image_says(&h, 0, RAM, "empty"), "an empty image is refused");
	ok(image_says(&h, 63, RAM, "truncated"), "an image shorter than a header is refused");
	ok(image_says(&h, 5000, 0x200000 + 4096, "--memory 3M"),
	   "an image larger than --memory is refused, with the remedy");
	ok(image_says(&h, 5000, 4096, "too large"),
	   "a memory smaller than the image's offset is refused");
	ok(image_says(&h, 5000, 0x200000 + 8192, NULL), "an image that just fits is taken");
	h.image_size = UINT64_MAX;
	ok(image_says(&h, 5000, RAM, "too large"), "a memory size that wraps is refused");
	h.image_size = 4999;
	ok(image_says(&h, 5000, RAM, "inconsistent"), "a memory size below the file's is refused");
	h = good_header(5000);
	h.text_offset = UINT64_MAX - 4095;
	ok(image_says(&h, 5000, RAM, "inconsistent"), "an offset that wraps is refused");
	h = good_header(5000);
	h.magic[0] = 'r';
	ok(image_says(&h, 5000, RAM, "not a TVM image"), "another magic is refused");
	h = good_header(0);
	ok(image_says(&h, 5000, RAM, "kernel"), "a Linux Image is refused");
	ok(!image_open(&image, "/nonexistent/image", RAM, why, sizeof(why)) &&
		   strstr(why, "No such file"),
	   "a missing image is refused");
	ok(!image_open(&image, "/tmp", RAM, why, sizeof(why)) && strstr(why, "not a file"),
	   "a folder is refused");
	ok(!strcmp(image_path("hello", why, sizeof(why)), "/usr/share/cove/hello"),
	   "a name is looked up");
	ok(!strcmp(image_path("./hello", why, sizeof(why)), "./hello"), "a path is not");
}

static struct console console;

static void feed(const char *text, size_t piece)
{
	size_t n = strlen(text), part;

	console_init(&console, open("/dev/null", O_WRONLY | O_CLOEXEC));
	for (; n; text += part, n -= part) {
		part = n < piece ? n : piece;
		console_put(&console, text, part);
	}
	close(console.fd);
}

static bool none_seen(void)
{
	static const bool none[CONSOLE_REGISTERS];

	return !memcmp(console.seen, none, sizeof(none));
}

#define HEX "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da" \
	    "274edebfe76f65fbd51ad2f14898b95b"

static void test_console(void)
{
	char long_line[1000];

	feed("hello\nmeasurement 4: " HEX "\nmore", 1);
	ok(console.seen[4] && !console.seen[5] && !strcmp(hex(console.digest[4]), HEX),
	   "a measurement, byte by byte");
	feed("measurement 5: " HEX "\r\n", 1000);
	ok(console.seen[5], "a measurement with a carriage return");
	feed("measurement 4: " HEX, 7);
	ok(none_seen(), "a line that does not end is none");
	feed("measurement 9: " HEX "\nmeasurement /: " HEX "\n", 7);
	ok(none_seen(), "a register that does not exist is none");
	feed("measurement 4: " HEX "0\nmeasurement 4: zz" HEX "\n", 7);
	ok(none_seen(), "a digest of another length is none");
	feed("measurement 4: g"
	     "8b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51"
	     "ad2f14898b95b\n",
	     7);
	ok(none_seen(), "a digest with another character is none");
	memset(long_line, 'x', sizeof(long_line) - 1);
	long_line[sizeof(long_line) - 1] = 0;
	feed(long_line, 13);
	console.fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	console_put(&console, "\nmeasurement 4: " HEX "\n", 16 + 96 + 1);
	ok(console.seen[4], "a line of any length is passed over");
}

int main(void)
{
	test_sha384();
	test_measure();
	test_image();
	test_console();
	test_devices();
	printf("1..%u\n", count);
	return failed != 0;
}
