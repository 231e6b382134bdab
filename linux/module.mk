# SPDX-License-Identifier: GPL-2.0-only
#
# Builds the module of the folder HERE, which includes this, for a kernel that scripts/deps brought: KERNEL, below O.

KERNEL ?= stable
LINUX := $(abspath $(dir $(lastword $(MAKEFILE_LIST))))
TREE := $(abspath $(LINUX)/..)
O ?= $(TREE)/build/linux/$(patsubst $(LINUX)/%,%,$(HERE))/$(KERNEL)
OUT := $(abspath $(O))

SOURCES := $(notdir $(wildcard $(HERE)/*.c $(HERE)/*.h)) Kbuild

.PHONY: all clean
all:
	@mkdir -p $(OUT)
	@for f in $(SOURCES); do ln -sfn $(HERE)/$$f $(OUT)/$$f || exit 1; done
	+@$(TREE)/scripts/kbuild $(KERNEL) --no-print-directory M=$(OUT) COVE_INCLUDE=$(TREE)/include \
		CONFIG_DEBUG_INFO= CONFIG_DEBUG_INFO_BTF_MODULES= modules

clean:
	rm -rf $(OUT)
