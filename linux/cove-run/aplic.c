// SPDX-License-Identifier: GPL-2.0-only
#include "aplic.h"

#define DOMAINCFG	0x0000
#define SOURCECFG	0x0000	/* + 4 * source */
#define SETIP		0x1c00
#define SETIPNUM	0x1cdc
#define CLRIP		0x1d00
#define CLRIPNUM	0x1ddc
#define SETIE		0x1e00
#define SETIENUM	0x1edc
#define CLRIE		0x1f00
#define CLRIENUM	0x1fdc
#define SETIPNUM_LE	0x2000
#define GENMSI		0x3000
#define TARGET		0x3000	/* + 4 * source */

#define DOMAINCFG_FIXED	0x80000004u	/* reads so; MSI delivery only */
#define DOMAINCFG_IE	0x100u
#define SM_DETACHED	1
#define SM_RISING	4
#define SM_FALLING	5
#define SM_HIGH		6
#define SM_LOW		7
#define TARGET_HART	18
#define TARGET_ID	0x7ffu

#define ALL		((1u << (APLIC_SOURCES + 1)) - 2)

static bool is_level(uint32_t mode)
{
	return mode == SM_HIGH || mode == SM_LOW;
}

static bool is_inverted(uint32_t mode)
{
	return mode == SM_FALLING || mode == SM_LOW;
}

/* The input as its mode sees it: high when it asks for an interrupt. */
static bool rectified(const struct aplic *a, unsigned int source)
{
	uint32_t mode = a->sourcecfg[source];

	if (mode < SM_RISING)
		return false;
	return (a->input >> source & 1) != is_inverted(mode);
}

static void forward(struct aplic *a)
{
	unsigned int i;

	for (i = 1; i <= APLIC_SOURCES; i++) {
		if (!a->enabled || !(a->pending & a->allowed & 1u << i))
			continue;
		a->pending &= ~(1u << i);
		a->send(a->context, a->target[i] >> TARGET_HART, a->target[i] & TARGET_ID);
	}
}

/* What a level does not ask for any more is not pending. */
static void settle(struct aplic *a)
{
	unsigned int i;

	for (i = 1; i <= APLIC_SOURCES; i++)
		if (!a->sourcecfg[i] || (is_level(a->sourcecfg[i]) && !rectified(a, i)))
			a->pending &= ~(1u << i);
	forward(a);
}

void aplic_line(struct aplic *a, unsigned int source, bool high)
{
	bool before = rectified(a, source);

	a->input = (a->input & ~(1u << source)) | (uint32_t)high << source;
	if (!before && rectified(a, source))
		a->pending |= 1u << source;
	settle(a);
}

/* Software makes sources pending; a level only if it is asked for. */
static void set_pending(struct aplic *a, uint32_t sources)
{
	a->pending |= sources & ALL;
	settle(a);
}

static uint32_t bit_of(uint32_t number)
{
	return number && number <= APLIC_SOURCES ? 1u << number : 0;
}

static void set_mode(struct aplic *a, unsigned int source, uint32_t value)
{
	uint32_t mode = value & 7;

	/* No domain is below this one, and 2 and 3 are reserved. */
	if (value & 0x400 || mode == 2 || mode == 3)
		mode = 0;
	a->sourcecfg[source] = mode;
	if (!mode)
		a->allowed &= ~(1u << source);
	if (is_level(mode) && rectified(a, source))
		a->pending |= 1u << source;
	settle(a);
}

uint32_t aplic_load(struct aplic *a, uint64_t offset)
{
	uint32_t sources = 0;
	unsigned int i;

	if (offset == DOMAINCFG)
		return DOMAINCFG_FIXED | (a->enabled ? DOMAINCFG_IE : 0);
	if (offset <= SOURCECFG + 4 * APLIC_SOURCES)
		return a->sourcecfg[offset / 4];
	if (offset > TARGET && offset <= TARGET + 4 * APLIC_SOURCES)
		return a->target[(offset - TARGET) / 4];
	switch (offset) {
	case SETIP:
		return a->pending;
	case CLRIP:
		for (i = 1; i <= APLIC_SOURCES; i++)
			sources |= (uint32_t)rectified(a, i) << i;
		return sources;
	case SETIE:
		return a->allowed;
	}
	return 0;
}

static void store_special(struct aplic *a, uint64_t offset, uint32_t value)
{
	switch (offset) {
	case SETIP:
		set_pending(a, value);
		break;
	case SETIPNUM:
	case SETIPNUM_LE:
		set_pending(a, bit_of(value));
		break;
	case CLRIP:
		a->pending &= ~value;
		break;
	case CLRIPNUM:
		a->pending &= ~bit_of(value);
		break;
	case SETIE:
		a->allowed |= value & ALL;
		break;
	case SETIENUM:
		a->allowed |= bit_of(value);
		break;
	case CLRIE:
		a->allowed &= ~value;
		break;
	case CLRIENUM:
		a->allowed &= ~bit_of(value);
		break;
	case GENMSI:
		a->send(a->context, value >> TARGET_HART, value & TARGET_ID);
		break;
	}
	forward(a);
}

void aplic_store(struct aplic *a, uint64_t offset, uint32_t value)
{
	if (offset == DOMAINCFG) {
		a->enabled = value & DOMAINCFG_IE;
		forward(a);
	} else if (offset <= SOURCECFG + 4 * APLIC_SOURCES) {
		set_mode(a, (unsigned int)offset / 4, value);
	} else if (offset > TARGET && offset <= TARGET + 4 * APLIC_SOURCES) {
		a->target[(offset - TARGET) / 4] = value;
		forward(a);
	} else {
		store_special(a, offset, value);
	}
}
