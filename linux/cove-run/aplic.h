/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An APLIC that delivers by MSI: what turns the lines of devices into messages to the interrupt
 * files of a TVM's vCPUs. The caller holds its machine's lock.
 */
#ifndef APLIC_H
#define APLIC_H

#include <stdbool.h>
#include <stdint.h>

#define APLIC_SOURCES	7	/* 1 up: the UART's, then those of virtio devices */

struct aplic {
	bool enabled;				/* domaincfg.IE */
	uint32_t sourcecfg[APLIC_SOURCES + 1];
	uint32_t target[APLIC_SOURCES + 1];
	uint32_t input;				/* a bit per source, here and below */
	uint32_t pending;
	uint32_t allowed;
	void (*send)(void *context, uint32_t hart, uint32_t id);
	void *context;
};

uint32_t aplic_load(struct aplic *a, uint64_t offset);
void aplic_store(struct aplic *a, uint64_t offset, uint32_t value);
/* The line of a source. */
void aplic_line(struct aplic *a, unsigned int source, bool high);

#endif
