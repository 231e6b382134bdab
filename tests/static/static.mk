# SPDX-License-Identifier: BSD-2-Clause
#
# What scripts/static asks of the build: which files the monitor is made of, and how they are compiled.

.PHONY: static-files static-flags
static-files:
	@printf '%s\n' $(SRC)

static-flags: $(GEN)/config.h $(GEN)/offsets.h
	@printf '%s\n' $(filter-out -isystem -nostdinc $(CC_INCLUDE) lib/base/shim,$(CFLAGS))
