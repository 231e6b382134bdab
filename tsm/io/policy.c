/* SPDX-License-Identifier: BSD-2-Clause */
#include "io/policy.h"
#include "base/string.h"
#include "generated/config.h"
#include "io/iommu.h"

static bool trusts = CONFIG_TRUSTED_DEVICES;

/* The value of the last "tsm.devices=" in a command line, or NULL. */
static const char *argument(const char *args)
{
	static const char name[] = "tsm.devices=";
	const char *found = NULL;

	for (const char *p = args; (p = strstr(p, name)); p += sizeof(name) - 1)
		if (p == args || p[-1] == ' ')
			found = p + sizeof(name) - 1;
	return found;
}

static bool is_word(const char *text, const char *word)
{
	size_t n = strlen(word);

	return !strncmp(text, word, n) && (!text[n] || text[n] == ' ');
}

bool policy_init(const char *bootargs)
{
	const char *value = argument(bootargs);

	if (!value)
		return true;
	trusts = is_word(value, "trusted-devices");
	return trusts || is_word(value, "strict");
}

bool policy_trusts_devices(void)
{
	return trusts;
}

enum tsm_io_protection policy_protection(void)
{
	if (trusts)
		return TSM_IO_TRUSTED_DEVICES;
	return iommu_count() ? TSM_IO_IOMMU : TSM_IO_NO_DMA;
}
