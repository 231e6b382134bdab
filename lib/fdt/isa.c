/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/string.h"
#include "fdt/isa.h"

static const struct {
	char name[14];
	bool plain;
} isa_table[ISA_COUNT] = {
#define ISA_ROW(id, name, plain)	[ISA_##id] = { name, plain },
	ISA_EXTENSIONS(ISA_ROW)
#undef ISA_ROW
};

const char *isa_name(enum isa_ext e)
{
	return isa_table[e].name;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_letter(char c)
{
	return lower(c) >= 'a' && lower(c) <= 'z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* strcmp of a name of len bytes, in any case, and a row of the table. */
static int name_cmp(const char *name, size_t len, const char *row)
{
	for (size_t i = 0; i < len; i++) {
		char c = lower(name[i]);

		if (!c)		/* longer than the row, or something else */
			return 1;
		if (c != row[i])
			return (unsigned char)c - (unsigned char)row[i];
	}
	return 0 - (unsigned char)row[len];
}

enum isa_ext isa_find(const char *name, size_t len)
{
	unsigned int low = 0, high = ISA_COUNT;

	if (!len)
		return ISA_COUNT;
	while (low < high) {
		unsigned int mid = (low + high) / 2;
		int d = name_cmp(name, len, isa_table[mid].name);

		if (!d)
			return (enum isa_ext)mid;
		if (d < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return ISA_COUNT;
}

void isa_add_plain(struct isa_set *s)
{
	for (unsigned int e = 0; e < ISA_COUNT; e++) {
		if (isa_table[e].plain)
			isa_add(s, (enum isa_ext)e);
	}
}

/* Position in a `riscv,isa` string; name and len are the extension that isa_next() stopped at. */
struct isa_iter {
	const char *p;
	const char *end;
	const char *name;
	size_t len;
};

static bool isa_begin(struct isa_iter *it, const char *isa, size_t len)
{
	size_t n = strnlen(isa, len);

	*it = (struct isa_iter){ .p = isa + 4, .end = isa + n };
	return n > 4 && lower(isa[0]) == 'r' && lower(isa[1]) == 'v' && isa[2] == '6' &&
	       isa[3] == '4' && (lower(isa[4]) == 'i' || lower(isa[4]) == 'g');
}

/* "2", "2p0" behind a single letter. */
static void skip_version(struct isa_iter *it)
{
	if (it->p == it->end || !is_digit(*it->p))
		return;
	while (it->p < it->end && is_digit(*it->p))
		it->p++;
	if (it->end - it->p >= 2 && lower(it->p[0]) == 'p' && is_digit(it->p[1])) {
		it->p++;
		while (it->p < it->end && is_digit(*it->p))
			it->p++;
	}
}

/* Length of a name without the version at its end: "zicbom1p0" is 6, "zve32f" is 6. */
static size_t unversioned(const char *name, size_t len)
{
	size_t n = len;

	if (!n || !is_digit(name[n - 1]))
		return n;
	while (n && is_digit(name[n - 1]))
		n--;
	if (n >= 2 && lower(name[n - 1]) == 'p' && is_digit(name[n - 2])) {
		n--;
		while (n && is_digit(name[n - 1]))
			n--;
	}
	return n;
}

/* 1: it->name holds the next extension; 0: end; -1: the string is not an ISA string. */
static int isa_next(struct isa_iter *it)
{
	while (it->p < it->end && *it->p == '_')
		it->p++;
	if (it->p == it->end)
		return 0;
	if (!is_letter(*it->p))
		return -1;
	it->name = it->p++;
	it->len = 1;
	if (lower(*it->name) != 's' && lower(*it->name) != 'x' && lower(*it->name) != 'z') {
		skip_version(it);
		return 1;
	}
	for (; it->p < it->end && *it->p != '_'; it->p++) {
		if (!is_letter(*it->p) && !is_digit(*it->p))
			return -1;
	}
	it->len = unversioned(it->name, (size_t)(it->p - it->name));
	return 1;
}

/* "g" stands for these; the last two have to follow all single letters. */
static const enum isa_ext isa_general[] = {
	ISA_I, ISA_M, ISA_A, ISA_F, ISA_D, ISA_ZICSR, ISA_ZIFENCEI
};

static bool is_general(const struct isa_iter *it)
{
	return it->len == 1 && lower(*it->name) == 'g';
}

bool isa_parse_string(struct isa_set *s, const char *isa, size_t len)
{
	struct isa_iter it;
	int more;

	if (!isa_begin(&it, isa, len))
		return false;
	while ((more = isa_next(&it)) > 0) {
		enum isa_ext e = isa_find(it.name, it.len);

		if (e != ISA_COUNT)
			isa_add(s, e);
		for (size_t i = 0; is_general(&it) && i < ARRAY_SIZE(isa_general); i++)
			isa_add(s, isa_general[i]);
	}
	return more == 0;
}

bool isa_parse_list(struct isa_set *s, const char *list, size_t len)
{
	while (len) {
		size_t n = strnlen(list, len);
		enum isa_ext e;

		if (n == len)
			return false;
		e = isa_find(list, n);
		if (e != ISA_COUNT)
			isa_add(s, e);
		list += n + 1;
		len -= n + 1;
	}
	return true;
}

struct isa_out {
	char *p;
	size_t size;
	size_t len;
	bool full;
	bool multi;	/* the last name has several letters */
};

static void out_put(struct isa_out *o, const char *s, size_t n)
{
	if (n > o->size - o->len) {
		o->full = true;
		return;
	}
	memcpy(o->p + o->len, s, n);
	o->len += n;
}

static void out_name(struct isa_out *o, const struct isa_set *allowed, enum isa_ext e)
{
	const char *name;

	if (e == ISA_COUNT || !isa_has(allowed, e))
		return;
	name = isa_name(e);
	if (name[1] || o->multi)
		out_put(o, "_", 1);
	o->multi = name[1];
	out_put(o, name, strlen(name));
}

static size_t out_end(struct isa_out *o)
{
	out_put(o, "", 1);
	return o->full ? 0 : o->len;
}

size_t isa_filter_string(const struct isa_set *allowed, const char *isa, size_t len, char *out,
			 size_t size)
{
	struct isa_out o = { .p = out, .size = size };
	bool spell = false;	/* Zicsr and Zifencei of a "g" are due */
	struct isa_iter it;
	int more;

	if (!isa_begin(&it, isa, len))
		return 0;
	out_put(&o, "rv64", 4);
	do {
		more = isa_next(&it);
		if (more < 0)
			return 0;
		if (spell && (!more || it.len > 1)) {
			out_name(&o, allowed, ISA_ZICSR);
			out_name(&o, allowed, ISA_ZIFENCEI);
			spell = false;
		}
		if (!more)
			break;
		if (is_general(&it)) {
			for (size_t i = 0; i < 5; i++)
				out_name(&o, allowed, isa_general[i]);
			spell = true;
		} else {
			out_name(&o, allowed, isa_find(it.name, it.len));
		}
	} while (more);
	return out_end(&o);
}

size_t isa_filter_list(const struct isa_set *allowed, const char *list, size_t len, char *out,
		       size_t size)
{
	struct isa_out o = { .p = out, .size = size };

	while (len) {
		size_t n = strnlen(list, len);
		enum isa_ext e;

		if (n == len)
			return 0;
		e = isa_find(list, n);
		if (e != ISA_COUNT && isa_has(allowed, e))
			out_put(&o, isa_name(e), strlen(isa_name(e)) + 1);
		list += n + 1;
		len -= n + 1;
	}
	return o.full ? 0 : o.len;
}
