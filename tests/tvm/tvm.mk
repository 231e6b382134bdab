# SPDX-License-Identifier: BSD-2-Clause
#
# The TVM images of this folder. Included by the top Makefile, or on its own:
#	make -f tests/tvm/tvm.mk BUILD=build tvm
# Target: tvm, which makes $(BUILD)/tvm/NAME.bin (and NAME.elf, for gdb) of each name in TVM_IMAGES.
# For an image elsewhere: $(TVM_RUNTIME) are the runtime's objects, compiled with $(TVM_CFLAGS), linked
# by $(TVM_LD). TVM_CROSS is the prefix of any riscv64 gcc: an image needs neither a C library nor
# libgcc. Q=@ makes it silent.

BUILD ?= build
TVM_CROSS ?= riscv64-unknown-elf-
TVM_DIR := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
TVM_OUT := $(BUILD)/tvm
TVM_LD := $(TVM_DIR)/tvm.ld
TVM_IMAGES := hello exits attest

TVM_CFLAGS := -std=gnu11 -march=rv64imac_zicsr -mabi=lp64 -mcmodel=medany -mno-relax \
	      -msmall-data-limit=0 -O2 -g -ffreestanding -fno-builtin -fno-pic -fno-stack-protector \
	      -fno-asynchronous-unwind-tables -Wall -Wextra -Wconversion -Wshadow -Werror \
	      -I$(TVM_DIR) -I$(TVM_DIR)/../../include
TVM_LDFLAGS := -nostdlib -static -no-pie -Wl,--build-id=none,--no-warn-rwx-segments -Wl,-T,$(TVM_LD)
TVM_RUNTIME := $(addprefix $(TVM_OUT)/,start.o console.o vcpu.o)

.PHONY: tvm
tvm: $(TVM_IMAGES:%=$(TVM_OUT)/%.bin)

$(TVM_OUT)/%.o: $(TVM_DIR)/%.c
	@mkdir -p $(@D)
	$(Q)$(TVM_CROSS)gcc $(TVM_CFLAGS) -MMD -MP -c -o $@ $<

$(TVM_OUT)/%.o: $(TVM_DIR)/%.S
	@mkdir -p $(@D)
	$(Q)$(TVM_CROSS)gcc $(TVM_CFLAGS) -MMD -MP -c -o $@ $<

$(TVM_OUT)/%.elf: $(TVM_OUT)/%.o $(TVM_RUNTIME) $(TVM_LD)
	$(Q)$(TVM_CROSS)gcc $(TVM_CFLAGS) $(TVM_LDFLAGS) -o $@ $(TVM_RUNTIME) $<

$(TVM_OUT)/%.bin: $(TVM_OUT)/%.elf
	$(Q)$(TVM_CROSS)objcopy -O binary $< $@

.PRECIOUS: $(TVM_OUT)/%.o $(TVM_OUT)/%.elf
-include $(wildcard $(TVM_OUT)/*.d)
