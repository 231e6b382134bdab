/* SPDX-License-Identifier: BSD-2-Clause */
/* PKCS #10 requests (RFC 2986) as guests of Salus write them: Ed25519 (RFC 8410), signed by the key that they name. */
#include "notary/notary.h"
#include "base/string.h"
#include "dice/der.h"
#include "notary/ed25519.h"

#include <mbedtls/asn1.h>

static const u8 spki_head[] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00 };
static const u8 signature_head[] = { 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x41, 0x00 };

/* What is still to be read. mbedTLS's functions keep their pointers between the two. */
struct span {
	u8 *at;
	const u8 *end;
};

static size_t left(const struct span *s)
{
	return (size_t)(s->end - s->at);
}

/* The content of the next item, which has that tag; *in goes behind it. */
static bool open_item(struct span *in, int tag, struct span *content)
{
	size_t n;

	if (mbedtls_asn1_get_tag(&in->at, in->end, &n, tag))
		return false;
	*content = (struct span){ in->at, in->at + n };
	in->at += n;
	return true;
}

/* These very bytes come next. */
static bool take(struct span *in, const u8 *bytes, size_t n)
{
	if (left(in) < n || memcmp(in->at, bytes, n))
		return false;
	in->at += n;
	return true;
}

/* Of one attribute: an object identifier, and a value that is not looked at. */
static bool is_attribute(struct span one)
{
	struct span content;

	return open_item(&one, DER_OID, &content) && left(&one) && open_item(&one, *one.at, &content) && !left(&one);
}

/* A Name: sequence of sets of attributes. It goes into a certificate as it is. */
static bool read_name(struct span *in, struct notary_applicant *a)
{
	const u8 *begin = in->at;
	struct span names, set, one;

	if (!open_item(in, DER_SEQUENCE, &names) || (size_t)(in->at - begin) > sizeof(a->name))
		return false;
	while (left(&names)) {
		if (!open_item(&names, DER_SET, &set) || !left(&set))
			return false;
		while (left(&set))
			if (!open_item(&set, DER_SEQUENCE, &one) || !is_attribute(one))
				return false;
	}
	a->name_size = (u32)(in->at - begin);
	memcpy(a->name, begin, a->name_size);
	return true;
}

static bool read_key(struct span *in, struct notary_applicant *a)
{
	if (!take(in, spki_head, sizeof(spki_head)) || left(in) < sizeof(a->key))
		return false;
	memcpy(a->key, in->at, sizeof(a->key));
	in->at += sizeof(a->key);
	return true;
}

/* Attributes are what the applicant would like; Salus takes none of them. */
static bool read_info(struct span in, struct notary_applicant *a)
{
	static const u8 version[] = { DER_INTEGER, 1, 0 };
	struct span attributes;

	return take(&in, version, sizeof(version)) && read_name(&in, a) && read_key(&in, a) &&
	       open_item(&in, DER_CONTEXT_0, &attributes) && !left(&in);
}

bool notary_parse_csr(const u8 *data, size_t size, struct notary_applicant *a)
{
	struct span whole = { (u8 *)data, data + size }, in, info;
	const u8 *signed_from;

	memset(a, 0, sizeof(*a));
	if (!open_item(&whole, DER_SEQUENCE, &in) || left(&whole))
		return false;
	signed_from = in.at;
	if (!open_item(&in, DER_SEQUENCE, &info) || !read_info(info, a) ||
	    !take(&in, signature_head, sizeof(signature_head)) || left(&in) != ED25519_SIGNATURE)
		return false;
	return ed25519_verify(a->key, signed_from, (size_t)(info.end - signed_from), in.at);
}
