/* SPDX-License-Identifier: BSD-2-Clause */
#include "notary/layout.h"
#include "notary/notary.h"

void umode_main(void);

static_assert(sizeof(struct notary_mailbox) <= NOTARY_MAILBOX_PAGES * PAGE_SIZE, "layout.h");

void umode_main(void)
{
	static struct notary_work work;

	notary_run((struct notary_mailbox *)NOTARY_MAILBOX, &work);
}
