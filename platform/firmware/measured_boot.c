/* SPDX-License-Identifier: BSD-2-Clause */
#include "firmware/measured_boot.h"
#include "base/string.h"
#include "dice/layer.h"
#include "firmware/fdt_canon.h"

#define FIRMWARE_SVN	1		/* grows when a defect of the firmware is repaired */
#define FW_TSM_MAX	0x200000UL	/* the TSM's image lies in one block of 2 MiB */

extern char _fw_start[], fw_file_end[], fw_stack[], fw_stack_top[];

void self_measure(void);
void stack_call(void (*fn)(void *), void *arg);

/* In .data: it is filled before OpenSBI clears .bss. */
static u8 self_digest[SHA384_SIZE] __attribute__((section(".data")));

static u8 heap[DICE_HEAP_SIZE] __aligned(16);

struct boot {
	const void *fdt;
	const u8 *next;
	struct rot_page *rot;
	struct cove_handoff *out;
	enum measured_boot result;
};

/* Called by start.S before anything of the image has changed. */
void self_measure(void)
{
	sha384(_fw_start, (size_t)(fw_file_end - _fw_start), self_digest);
}

/* A register after its only extend. */
static void extend(u8 mr[COVE_MR_SIZE], const u8 digest[SHA384_SIZE])
{
	struct sha384_ctx ctx;

	sha384_init(&ctx);
	sha384_update(&ctx, mr, COVE_MR_SIZE);
	sha384_update(&ctx, digest, SHA384_SIZE);
	sha384_finish(&ctx, mr);
}

static void extend_by(u8 mr[COVE_MR_SIZE], const void *data, size_t size)
{
	u8 digest[SHA384_SIZE];

	sha384(data, size, digest);
	extend(mr, digest);
}

/* The number in the manifest's line "svn="; 0 when there is none. */
static u32 manifest_svn(const char *text, size_t size)
{
	static const char key[] = "svn=";
	const char *end = text + size;
	u32 svn = 0;

	for (; end - text >= 4; text++)
		if (!memcmp(text, key, 4) && (text + size == end || text[-1] == '\n'))
			for (text += 4; text < end && *text >= '0' && *text <= '9'; text++)
				svn = svn * 10 + (u32)(*text - '0');
	return svn;
}

/* Where the header says that the TSM's file and its manifest are. */
static bool tsm_header(const u8 *image, struct cove_image_header *h)
{
	memcpy(h, image, sizeof(*h));
	return h->magic == COVE_IMAGE_MAGIC && h->size >= sizeof(*h) && h->size <= FW_TSM_MAX &&
	       h->manifest <= h->size && h->manifest_size <= h->size - h->manifest;
}

static enum measured_boot measure(const struct boot *b, struct dice_platform *p)
{
	struct cove_image_header h;
	u8 config[SHA384_SIZE];

	if (!fdt_canon_digest(b->fdt, config))
		return BOOT_FAILED;
	if (!tsm_header(b->next, &h))
		return BOOT_NO_TSM;
	extend(p->mr[COVE_MR_PLATFORM_FW], self_digest);
	extend(p->mr[COVE_MR_PLATFORM_CONFIG], config);
	extend_by(p->mr[COVE_MR_TSM], b->next, h.size);
	extend_by(p->mr[COVE_MR_TSM_MANIFEST], b->next + h.manifest, h.manifest_size);
	p->firmware_svn = FIRMWARE_SVN;
	p->tsm_svn = manifest_svn((const char *)b->next + h.manifest, h.manifest_size);
	return BOOT_ATTESTED;
}

static bool fused(const struct rot_page *rot)
{
	return rot->magic == FW_ROT_MAGIC && !rot->reserved && rot->state > COVE_STATE_NOT_CONFIGURED &&
	       rot->state <= COVE_STATE_RECOVERY;
}

static void derive(void *arg)
{
	struct dice_platform p = { 0 };
	struct boot *b = arg;

	if (!fused(b->rot)) {
		b->result = BOOT_NO_ROT;
		return;
	}
	p.state = b->rot->state;
	memcpy(p.manufacturer, b->rot->manufacturer, sizeof(p.manufacturer));
	memcpy(p.uds, b->rot->uds, sizeof(p.uds));
	dice_wipe(b->rot, sizeof(*b->rot));
	b->result = measure(b, &p);
	dice_heap(heap, sizeof(heap));
	if (b->result == BOOT_ATTESTED && !dice_handoff(&p, b->out))
		b->result = BOOT_FAILED;
	dice_wipe(&p, sizeof(p));
}

/*
 * Everything secret is on the stack, in the heap or in the two pages. A handoff is left only where
 * it is complete.
 */
enum measured_boot measured_boot(const void *fdt, uint64_t next, struct rot_page *rot,
				 struct cove_handoff *out)
{
	struct boot b = { .fdt = fdt, .next = (const u8 *)next, .rot = rot, .out = out };

	dice_wipe(out, sizeof(*out));
	stack_call(derive, &b);
	dice_wipe(fw_stack, (size_t)(fw_stack_top - fw_stack));
	dice_wipe(heap, sizeof(heap));
	dice_wipe(rot, FW_PAGE_SIZE);
	if (b.result != BOOT_ATTESTED)
		dice_wipe(out, sizeof(*out));
	return b.result;
}
