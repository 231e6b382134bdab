/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The notary: everything that computes with keys, and every parser of what a TVM hands in. It is a
 * function from a request to a reply, in memory of a fixed size. On the target it runs in U mode in
 * an address space of its own (umode/, tsm/task/), where the mailbox, its work area and its text
 * are all there is; natively, tests call it.
 *
 * A request that carries a secret key carries nothing that the TVM chose but bytes of fixed size: a
 * parser that a TVM has broken has no key to give away. (A payload has fixed fields.)
 */
#ifndef NOTARY_NOTARY_H
#define NOTARY_NOTARY_H

#include "cove/attest_handoff.h"
#include "cove/payload.h"
#include "dice/layer.h"
#include "dice/token.h"

enum notary_op {
	NOTARY_NONE,
	NOTARY_PARSE_KEY,	/* a COSE_Key; reply: struct dice_public */
	NOTARY_HANDOFF,		/* a machine without measured boot; reply: struct cove_handoff */
	NOTARY_EVIDENCE,	/* reply: bytes */
	NOTARY_UNSEAL,		/* reply: the secret */
	NOTARY_PARSE_CSR,	/* a PKCS #10 request; reply: struct notary_applicant */
	NOTARY_SALUS,		/* Salus's certificate; reply: bytes */
};

enum {
	NOTARY_KEY_MAX		= 512,	/* bytes of a COSE_Key */
	NOTARY_KEY_ENTRIES	= 16,
	NOTARY_INPUT_MAX	= 4096,
	NOTARY_NAME_MAX		= 512,	/* bytes of a request's subject */
	NOTARY_OUTPUT_MAX	= 6136,
};

struct notary_input {
	u32 size;
	u8 data[NOTARY_INPUT_MAX];
};

struct notary_evidence {
	u32 format;			/* COVE_CERT_CBOR or COVE_CERT_X509 */
	u32 devices;			/* enum tsm_io_protection */
	struct dice_public subject;
	u8 challenge[COVE_CHALLENGE_SIZE];
	u8 identity[64];		/* zeros: none */
	u8 mr[COVE_MR_COUNT][COVE_MR_SIZE];
	struct cove_handoff handoff;	/* without CDIs */
};

struct notary_unseal {
	u8 sealing_cdi[COVE_CDI_SIZE];
	u8 mr[COVE_PAYLOAD_MRS][COVE_MR_SIZE];	/* the TVM's */
	struct cove_payload payload;
};

/* Who asks by a PKCS #10 request: its subject as it was, and the Ed25519 key that has signed it. */
struct notary_applicant {
	u32 name_size;			/* of the DER, its head included */
	u8 name[NOTARY_NAME_MAX];
	u8 key[32];
};

enum { NOTARY_FWIDS = 8 };

struct notary_salus {
	u8 cdi[COVE_CDI_SIZE];
	struct notary_applicant applicant;
	u8 fwid[NOTARY_FWIDS][COVE_MR_SIZE];
};

struct notary_request {
	u32 op;				/* enum notary_op */
	u32 svn;			/* NOTARY_HANDOFF: the TSM's */
	union {
		struct notary_input input;
		struct notary_evidence evidence;
		struct notary_unseal unseal;
		struct notary_salus salus;
	};
};

enum notary_status {
	NOTARY_PENDING,
	NOTARY_OK,
	NOTARY_REFUSED,			/* the input is not as it has to be */
	NOTARY_FAILED,			/* memory did not suffice */
};

struct notary_reply {
	u32 status;			/* enum notary_status */
	u32 size;
	union {
		struct dice_public key;
		struct cove_handoff handoff;
		struct notary_applicant applicant;
		u8 data[NOTARY_OUTPUT_MAX];
	};
};

struct notary_mailbox {
	struct notary_request request;
	struct notary_reply reply;
};

struct notary_work {
	u8 heap[DICE_HEAP_SIZE];
	u8 token[2048];
	u8 evidence[4096];
	u8 cert[5120];
};

/* Answers the request; wipes the work area and the request. */
void notary_run(struct notary_mailbox *m, struct notary_work *w);

/* parse.c. False: refused; *key is undefined then. */
bool notary_parse_key(const u8 *data, size_t size, struct dice_public *key);

/* evidence.c. False: it does not fit. */
bool notary_make_evidence(const struct notary_evidence *e, struct notary_work *w,
			  struct cbor_out *o);

/* csr.c. As notary_parse_key(). */
bool notary_parse_csr(const u8 *data, size_t size, struct notary_applicant *a);
/* salus.c. As notary_make_evidence(). */
bool notary_make_salus(const struct notary_salus *s, struct notary_work *w, struct cbor_out *o);

/* secret.c. @secret: COVE_PAYLOAD_SECRET_MAX bytes. False: not for this TVM, or not genuine. */
bool notary_unseal(const struct notary_unseal *u, u8 *secret);

#endif
